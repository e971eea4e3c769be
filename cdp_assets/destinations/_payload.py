"""Values as JSON and CSV can carry them."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson

from cdp_assets.destinations.base import Batch, Row

_PLAIN = frozenset({str, int, bool, type(None)})
_EXACT_DIGITS = 15
"""Digits that a number of JSON, which is read as a double, always keeps."""


def record(batch: Batch, row: Row) -> dict[str, Any]:
    """A row for `line`: `key`, `operation`, `fields`, and `previous_key` and `merged_into` where they say something."""
    found: dict[str, Any] = {"key": row.key, "operation": batch.operation.value, "fields": row.fields}
    if row.previous_key is not None:
        found["previous_key"] = row.previous_key
    if row.merged_into is not None:
        found["merged_into"] = row.merged_into
    return found


def plain(value: object) -> object:  # noqa: PLR0911 - one line a type
    """A JSON value: times in UTC as ISO 8601 with `Z`, decimals as numbers where none of their digits is lost."""
    if type(value) in _PLAIN:  # nearly all are
        return value
    match value:
        case datetime():
            return (value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()[:-6] + "Z"
        case date():
            return value.isoformat()
        case Decimal():
            return _number(value)
        case float() if value != value or value in {float("inf"), float("-inf")}:  # noqa: PLR0124 - NaN
            return None
        case bytes():
            return value.hex()
        case list():
            return [plain(item) for item in value]
        case dict():
            return {str(name): plain(item) for name, item in value.items()}
        case _:
            return value


def _number(value: Decimal) -> float | str:
    text = str(value)
    is_short = len(text) <= _EXACT_DIGITS and text[-1].isdigit() and "E" not in text
    if is_short or Decimal(repr(float(value))) == value:
        return float(text)
    return format(value, "f")


def line(value: object) -> bytes:
    """JSON on one line in UTF-8, of values as warehouses give them: `plain` says what becomes of which.

    What is no text in UTF-8, or an integer beyond 64 bits, is written as Python's encoder has it.
    """
    try:
        return orjson.dumps(value, plain, orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC)
    except orjson.JSONEncodeError:
        return json.dumps(plain(value), separators=(",", ":"), allow_nan=False).encode()
