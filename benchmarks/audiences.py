"""What audiences cost: a preview of each kind of condition, and a hundred audiences together beside one by one.

On generated customers with five transactions and ten events each, in DuckDB; a tenth of them shows how cost grows.

    python benchmarks/audiences.py --customers 1000000 --json claims.json
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from os import environ
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # so that it runs as a script as well as with -m

from benchmarks.claims import Claim, print_claims, write_claims  # noqa: E402
from benchmarks.machine import describe_machine  # noqa: E402
from benchmarks.processes import measure  # noqa: E402


def main() -> None:
    options = _parser().parse_args()
    print(", ".join(describe_machine()))
    claims = [*previews(options.customers), *refreshes(options.customers)]
    print_claims(claims)
    if options.json:
        write_claims(options.json, claims)


def previews(customers: int) -> Iterator[Claim]:
    """Seconds of a preview: the median, and that 19 of 20 stay below; and of each kind, beside a tenth's."""
    small, _ = _run(customers // 10, "previews")
    large, _ = _run(customers, "previews")
    every = sorted(seconds for taken in large.values() for seconds in taken)
    what = f"preview on {customers:,} customers"
    yield Claim.of(f"{what}, median seconds", median(every), "<= 0.2 s")
    yield Claim.of(f"{what}, 95th percentile, seconds", every[int(len(every) * 0.95)], "<= 0.5 s")
    for name, taken in large.items():
        print(f"preview of {name}: {median(taken):.3f} s; {median(small[name]):.3f} s on a tenth")


def refreshes(customers: int) -> Iterator[Claim]:
    """Seconds of a hundred audiences together beside one by one, their memory, and how both grow from a tenth."""
    for count in (customers // 10, customers):
        together, peak = _run(count, "together")
        apart, _ = _run(count, "apart")
        print(f"100 audiences of {count:,} customers: {together:.1f} s together, {peak:,.0f} MiB; {apart:.1f} s apart")
    yield Claim.of("seconds of 100 audiences together, beside one by one", together, "<= 0.5 of one by one", apart)


def _run(customers: int, what: str) -> tuple[Any, float]:
    """What a process found, and its highest memory, in MiB, once the population was there."""
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(
            [sys.executable, "-m", "benchmarks._audiences.run", folder, str(customers), what], environ, ROOT
        )
    found = json.loads(measured.output.splitlines()[-1])
    return found["seconds"], measured.peak_mib(found["began"])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--json", type=Path, help="write the claims here")
    return parser


if __name__ == "__main__":
    main()
