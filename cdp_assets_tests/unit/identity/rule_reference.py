"""What rules mean, said in plain Python: the obvious way, however slow. The SQL has to give the same."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import product
from typing import Any

import pyarrow as pa

from cdp_assets.identity.config import Rule
from cdp_assets.identity.contracts import MATCH_KEYS, RECORDS
from cdp_assets.identity.keys import LISTS
from cdp_assets.tables import DATE, INTEGER, TEXT, Table

Link = tuple[int, int, str, int, str | None]
COLUMNS = ("last_name", "street", "postal_code")
_RECORDS = pa.schema(
    [("record_number", INTEGER), ("record_hash", TEXT), *((name, TEXT) for name in COLUMNS), ("date_of_birth", DATE)]
)


@dataclass(frozen=True)
class Person:
    """A record: its number, what its hash is made of, and the values of its keys."""

    number: int
    content: str
    keys: dict[str, Sequence[Any]] = field(default_factory=dict)

    @property
    def hash(self) -> str:
        return hashlib.md5(self.content.encode()).hexdigest()

    def values(self, key: str) -> set[Any]:
        return set(self.keys.get(key, ()))

    def agrees(self, other: "Person", key: str) -> bool:
        return bool(self.values(key) & other.values(key))

    def differs(self, other: "Person", key: str) -> bool:
        return bool(self.values(key) and other.values(key)) and not self.agrees(other, key)


def person(number: int, content: str | None = None, **keys: Any) -> Person:
    """A record with some keys; several values as a list, a date as text."""
    listed = {key: value if isinstance(value, list) else [value] for key, value in keys.items()}
    return Person(number, str(number) if content is None else content, listed)


def tables(people: Iterable[Person]) -> dict[Table, pa.Table]:
    """The people as `identity.records` (the columns that rules may read here) and `identity.match_keys`."""
    rows, values = [], []
    for one in people:
        single = {key: next(iter(found), None) for key, found in one.keys.items() if key not in LISTS}
        if isinstance(single.get("date_of_birth"), str):
            single["date_of_birth"] = date.fromisoformat(single["date_of_birth"])
        rows.append({"record_number": one.number, "record_hash": one.hash} | single)
        values += [
            {"record_number": one.number, "key": key, "value": value}
            for key in one.keys
            if key in LISTS
            for value in sorted(one.values(key))
        ]
    return {
        RECORDS.table: pa.Table.from_pylist(rows, _RECORDS),
        MATCH_KEYS.table: pa.Table.from_pylist(values, MATCH_KEYS.schema),
    }


def expected_links(people: Sequence[Person], rules: Sequence[Rule]) -> set[Link]:
    """The links of all rules: left number, right number, rule, rank, objection."""
    return {
        (min(pair), max(pair), rule.name, rank, objection)
        for rank, rule in enumerate(rules)
        for group in _groups(people, rule.agree)
        for *pair, objection in _within(group, rule.must_not_differ)
        if len(set(pair)) == 2
    }


def agreeing_pairs(people: Sequence[Person], keys: Sequence[str]) -> set[tuple[int, int]]:
    """Every pair of numbers, the smaller first, of records that agree on all keys."""
    return {
        (one.number, other.number)
        for one, other in product(people, people)
        if one.number < other.number and all(one.agrees(other, key) for key in keys)
    }


def _groups(people: Sequence[Person], keys: Sequence[str]) -> Iterable[list[Person]]:
    groups = defaultdict(list)
    for one in people:
        for values in product(*(one.values(key) for key in keys)):
            groups[values].append(one)
    return groups.values()


def _order(one: Person) -> tuple[str, int]:
    return one.hash, one.number


def _within(group: list[Person], must_not_differ: Sequence[str]) -> Iterator[tuple[int, int, str | None]]:
    """Links of a group; it is parted by the first key, and each part by the others."""
    if not must_not_differ:
        first = min(group, key=_order)
        yield from ((first.number, one.number, None) for one in group)
        return
    key, others = must_not_differ[0], must_not_differ[1:]
    known = sorted((*_order(one), value, one) for one in group for value in one.values(key))
    home, home_value = (known[0][-1], known[0][2]) if known else (None, None)
    unknown = [one for one in group if not one.values(key)]
    for value in {entry[2] for entry in known} or {None}:
        having = [one for one in group if value in one.values(key)]
        yield from _within(having + (unknown if value == home_value else []), others)
        head = min(having, key=_order, default=None)
        if head is not None and home is not None and head.differs(home, key):
            yield head.number, home.number, f"{key}_differs"
