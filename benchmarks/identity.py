"""Who is who: our identity resolution beside plain Splink, recordlinkage and goldenmatch, on the same records.

Quality on published sets and on households of any size, each contestant in a process of its own and with thresholds of
its own; then what a full run, a saved model and a change cost.

    python benchmarks/identity.py --records 1000000 --seeds 3 4 --json claims.json
    python benchmarks/identity.py --sets febrl3 historical --records --peers Splink
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # so that it runs as a script as well as with -m

from benchmarks._identity.contestants import (  # noqa: E402
    GOLDEN,
    OURS,
    PEERS,
    SPLINK,
    Limits,
    Outcome,
    compete,
    golden_python,
    run,
)
from benchmarks._identity.datasets import PUBLISHED, Dataset, household_set, published  # noqa: E402
from benchmarks._identity.speed import speed_claims  # noqa: E402
from benchmarks.claims import Claim, print_claims, write_claims  # noqa: E402
from benchmarks.machine import describe_machine  # noqa: E402

AIMS = {
    "febrl3": {"F1": ">= 0.999"},
    "febrl4": {"F1": ">= 0.999"},
    "historical": {"F1": ">= 0.88", "B-cubed F1": ">= 0.90"},
    "contacts": {"F1": ">= 0.94", "B-cubed F1": ">= 0.96", "precision": ">= 0.97"},
}
LARGEST_AIM = "<= 1.5 of the largest true cluster"


def quality_claims(ours: Outcome, splink: Outcome | None, model: str) -> Iterator[Claim]:
    """What we claim of one set; a run that came to no result misses every aim of quality."""
    figures, peers = _figures(ours), _figures(splink) if splink else {}
    for figure, aim in AIMS[model].items():
        yield Claim.of(f"{ours.dataset}: {figure}", figures.get(figure, 0.0), aim, peers.get(figure))
    if ours.largest is not None:
        yield Claim.of(f"{ours.dataset}: largest cluster", ours.largest, LARGEST_AIM)


def print_table(outcomes: Sequence[Outcome]) -> None:
    """One row a set and contestant; what has no result says why."""
    width = max(len(outcome.dataset) for outcome in outcomes) + 2
    print(f"\n{'set':<{width}}{'':<20}{'P':>7}{'R':>7}{'F1':>7}{'B3':>7}{'largest':>9}{'seconds':>9}{'MiB':>7}")
    for outcome in outcomes:
        who = f"{outcome.dataset:<{width}}{outcome.contestant:<20}"
        quality = outcome.quality
        if quality is None:
            print(f"{who}  {outcome.note}")
            continue
        figures = (quality.precision, quality.recall, quality.f1, quality.b3_f1)
        shown = "".join(f"{figure:>7.4f}" for figure in figures)
        print(f"{who}{shown}{outcome.largest:>9.2f}{outcome.seconds:>9.1f}{outcome.peak_mib:>7,.0f}")


def main() -> None:
    """Measure, print, and write the claims."""
    options = _options()
    print("\n".join(describe_machine()))
    contestants = [OURS, *options.peers]
    if GOLDEN in options.peers:
        with tempfile.TemporaryDirectory() as folder:
            run(
                [*golden_python(), "-c", "import goldenmatch"], Path(folder)
            )  # its environment is made before the clock
    outcomes: list[Outcome] = []
    claims: list[Claim] = []
    for dataset in _datasets(options):
        found = {name: _measured(name, dataset, Limits(options.seconds, options.gib)) for name in contestants}
        outcomes += found.values()
        claims += quality_claims(found[OURS], found.get(SPLINK), dataset.model)
    if options.speed:
        dataset = household_set(options.speed, options.seeds[0])
        _say(f"speed, {dataset.name}")
        with tempfile.TemporaryDirectory(prefix="cdp_benchmark_") as folder:
            claims += speed_claims(dataset, Path(folder), options.seeds[0])
    if outcomes:
        print_table(outcomes)
        print("largest: the largest cluster over the largest true one; seconds: a process from its start to its end")
    print()
    print_claims(claims)
    if options.json:
        write_claims(options.json, claims)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="*", choices=PUBLISHED, default=PUBLISHED, help="published sets")
    parser.add_argument("--records", type=int, nargs="*", default=[1_000_000], help="sizes of household sets")
    parser.add_argument("--seeds", type=int, nargs="+", default=[3, 4], help="seeds of household sets")
    parser.add_argument("--speed", type=int, default=1_000_000, help="records to measure times on; 0 for none")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=PEERS, help="whom to compare with")
    parser.add_argument("--seconds", type=float, default=900, help="what a contestant may take for a set")
    parser.add_argument("--gib", type=float, default=12, help="memory that a contestant may take")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the claims here")
    return parser.parse_args()


def _datasets(options: argparse.Namespace) -> Iterator[Dataset]:
    yield from (published(name) for name in options.sets)
    yield from (household_set(size, seed) for size in options.records for seed in options.seeds)


def _measured(contestant: str, dataset: Dataset, limits: Limits) -> Outcome:
    _say(f"{dataset.name}: {contestant}")
    with tempfile.TemporaryDirectory(prefix="cdp_benchmark_") as folder:
        return compete(contestant, dataset, Path(folder), limits)


def _figures(outcome: Outcome) -> dict[str, float]:
    quality = outcome.quality
    return {"F1": quality.f1, "B-cubed F1": quality.b3_f1, "precision": quality.precision} if quality else {}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
