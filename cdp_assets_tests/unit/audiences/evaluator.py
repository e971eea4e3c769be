"""What a definition means, in plain Python over rows: slow and obvious, and written without a look at the compiler.

A definition is what a team writes, as plain mappings. A condition is true, false or None, which is unknown. Texts are
`str`, dates `date`, moments aware `datetime`, numbers `int`, `float` or `Decimal`; `properties` is JSON as text.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cdp_assets_tests.unit.audiences.comparing import (
    Row,
    Truth,
    as_number,
    compare,
    every,
    like,
    meets,
    opposite,
    read,
    some,
    span,
)

CUSTOMERS, SCORES, CONSENTS = "master.customers", "churn.scores", "master.consents"
FACTS = {
    "transactions": ("master.transactions", ("source", "transaction_id")),
    "lines": ("master.transaction_lines", ("source", "transaction_id", "line_id")),
    "events": ("master.events", ("source", "event_id")),
}
RELATIONS = {
    "account": ("master.accounts", {"account_id": "account_id", "account_id_source": "source"}),
    "parent_account": ("master.accounts", {"parent_account_id": "account_id", "source": "source"}),
    "contacts": (CUSTOMERS, {"account_id": "account_id", "source": "account_id_source"}),
    "consents": (CONSENTS, {"customer_id": "customer_id"}),
    "identifiers": ("master.identifiers", {"customer_id": "customer_id"}),
}
AGGREGATES = ("count", "sum", "avg", "min", "max", "distinct")


@dataclass(frozen=True)
class World:
    """Rows by table, members by audience, higher audiences of the list of priorities, and the moment."""

    as_of: datetime
    tables: Mapping[str, Sequence[Row]]
    audiences: Mapping[str, set[str]] = field(default_factory=dict)
    higher: tuple[str, ...] = ()


def members(definition: Row, world: World) -> set[str]:
    """The ids of those in an audience."""
    out = {who for name in (*definition.get("exclude", ()), *world.higher) for who in world.audiences[name]}
    purposes = definition.get("suppress", {}).get("without_consent", ())
    chosen = [
        person
        for person in world.tables[CUSTOMERS]
        if holds(definition["condition"], person, world) is True
        and person["customer_id"] not in out
        and all(granted(person, purpose, world) for purpose in purposes)
    ]
    if "limit" in definition:
        chosen = limited(chosen, definition["limit"], world)
    return {person["customer_id"] for person in chosen}


def granted(person: Row, purpose: str, world: World) -> bool:
    said = {"customer_id": person["customer_id"], "purpose": purpose, "state": "granted"}
    return any(said.items() <= dict(row).items() for row in world.tables[CONSENTS])


def limited(people: Iterable[Row], limit: Row, world: World) -> list[Row]:
    groups: dict[Any, list[Row]] = {}
    for person in sorted(people, key=lambda one: one["customer_id"]):
        group = property_of(person, limit["per"], world) if "per" in limit else "everybody"
        groups.setdefault(group, []).append(person)
    kept: list[Row] = []
    for group in groups.values():
        known = [one for one in group if property_of(one, limit["field"], world) is not None]
        unknown = [one for one in group if property_of(one, limit["field"], world) is None]
        is_highest = limit.get("order", "highest") == "highest"
        known.sort(key=lambda one: property_of(one, limit["field"], world), reverse=is_highest)
        kept += [*known, *unknown][: limit["top"]]
    return kept


def property_of(person: Row, name: str, world: World) -> Any:
    if name in person:
        return person[name]
    scores = [row for row in world.tables[SCORES] if row["customer_id"] == person["customer_id"]]
    return scores[0].get(name) if scores else None


def holds(node: Row, person: Row, world: World) -> Truth:  # noqa: PLR0911 - one line a kind
    ((kind, content),) = node.items()
    match kind:
        case "all":
            return every(holds(child, person, world) for child in content)
        case "any":
            return some(holds(child, person, world) for child in content)
        case "not":
            return opposite(holds(content, person, world))
        case "property":
            return compare(content, property_of(person, content["field"], world), world.as_of)
        case "transaction":
            return fact(content, content.get("of", "transactions"), person, world)
        case "event":
            return fact(content, "events", person, world)
        case "sequence":
            return sequence(content, person, world)
        case "related":
            return related(content, person, world)
        case _:
            name = content.get("in") or content["not_in"]
            return (person["customer_id"] in world.audiences[name]) == ("in" in content)


def occurrences(asked: Row, of: str, person: Row, world: World) -> list[Row]:
    return [
        row
        for row in world.tables[FACTS[of][0]]
        if row.get("customer_id") == person["customer_id"]
        and not row.get("is_deleted")
        and row["occurred_at"] is not None
        and row["occurred_at"] <= world.as_of
        and in_window(asked, row["occurred_at"], world.as_of)
        and all(meets(condition, row, world.as_of) is True for condition in asked.get("where", ()))
    ]


def in_window(asked: Row, at: datetime, as_of: datetime) -> bool:
    if "within_last" in asked:
        return at > as_of - span(asked["within_last"])
    if "between_ago" in asked:
        start, end = asked["between_ago"]
        return as_of - span(start) < at <= as_of - span(end)
    if "between" in asked:
        first, last = asked["between"]
        return like(at, first) <= at <= like(at, last)
    return True


def fact(asked: Row, of: str, person: Row, world: World) -> Truth:
    rows = occurrences(asked, of, person, world)
    comparison = asked.get("first") or asked.get("last")
    if comparison is None:
        return bounded(asked, rows)
    rows.sort(key=lambda row: (row["occurred_at"], *(row[name] for name in FACTS[of][1])))
    if not rows:
        return compare(comparison, None, world.as_of)
    value, is_json = read(rows[0] if "first" in asked else rows[-1], comparison["field"])
    return compare(comparison, value, world.as_of, is_json)


def bounded(asked: Row, rows: Sequence[Row]) -> Truth:
    ((kind, bounds),) = ((name, asked[name]) for name in AGGREGATES if name in asked)
    value = len(rows) if kind == "count" else aggregated(kind, [read(row, bounds["field"]) for row in rows])
    if value is None:
        return None
    low, high = bounds.get("between", (bounds.get("at_least"), bounds.get("at_most")))
    low, high = (bounds["exactly"], bounds["exactly"]) if "exactly" in bounds else (low, high)
    return (low is None or value >= low) and (high is None or value <= high)


def aggregated(kind: str, found: Sequence[tuple[Any, bool]]) -> Any:
    if kind == "distinct":
        return len({value for value, _ in found if value is not None})
    numbers = [as_number(value) if is_json else value for value, is_json in found]
    numbers = [number for number in numbers if number is not None]
    if kind == "sum":
        return sum(numbers)
    if not numbers:
        return None
    return float(sum(numbers)) / len(numbers) if kind == "avg" else {"min": min, "max": max}[kind](numbers)


def sequence(asked: Row, person: Row, world: World) -> bool:
    def times(step: Row) -> list[datetime]:
        ((kind, done),) = step.items()
        return [row["occurred_at"] for row in occurrences(done, f"{kind}s", person, world)]

    longest = span(asked["within"]) if "within" in asked else None
    later = times(asked.get("then") or asked["then_not"])
    for start in times(asked["did"]):
        followed = any(start < end and (longest is None or end <= start + longest) for end in later)
        is_over = longest is None or start + longest <= world.as_of
        if followed if "then" in asked else not followed and is_over:
            return True
    return False


def related(asked: Row, person: Row, world: World) -> Truth:
    rows = [person]
    for relation in [asked["to"]] if isinstance(asked["to"], str) else asked["to"]:
        table, same = RELATIONS[relation]
        rows = [
            far
            for near in rows
            for far in world.tables[table]
            if all(near.get(one) is not None and near[one] == far.get(other) for one, other in same.items())
            and not (table == "master.accounts" and far.get("is_deleted"))
        ]
    for kind in ("any", "all", "none"):
        if kind in asked:
            met = [meets(asked[kind], row, world.as_of) is True for row in rows]
            return {"any": any(met), "none": not any(met), "all": bool(met) and all(met)}[kind]
    where = asked.get("where", ())
    return bounded(asked, [row for row in rows if all(meets(one, row, world.as_of) is True for one in where)])
