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
    def of(cls, name: str, ours: float, aim: str, peer: float | None = None) -> "Claim":
        """A claim about our figure, or about its ratio to a peer's.

        `aim` reads `<comparison> <number> <unit>`; with a peer and a unit that begins with `of`, as in `<= 0.4 of
        Splink's`, it bounds the ratio.
        """
        ratio = ours / peer if peer else None
        comparison, bound = aim.split()[:2]
        met = _COMPARISONS[comparison](_judged(ours, ratio, aim), float(bound))
        return cls(name, round(ours, 4), _rounded(peer), _rounded(ratio), aim, met)

    @property
    def missed_by(self) -> float:
        """How far the figure is from its bound, in the aim's unit; 0 when it is met."""
        return 0.0 if self.met else abs(_judged(self.ours, self.ratio, self.aim) - float(self.aim.split()[1]))


def print_claims(claims: Sequence[Claim]) -> None:
    """One line a claim; a missed aim is said, and by how much."""
    for claim in claims:
        against = "" if claim.ratio is None else f" (peer {claim.peer:g}, ratio {claim.ratio:g})"
        missed = "" if claim.met else f", missed by {claim.missed_by:.3g}"
        print(f"{'met   ' if claim.met else 'MISSED'}  {claim.name}: {claim.ours:g}{against}, aim {claim.aim}{missed}")


def write_claims(path: Path, claims: Sequence[Claim]) -> None:
    """The claims as a JSON list."""
    path.write_text(json.dumps([asdict(claim) for claim in claims], indent=2) + "\n", encoding="utf-8")


def _judged(ours: float, ratio: float | None, aim: str) -> float:
    return ours if ratio is None or aim.split()[2:3] != ["of"] else ratio


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 4)
