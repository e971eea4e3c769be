"""What a benchmark claims: our figure, a peer's measured in the same run, and what we aim at."""

import json
import operator
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

_COMPARISONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


@dataclass(frozen=True)
class Claim:
    """One figure. `ratio` is ours to the peer's, null without a peer; `aim` is what to reach, such as `< 60 s`."""

    name: str
    ours: float
    peer: float | None
    ratio: float | None
    aim: str
    met: bool

    @classmethod
    def of(cls, name: str, ours: float, aim: str) -> "Claim":
        """A claim about our figure alone; `aim` reads `<comparison> <number> <unit>`."""
        comparison, bound = aim.split()[:2]
        return cls(name, round(ours, 3), None, None, aim, _COMPARISONS[comparison](ours, float(bound)))


def print_claims(claims: Sequence[Claim]) -> None:
    """One line a claim; a missed aim is said."""
    for claim in claims:
        print(f"{'met   ' if claim.met else 'MISSED'}  {claim.name}: {claim.ours:g}, aim {claim.aim}")


def write_claims(path: Path, claims: Sequence[Claim]) -> None:
    """The claims as a JSON list."""
    path.write_text(json.dumps([asdict(claim) for claim in claims], indent=2) + "\n", encoding="utf-8")
