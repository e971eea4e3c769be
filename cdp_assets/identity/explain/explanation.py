"""What is to be told of a customer: records, the links that join them, the links that were kept out, and the past."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any

from cdp_assets.errors import DataError
from cdp_assets.identity.explain.paths import StrongestPaths


@dataclass(frozen=True)
class Step:
    """One bar of a waterfall: a comparison, the level its two values reached, and the weight of that in bits.

    A value that agrees has a second step, `is_rarity`, where it counts how common the value is.
    """

    comparison: str
    level: str
    left: str | None
    right: str | None
    weight: float
    is_rarity: bool


@dataclass(frozen=True)
class Waterfall:
    """How a pair's match weight came about: `prior` and the steps add up to `match_weight`, all in bits.

    Attributes:
        context: whose model scored it; `given` are the comparisons that say nothing more in it.
        given: see `context`.
        prior: log2 of the odds that two records of the context are one customer.
        steps: in the model's order; a rare or common value is a step of its own.
        match_weight: the sum.
        threshold: the match weight from which the two are rather one customer than two.
        scored: what `identity.pairs` holds; another weight when a record changed since.
    """

    context: str
    given: tuple[str, ...]
    prior: float
    steps: tuple[Step, ...]
    match_weight: float
    threshold: float
    scored: float

    @property
    def is_stale(self) -> bool:
        """Whether the records have changed since they were scored."""
        return abs(self.match_weight - self.scored) > 1e-6

    def turned(self) -> "Waterfall":
        """The same with left and right changed over."""
        return replace(self, steps=tuple(replace(step, left=step.right, right=step.left) for step in self.steps))


@dataclass(frozen=True)
class Record:
    """A source record: `sent` holds its values as its source has them, `matched` the keys made of them."""

    source: str
    record_id: str
    number: int
    matched_by: str
    match_probability: float | None
    assigned_at: datetime | None
    quarantined_by: str | None
    sent: Mapping[str, str]
    matched: Mapping[str, tuple[str, ...]]
    junk_reasons: str | None

    @property
    def name(self) -> str:
        """`source:record_id`."""
        return f"{self.source}:{self.record_id}"


@dataclass(frozen=True)
class Link:
    """A link between two records of the customer: `left` and `right` are places among its records, from 0.

    Attributes:
        left: see above.
        right: see above.
        kind: `rule`, `probabilistic` or `manual`.
        rule: the rule's name.
        match_weight: of the model, if it scored the pair, in bits.
        match_probability: 1 for rules and decisions.
        model_version: of the model that scored the pair.
        agreeing: match keys on which the two agree, and the values they share.
        waterfall: where the model that scored the pair is at hand.
    """

    left: int
    right: int
    kind: str
    rule: str | None
    match_weight: float | None
    match_probability: float | None
    model_version: str | None
    agreeing: Mapping[str, tuple[str, ...]]
    waterfall: Waterfall | None

    @property
    def strength(self) -> float:
        """Bits by which paths are ranked: rules and decisions are as good as certain."""
        return strength(self.kind, self.match_weight)


@dataclass(frozen=True)
class Veto:
    """A link that a guard kept out, from a record of the customer to one of another customer.

    `link.left` is the place of the customer's own record, `link.right` is -1: the other one is `other`, of
    `other_customer_id`, which is the same customer while ids were not given anew. `conflict` is the key that differs
    with both records' values, where the guard is about a key.
    """

    link: Link
    other: Record
    other_customer_id: str | None
    vetoed_by: str
    conflict: tuple[str, tuple[str, ...], tuple[str, ...]] | None


@dataclass(frozen=True)
class Decision:
    """What a steward decided of a pair; `holds` unless a later decision of the pair took its place."""

    one: str
    other: str
    decision: str
    reason: str | None
    decided_by: str | None
    decided_at: datetime
    holds: bool


@dataclass(frozen=True)
class Event:
    """A row of `identity.id_history`."""

    happened_at: datetime
    event: str
    customer_id: str
    other_customer_id: str | None
    reason: str | None
    run_id: str | None


@dataclass(frozen=True)
class Customer:
    """A customer as it is now.

    Attributes:
        customer_id: its id.
        records: ordered by source and record id.
        links: those of the maximum spanning tree first, then the strongest.
        links_in_tree: how many of them are of the tree.
        further_links: links that are not told one by one.
        vetoes: the strongest first.
        further_vetoes: vetoed links that are not told one by one.
        decisions: that name one of its records, in order of time.
        history: what its id and the ids that led to it went through, in order of time.
    """

    customer_id: str
    records: tuple[Record, ...]
    links: tuple[Link, ...]
    links_in_tree: int
    further_links: int
    vetoes: tuple[Veto, ...]
    further_vetoes: int
    decisions: tuple[Decision, ...]
    history: tuple[Event, ...]

    def path(self, one: int, other: int) -> tuple[Link, ...] | None:
        """The strongest path between two records by their places; null when no links that hold join them."""
        found = self._paths.between(one, other)
        return None if found is None else tuple(self.links[place] for place in found)

    @cached_property
    def _paths(self) -> StrongestPaths:
        return StrongestPaths(len(self.records), [(link.left, link.right, link.strength) for link in self.links])

    @cached_property
    def outsiders(self) -> dict[str, int]:
        """The records of other customers that a guard keeps out, by name, numbered in the order of the vetoes."""
        return {name: place for place, name in enumerate(dict.fromkeys(veto.other.name for veto in self.vetoes))}

    @property
    def weakest_link(self) -> Link | None:
        """The link it would fall apart without, and the weakest of those."""
        return min(self.links[: self.links_in_tree], key=lambda link: link.strength, default=None)


@dataclass(frozen=True)
class Explanation:
    """The answer to what was `asked`, a customer id or a record.

    Attributes:
        asked: as it was typed.
        note: how what was asked leads to the customers, in a line; null when it is the customer's id.
        asked_record: `source:record_id`, when a record was asked for.
        customers: none when all records of the id are gone, several when it was split.
        story: of an id that is no longer, the events that led to the customers.
    """

    asked: str
    note: str | None
    asked_record: str | None
    customers: tuple[Customer, ...]
    story: tuple[Event, ...]

    def path_to(self, name: str) -> tuple[Link, ...] | None:
        """The strongest path from the record asked for to another one of its customer, by that one's name; null when
        no links that hold join them.

        Raises:
            DataError: no record was asked for, or the other one is not its customer's.
        """
        if self.asked_record is None:
            raise DataError(f"a path begins at a record, and {self.asked} is none; ask for source:record_id instead.")
        (customer,) = self.customers
        places = {record.name: place for place, record in enumerate(customer.records)}
        if name not in places:
            raise DataError(f"{name} is no record of {customer.customer_id}; a path leads to a record of the same one.")
        return customer.path(places[self.asked_record], places[name])

    def as_json(self) -> dict[str, Any]:
        """The same as plain values, moments in ISO 8601."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def strength(kind: str, match_weight: float | None) -> float:
    """How much a link can bear: a rule or a decision any weight, another its match weight, in bits."""
    if kind != "probabilistic":
        return float("inf")
    return float("-inf") if match_weight is None else match_weight


def _plain(value: Any) -> Any:  # noqa: ANN401 - nested values of any type
    match value:
        case dict():
            return {key: _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case date():
            return value.isoformat()
    return value
