"""What a sync costs: the diff of an audience, its delivery beside a bare loop and drt, and a run with nothing new.

Deliveries go to stand-ins of the webhook, a process each, which answer at once or after `--latency`. drt is
measured where `--drt` names the Python of an environment with `drt-core[duckdb]==1.2.1`; it posts a batch at a time.

    python benchmarks/activation.py --members 1000000 --rows 100000 --drt DRT/bin/python --json claims.json
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from os import environ
from pathlib import Path
from statistics import median

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # so that it runs as a script as well as with -m

from benchmarks._activation.delivery import bare, drt, ours, webhook  # noqa: E402
from benchmarks._activation.members import make_members  # noqa: E402
from benchmarks.claims import Claim, print_claims, write_claims  # noqa: E402
from benchmarks.machine import describe_machine  # noqa: E402
from benchmarks.processes import measure  # noqa: E402
from cdp_assets.sample.standins._launch import standing_in  # noqa: E402

ROUNDS = 3


def main() -> None:
    options = _parser().parse_args()
    print(", ".join(describe_machine()))
    claims = [*diffs(options.members), *deliveries(options.rows, options.concurrency, options.latency, options.drt)]
    print_claims(claims)
    if options.json:
        write_claims(options.json, claims)


def diffs(members: int) -> Iterator[Claim]:
    """Seconds of the diff, and how its memory grows from a tenth of the members to all of them."""
    peaks = {}
    for count in (members // 10, members):
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "benchmarks._activation.diff", folder, str(count)]
            measured = measure(command, environ, ROOT)
            found = json.loads(measured.output.splitlines()[-1])
            peaks[count] = measured.peak_mib(found["began"])
            if count == members:
                yield Claim.of(
                    f"diff of {count:,} members, one in a hundred changed, seconds", found["seconds"], "<= 1 s"
                )
    small, large = peaks.values()
    yield Claim.of(f"peak memory of the diff, MiB, at {members:,} and a tenth", large, "<= 1.2 of a tenth's", small)


def deliveries(rows: int, concurrency: int, latency: float, drt_python: Path | None) -> Iterator[Claim]:
    """Rows a second beside a bare loop's and drt's, in rounds that take turns; then a run with nothing new."""
    taken: dict[str, list[float]] = {"bare": [], "ours": [], "again": [], "drt": []}
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            for name, seconds in _round(Path(folder), rows, concurrency, latency, drt_python).items():
                taken[name].append(seconds)
    rate = {name: rows / median(seconds) for name, seconds in taken.items() if seconds}
    what = f"rows a second to a webhook, {rows:,} in batches of 1,000, {concurrency} at once, {latency:g} s a reply"
    yield Claim.of(f"{what}, beside a bare loop", rate["ours"], ">= 0.8 of the loop's", rate["bare"])
    if "drt" in rate:
        yield Claim.of(f"{what}, beside drt", rate["ours"], ">= 3 of drt's", rate["drt"])
    first, again = median(taken["ours"]), median(taken["again"])
    yield Claim.of("seconds of a second sync with nothing new", again, "<= 0.02 of the first's", first)


def _round(folder: Path, rows: int, concurrency: int, latency: float, drt_python: Path | None) -> dict[str, float]:
    warehouse, taken = make_members(folder, rows), {}
    with _stand_in(folder / "bare", latency) as variables:
        taken["bare"] = bare(warehouse, variables["CDP_WEBHOOK_BASE_URL"], concurrency)
    with _stand_in(folder / "ours", latency) as variables, closing(webhook(variables, concurrency)) as destination:
        taken["ours"] = ours(warehouse, destination, "first")
        taken["again"] = ours(warehouse, destination, "again")
    if drt_python:
        with _stand_in(folder / "drt's", latency) as variables:
            taken["drt"] = drt(drt_python, folder, warehouse, variables["CDP_WEBHOOK_BASE_URL"])
    return taken


@contextmanager
def _stand_in(folder: Path, latency: float) -> Iterator[Mapping[str, str]]:
    with standing_in("webhook", folder) as variables:
        if latency:
            slow = {"kind": "slow", "seconds": latency, "times": 100_000}
            httpx.post(f"{variables['CDP_WEBHOOK_BASE_URL']}/_standin/faults", json=slow).raise_for_status()
        yield variables


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--members", type=int, default=1_000_000, help="of the audience that is compared")
    parser.add_argument("--rows", type=int, default=100_000, help="that are delivered")
    parser.add_argument("--concurrency", type=int, default=4, help="requests on their way at once")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that each reply takes")
    parser.add_argument("--drt", type=Path, help="Python of an environment with drt-core[duckdb]==1.2.1")
    parser.add_argument("--json", type=Path, help="write the claims here")
    return parser


if __name__ == "__main__":
    main()
