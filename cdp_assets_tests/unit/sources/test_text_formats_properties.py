"""Whatever text a table holds, writing it and reading it gives it back, and each row's line is the true one."""

import csv
import io
import json
import re
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_assets.sources.formats.base import FormatOptions
from cdp_assets.sources.formats.csv import CsvFormat, CsvOptions
from cdp_assets.sources.formats.jsonl import JsonLinesFormat
from cdp_assets_tests.unit.sources.reading import Content, read

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
TRICKY = st.text(st.sampled_from(",;\t|\"'\r\n\\ ab\ufeff\u2028é"), max_size=8)
VALUES = st.one_of(TEXT, TRICKY)
# A delimiter that is also a letter, a blank or a line break is no dialect anyone writes.
DELIMITERS = st.characters(codec="utf-8", categories=["P", "S"], exclude_characters='"\0').filter(
    lambda c: c != "\ufeff"
)
# With "\n" alone, minimal quoting leaves a carriage return unquoted: such a file cannot be told apart.
WRITERS = [("\r\n", csv.QUOTE_MINIMAL), ("\r\n", csv.QUOTE_ALL), ("\n", csv.QUOTE_ALL)]


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    width = draw(st.integers(1, 4))
    return [f"c{i}" for i in range(width)], draw(st.lists(st.lists(VALUES, min_size=width, max_size=width), max_size=6))


def write_and_read(format_: CsvFormat | JsonLinesFormat, text: str) -> Content:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table"
        path.write_bytes(text.encode())
        return read(format_, path)


def line_breaks(text: str) -> int:
    return len(re.findall(r"\r\n|\r|\n", text))


@settings(max_examples=300, deadline=None)
@given(tables(), DELIMITERS, st.sampled_from(WRITERS))
def test_any_table_written_as_csv_comes_back(table, delimiter, how):
    (header, rows), (ending, quoting) = table, how
    text, lines = io.StringIO(newline=""), []
    writer = csv.writer(text, delimiter=delimiter, lineterminator=ending, quoting=quoting)
    writer.writerow(header)
    for row in rows:
        lines.append(1 + line_breaks(text.getvalue()))
        writer.writerow(row)

    content = write_and_read(CsvFormat(CsvOptions(delimiter=delimiter)), text.getvalue())

    assert content.rejected == []
    assert content.rows == [{name: v or None for name, v in zip(header, row, strict=True)} for row in rows]
    assert content.lines == lines


@settings(max_examples=200, deadline=None)
@given(tables(), st.booleans(), st.sampled_from(["\n", "\r\n"]), st.integers(0, 2))
def test_any_table_written_as_json_lines_comes_back(table, ascii_only, ending, blank_lines):
    header, rows = table
    objects = [dict(zip(header, row, strict=True)) for row in rows]
    gap = ending * (1 + blank_lines)
    text = "".join(json.dumps(row, ensure_ascii=ascii_only) + gap for row in objects)

    content = write_and_read(JsonLinesFormat(FormatOptions()), text)

    assert content.rejected == []
    assert content.rows == objects
    assert content.lines == [1 + index * (1 + blank_lines) for index in range(len(rows))]
