"""Values as JSON and CSV can carry them."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from cdp_assets.destinations.base import Batch, Row


def record(batch: Batch, row: Row) -> dict[str, Any]:
    """A row for JSON: `key`, `operation`, `fields`, and `previous_key` and `merged_into` where they say something."""
    found: dict[str, Any] = {"key": row.key, "operation": batch.operation.value, "fields": plain_fields(row.fields)}
    if row.previous_key is not None:
        found["previous_key"] = row.previous_key
    if row.merged_into is not None:
        found["merged_into"] = row.merged_into
    return found


def plain_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with every value one that JSON has."""
    return {name: plain(value) for name, value in fields.items()}


def plain(value: object) -> object:  # noqa: PLR0911 - one line a type
    """A JSON value: times in UTC as ISO 8601 with `Z`, decimals as numbers where none of their digits is lost."""
    match value:
        case datetime():
            return (value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()[:-6] + "Z"
        case date():
            return value.isoformat()
        case Decimal():
            return float(value) if Decimal(repr(float(value))) == value else format(value, "f")
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


def line(value: object) -> bytes:
    """JSON on one line in UTF-8; what is no text in UTF-8 is escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
