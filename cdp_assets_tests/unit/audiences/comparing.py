"""What a comparison of one value means, in plain Python; the half of the evaluator that knows no tables.

A missing value is None, and so is a truth that is unknown. What is in JSON is a text until it is compared with a
number, or with true or false.
"""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

Row = Mapping[str, Any]
Truth = bool | None

MODIFIERS = ("field", "exact", "or_not_set")
UNITS = {"h": 1, "d": 24, "w": 7 * 24}


def every(truths: Iterable[Truth]) -> Truth:
    found = list(truths)
    return False if False in found else None if None in found else True


def some(truths: Iterable[Truth]) -> Truth:
    return opposite(every([opposite(truth) for truth in truths]))


def opposite(truth: Truth) -> Truth:
    return None if truth is None else not truth


def compare(comparison: Row, value: Any, as_of: datetime, is_json: bool = False) -> Truth:
    ((operator, operand),) = ((name, given) for name, given in comparison.items() if name not in MODIFIERS)
    if is_json and operator not in ("is_set", "is_not_set"):
        value = as_the_operand_is(value, operand)
    if operator in ("is_set", "is_not_set"):
        return (value is None) == (operator == "is_not_set")
    if value is None:
        return True if comparison.get("or_not_set") else None
    if operator in ("within_last", "within_next"):
        return within(operator, operand, value, as_of)
    fold = str.lower if isinstance(value, str) and not comparison.get("exact") else lambda text: text
    value = fold(value)
    given = [fold(like(value, one)) for one in (operand if isinstance(operand, list | tuple) else [operand])]
    return {
        "eq": lambda: value == given[0],
        "neq": lambda: value != given[0],
        "gt": lambda: value > given[0],
        "after": lambda: value > given[0],
        "gte": lambda: value >= given[0],
        "lt": lambda: value < given[0],
        "before": lambda: value < given[0],
        "lte": lambda: value <= given[0],
        "between": lambda: given[0] <= value <= given[1],
        "in": lambda: value in given,
        "not_in": lambda: value not in given,
        "contains": lambda: given[0] in value,
        "starts_with": lambda: value.startswith(given[0]),
        "ends_with": lambda: value.endswith(given[0]),
    }[operator]()


def like(value: Any, written: Any) -> Any:
    """What is written in a definition, as a value of the column's type."""
    if isinstance(value, datetime):
        moment = datetime.fromisoformat(written)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return date.fromisoformat(written) if isinstance(value, date) else written


def within(operator: str, length: str, value: Any, as_of: datetime) -> bool:
    since, until = (as_of - span(length), as_of) if operator == "within_last" else (as_of, as_of + span(length))
    if not isinstance(value, datetime):
        return since.date() < value <= until.date()
    return since < value <= until


def span(length: str) -> timedelta:
    return timedelta(hours=int(length[:-1]) * UNITS[length[-1]])


def as_the_operand_is(value: str | None, operand: Any) -> Any:
    """What was found in JSON, as true or false or a number if that is what it is compared with."""
    operands = operand if isinstance(operand, list | tuple) else [operand]
    if all(isinstance(one, bool) for one in operands):
        return {"true": True, "false": False}.get(value or "")
    if all(isinstance(one, int | float) and not isinstance(one, bool) for one in operands):
        return as_number(value)
    return value


def as_number(value: str | None) -> float | None:
    return float(value) if value is not None and re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", value) else None


def read(row: Row, name: str) -> tuple[Any, bool]:
    """A field of a row, and whether it was found in JSON, where it is a text whatever it is."""
    column, _, path = name.partition(".")
    if not path:
        return row.get(name), False
    try:
        found = json.loads(row.get(column) or "null")
    except json.JSONDecodeError:
        return None, True
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    if found is None or isinstance(found, dict | list):
        return None, True
    return (found if isinstance(found, str) else json.dumps(found)), True


def meets(condition: Row, row: Row, as_of: datetime) -> Truth:
    if "all" in condition:
        return every(meets(child, row, as_of) for child in condition["all"])
    if "any" in condition:
        return some(meets(child, row, as_of) for child in condition["any"])
    if "not" in condition:
        return opposite(meets(condition["not"], row, as_of))
    value, is_json = read(row, condition["field"])
    return compare(condition, value, as_of, is_json)
