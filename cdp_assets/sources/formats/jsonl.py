"""JSON lines: one object a line. Nested values are kept as JSON text."""

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

from cdp_assets.sources.formats._text import open_text, unreadable
from cdp_assets.sources.formats.base import BATCH_ROWS, Batch, Format, Rejected, check_required, empty_required


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


_decode = json.JSONDecoder(parse_constant=_refuse).decode  # NaN and Infinity are Python's, not JSON's
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


class JsonLinesFormat(Format):
    """Newline-delimited JSON objects; keys may differ from line to line."""

    suffixes = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")

    def batches(self, path: Path, required: Sequence[str]) -> Iterator[Batch]:
        spelling: dict[str, str] = {}  # each column as the file first spells it: keys may differ in case between lines
        rows: list[dict[str, str | None]] = []
        lines: list[int] = []
        rejected: list[Rejected] = []
        with open_text(path) as file:
            for number, text in enumerate(file, start=1):
                if not text.strip():
                    continue
                row = _object(text)
                if isinstance(row, dict):
                    row = {spelling.setdefault(key.lower(), key): value for key, value in row.items()}
                    reason = empty_required(row, [spelling.get(name.lower(), name) for name in required])
                else:
                    reason = row
                if reason is not None or isinstance(row, str):
                    rejected.append(Rejected(number, reason or "", text.rstrip("\r\n")))
                else:
                    rows.append(row)
                    lines.append(number)
                if len(rows) + len(rejected) >= BATCH_ROWS:
                    check_required(path, required, sorted(spelling.values()))
                    yield _batch(rows, lines, rejected)
                    rows, lines, rejected = [], [], []
        if spelling:  # a file in which nothing is JSON has no columns to miss: its lines are set aside
            check_required(path, required, sorted(spelling.values()))
        yield _batch(rows, lines, rejected)


def _object(text: str) -> dict[str, str | None] | str:
    """The line's object with its values as text, or why it has none."""
    bad = unreadable(text)
    if bad:
        return bad
    try:
        value = _decode(text)
    except (ValueError, RecursionError):
        return "not JSON"
    if not isinstance(value, dict):
        return "not a JSON object"
    return _unusable(tuple(value)) or _row(value, text)


def _row(value: dict[str, Any], text: str) -> dict[str, str | None] | str:
    try:
        row = {key: _text(item) for key, item in value.items()}
    except ValueError:
        return "a number too large to keep"
    # Only an escape can bring what the line itself does not have: a zero byte, half a surrogate pair.
    if "\\u" in text and any(item is not None and unreadable(item) for item in row.values()):
        return "it has a zero byte or half a surrogate pair"
    return row


@lru_cache(maxsize=4096)
def _unusable(keys: tuple[str, ...]) -> str | None:
    """Why keys cannot be columns, if they cannot."""
    if "" in keys:
        return "a key that is empty"
    if len({key.lower() for key in keys}) != len(keys):
        return "keys that differ in upper and lower case only"
    if any(map(unreadable, keys)):
        return "a key with a zero byte or half a surrogate pair"
    return None


def _text(value: Any) -> str | None:  # noqa: ANN401 - whatever JSON can hold
    if value is None or isinstance(value, str):
        return value
    return _encode(value)


def _batch(rows: list[dict[str, str | None]], lines: list[int], rejected: list[Rejected]) -> Batch:
    names = dict.fromkeys(name for row in rows for name in row)
    return Batch({name: [row.get(name) for row in rows] for name in names}, lines, rejected)
