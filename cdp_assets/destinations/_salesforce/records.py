"""Rows as Salesforce takes them: records in JSON for collections, CSV for bulk jobs."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from cdp_assets.destinations._payload import plain

NULL = "#N/A"
"""What the Bulk API reads as null; it passes over an empty cell and leaves the field as it was."""

Record = Mapping[str, Any]
T = TypeVar("T")


def groups(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in order, so many at a time."""
    return (items[start : start + size] for start in range(0, len(items), size))


def values(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with values as JSON has them."""
    return {name: _value(value) for name, value in fields.items()}


def in_csv(records: Sequence[Record]) -> str:
    """The records as CSV with line feeds; a field that a record has not is left as it is there."""
    names = list(dict.fromkeys(name for record in records for name in record))
    rows = ([cell(record[name]) if name in record else "" for name in names] for record in records)
    return "".join(_line(cells) for cells in [names, *rows])


def cell(value: object) -> str:
    """A value's text in CSV; a text that is none in UTF-8 has question marks for what is not."""
    match value:
        case None:
            return NULL
        case bool():
            return str(value).lower()
        case _:
            return str(value).encode("utf-8", "replace").decode()


def says_null(fields: Mapping[str, Any]) -> bool:
    """Whether a field's text is what a bulk job would take for null."""
    return NULL in values(fields).values()


def _value(value: object) -> object:
    """Salesforce has no empty text: it is null there. A multi-select picklist has its values between semicolons."""
    found = plain(float(value) if isinstance(value, Decimal) else value)
    if isinstance(found, float):  # a decimal that is no number has become a float that is none
        found = plain(found)
    if isinstance(found, list) and all(isinstance(one, str) for one in found):
        found = ";".join(found)
    if isinstance(found, list | dict):
        found = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    return None if found == "" else found


def _line(cells: Iterable[str]) -> str:
    return ",".join(_quoted(text) for text in cells) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\r\n') else text
