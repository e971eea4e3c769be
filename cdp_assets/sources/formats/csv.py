"""CSV with a header line, as RFC 4180 writes it: quotes, embedded line breaks, any single-character delimiter."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import field_validator

from cdp_assets.errors import SourceError
from cdp_assets.sources.formats._text import Lines, open_text, unreadable
from cdp_assets.sources.formats.base import (
    BATCH_ROWS,
    Batch,
    Format,
    FormatOptions,
    Rejected,
    check_names,
    check_required,
)

_LONGEST_RECORD = 1000
"""Lines a quoted field may run over before its opening quote is taken for a mistake."""

csv.field_size_limit(2**31 - 1)  # the default refuses fields over 128 KB


class CsvOptions(FormatOptions):
    """How the file is written."""

    delimiter: str = ","

    @field_validator("delimiter")
    @classmethod
    def _can_delimit(cls, value: str) -> str:
        if len(value) != 1 or value in '"\r\n\0':
            raise ValueError("a delimiter is one character, and not a quote, a line break or a zero byte")
        return value


class CsvFormat(Format):
    """Comma-separated values. Empty fields are null."""

    suffixes = (".csv", ".csv.gz")
    options_model = CsvOptions
    options: CsvOptions

    def batches(self, path: Path, required: Sequence[str]) -> Iterator[Batch]:
        with open_text(path) as file:
            records = self._records(Lines(file))
            header = _header(path, next(records, None), required)
            positions = [(name, index) for index, name in enumerate(header) if _is(name, required)]
            rows: list[list[str]] = []
            lines: list[int] = []
            rejected: list[Rejected] = []
            for line, text, fields in records:
                reason = _problem(text, fields, len(header), positions)
                if reason is not None or fields is None:
                    rejected.append(Rejected(line, reason or "not CSV", text))
                else:
                    rows.append(fields)
                    lines.append(line)
                if len(rows) + len(rejected) >= BATCH_ROWS:
                    yield _batch(header, rows, lines, rejected)
                    rows, lines, rejected = [], [], []
            yield _batch(header, rows, lines, rejected)

    def _records(self, lines: Lines) -> Iterator[tuple[int, str, list[str] | None]]:
        """Each record's first line number, text and fields; no fields when it is not CSV.

        A stray quote would swallow what follows it: then only the line it stands in is refused, and reading goes
        on with the next.
        """
        reader = self._reader(lines)
        width: int | None = None
        while True:
            lines.begin()
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error:
                fields = None
            if fields == []:
                continue
            if len(lines.record) > 1 and (fields is None or (width is not None and len(fields) != width)):
                lines.push_back_all_but_first()
                reader, fields = self._reader(lines), None
            width = width or (len(fields) if fields else None)
            yield lines.first, "".join(lines.record).rstrip("\r\n"), fields

    def _reader(self, lines: Lines) -> Iterator[list[str]]:
        return csv.reader(lines.bounded(_LONGEST_RECORD), delimiter=self.options.delimiter, strict=True)


def _header(path: Path, first: tuple[int, str, list[str] | None] | None, required: Sequence[str]) -> list[str]:
    if first is None or first[2] is None:
        raise SourceError(f"{path.name} has no header line; the first line of a CSV file names its columns.")
    header = [name.strip() for name in first[2]]
    check_names(path, header)
    check_required(path, required, header)
    return header


def _is(name: str, required: Sequence[str]) -> bool:
    return name.lower() in {other.lower() for other in required}


def _problem(text: str, fields: list[str] | None, width: int, required: Sequence[tuple[str, int]]) -> str | None:
    bad = unreadable(text)
    if bad or fields is None:
        return bad or "a quote is opened and not closed"
    if len(fields) != width:
        return f"{len(fields)} fields where the header has {width}"
    for name, index in required:
        if not fields[index].strip():
            return f"the required column {name} is empty"
    return None


def _batch(header: list[str], rows: list[list[str]], lines: list[int], rejected: list[Rejected]) -> Batch:
    values = zip(*rows, strict=True) if rows else ([] for _ in header)
    columns = {name: [value or None for value in column] for name, column in zip(header, values, strict=True)}
    return Batch(columns, lines, rejected)
