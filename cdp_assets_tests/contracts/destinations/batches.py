"""Batches to try destinations with."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from cdp_assets.destinations.base import Batch, Mode, Operation, Removal, Row

COLUMNS = ("EMAIL", "NAME")
HOSTILE: dict[str, dict[str, Any]] = {
    "plain": {"EMAIL": "ann@example.com", "NAME": "Ann"},
    "none": {"EMAIL": None, "NAME": ""},
    'quo"te,\r\nline': {"EMAIL": 'a"b', "NAME": "two\nlines, and\tmore"},
    "日本 🏙": {"EMAIL": "é\u0301", "NAME": "\u202eevil\u0000"},
    "../../etc": {"EMAIL": "=cmd|' /C calc'!A0", "NAME": "+33 6 12 34 56 78"},
    "typed": {"EMAIL": Decimal("12.3400"), "NAME": datetime(2026, 6, 30, 12, tzinfo=UTC)},
    "more": {"EMAIL": date(2026, 6, 30), "NAME": True},
}


def batch(
    rows: Mapping[str, Mapping[str, Any]] = HOSTILE, operation: Operation = Operation.ADD, **changes: Any
) -> Batch:
    """The rows as one batch."""
    values: dict[str, Any] = {
        "sync": "crm",
        "run_id": "run/1",
        "name": "00000000",
        "as_of": datetime(2026, 6, 30, tzinfo=UTC),
        "operation": operation,
        "mode": Mode.MIRROR,
        "removal": Removal.DELETE,
        "columns": COLUMNS,
        "rows": tuple(Row(key, fields, f"sum-{key}") for key, fields in rows.items()),
    }
    return Batch(**(values | changes))
