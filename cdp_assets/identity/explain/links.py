"""Edges of a customer told one by one: what the two records share, how they were scored, what kept them apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cdp_assets.identity.explain.explanation import Link, Record, Veto, Waterfall
from cdp_assets.identity.explain.shared_keys import agreeing, conflicting

Edge = Mapping[str, Any]
"""A row of `identity.edges`."""
Pair = tuple[int, int]


def pair_of(edge: Edge) -> Pair:
    """The numbers of the two records, the smaller first, as `identity.pairs` has them."""
    low, high = sorted((edge["number_l"], edge["number_r"]))
    return low, high


@dataclass(frozen=True)
class Teller:
    """Tells edges. `places` are those of the customer's own records by number, `known` all records by number, `owners`
    their customers, `falls` the waterfalls of pairs."""

    places: Mapping[int, int]
    known: Mapping[int, Record]
    owners: Mapping[int, str | None]
    falls: Mapping[Pair, Waterfall]

    def link(self, edge: Edge) -> Link:
        """A link; of two own records, the one that comes first is the left one."""
        one, other = self._ends(edge)
        fall = self.falls.get(pair_of(edge))
        return Link(
            self.places[one],
            self.places.get(other, -1),
            edge["kind"],
            edge["rule"],
            edge["match_weight"],
            edge["match_probability"],
            edge["model_version"],
            agreeing(self.known[one].matched, self.known[other].matched),
            fall.turned() if fall and one > other else fall,
        )

    def veto(self, edge: Edge) -> Veto:
        """A link that a guard kept out."""
        one, other = self._ends(edge)
        conflict = conflicting(edge["vetoed_by"], self.known[one].matched, self.known[other].matched)
        return Veto(self.link(edge), self.known[other], self.owners.get(other), edge["vetoed_by"], conflict)

    def _ends(self, edge: Edge) -> Pair:
        """The numbers of the two records, the customer's own first, in the order of its records."""
        one, other = sorted(pair_of(edge), key=lambda number: self.places.get(number, len(self.places)))
        return one, other
