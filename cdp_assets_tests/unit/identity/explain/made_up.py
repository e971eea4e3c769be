"""Explanations made by hand, for what a person gets to see."""

from collections.abc import Sequence
from datetime import UTC, datetime

from cdp_assets.identity.explain.explanation import (
    Customer,
    Decision,
    Event,
    Explanation,
    Link,
    Record,
    Step,
    Veto,
    Waterfall,
)

DAY = datetime(2026, 6, 30, tzinfo=UTC)


def record(number: int, value: str = "anna", source: str = "crm") -> Record:
    """A record whose first name, as sent and as matched, is `value`."""
    sent, matched = {"first_name": value, "note": value}, {"first_name": (value,), "email": ("a@example.com",)}
    return Record(source, str(number), number, "email", 1.0, DAY, None, sent, matched, None)


def waterfall(value: str = "anna") -> Waterfall:
    """One that two steps lead below the threshold."""
    steps = (
        Step("first_name", "same first name", value, value, 4.0, is_rarity=False),
        Step("email", "all else", value, None, -3.5, is_rarity=False),
        Step("phone", "missing", None, None, 0.0, is_rarity=False),
    )
    return Waterfall("elsewhere", (), -2.0, steps, -1.5, 1.0, -1.5)


def link(left: int, right: int, kind: str = "rule", value: str = "anna") -> Link:
    """A link of a kind, with a waterfall."""
    rule = "email" if kind == "rule" else None
    return Link(left, right, kind, rule, -1.5, 0.25, "v1", {"first_name": (value,)}, waterfall(value))


def customer(count: int, value: str = "anna", kinds: Sequence[str] = ("rule", "probabilistic", "manual")) -> Customer:
    """`count` records, all linked to the first but for the last, which is linked to the one before it."""
    ends = [(0, place) for place in range(1, count - 1)] + ([(count - 2, count - 1)] if count > 1 else [])
    links = tuple(link(*pair, kinds[place % len(kinds)], value) for place, pair in enumerate(ends))
    other = record(1000, value, source="shop")
    veto = Veto(link(0, -1, "rule", value), other, "c_other", "first_name", ("first_name", (value,), (value,)))
    decision = Decision("crm:0", "crm:1", "always", value, value, DAY, holds=True)
    event = Event(DAY, "created", "c_x", None, value, value)
    records = tuple(record(place, value) for place in range(count))
    return Customer("c_x", records, links, len(links), 0, (veto,), 0, (decision,), (event,))


def explained(count: int, value: str = "anna") -> Explanation:
    """An answer about that customer."""
    return Explanation("c_x", None, None, (customer(count, value),), ())
