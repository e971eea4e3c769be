"""What every file format promises, whichever it is. A new format joins by adding a writer below."""

import csv
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdp_assets.errors import SourceError
from cdp_assets.registry import find_plugin, plugin_names
from cdp_assets.sources.formats.base import BATCH_ROWS, Batch, Format
from cdp_assets.sources.landings.files import FORMATS

Rows = list[dict[str, str | None]]


def _write_csv(path: Path, rows: Rows) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _write_jsonl(path: Path, rows: Rows) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _write_parquet(path: Path, rows: Rows) -> None:
    pq.write_table(pa.Table.from_pylist(rows, pa.schema([(name, pa.string()) for name in rows[0]])), path)


WRITERS = {"csv": _write_csv, "jsonl": _write_jsonl, "parquet": _write_parquet}
HARD_ROWS: Rows = [
    {"Id": "1", "name": "plain"},
    {"Id": "2", "name": 'quotes " and, commas; and \\ slashes'},
    {"Id": "3", "name": "two\nlines"},
    {"Id": "4", "name": "مريم 👩‍👩‍👧 Zoë"},
    {"Id": "5", "name": None},
    {"Id": "6", "name": "x" * 65_536},
    {"Id": "00007", "name": "'; DROP TABLE raw.loads; --"},
]


@pytest.fixture(params=plugin_names(FORMATS))
def name(request: pytest.FixtureRequest) -> str:
    assert request.param in WRITERS, f"add a writer for the format {request.param} to this suite"
    return str(request.param)


@pytest.fixture
def format_(name: str) -> Format:
    plugin = find_plugin(FORMATS, name, Format)
    return plugin(plugin.options_model())


@pytest.fixture
def path(format_: Format, tmp_path: Path) -> Path:
    return tmp_path / f"rows{format_.suffixes[0]}"


def _read(format_: Format, path: Path, required: tuple[str, ...] = ()) -> list[Batch]:
    return list(format_.batches(path, required))


def _rows(batches: list[Batch]) -> Rows:
    rows: Rows = []
    for batch in batches:
        names = list(batch.columns)
        rows += [dict(zip(names, values, strict=True)) for values in zip(*batch.columns.values(), strict=True)]
    return rows


def test_every_value_comes_back_as_it_was_written(name, format_, path):
    WRITERS[name](path, HARD_ROWS)
    assert _rows(_read(format_, path)) == HARD_ROWS


def test_lines_are_as_many_as_rows_and_rise(name, format_, path):
    WRITERS[name](path, HARD_ROWS)
    lines = [line for batch in _read(format_, path) for line in batch.lines]
    assert len(lines) == len(HARD_ROWS)
    assert lines == sorted(set(lines))


def test_a_long_file_comes_in_batches_and_loses_nothing(name, format_, path):
    rows: Rows = [{"Id": str(number)} for number in range(BATCH_ROWS + 10)]
    WRITERS[name](path, rows)
    batches = [batch for batch in _read(format_, path) if batch.lines]
    assert len(batches) == 2
    assert _rows(batches) == rows


def test_a_missing_required_column_is_named_with_those_there_are(name, format_, path):
    WRITERS[name](path, HARD_ROWS)
    with pytest.raises(SourceError, match=rf"{path.name} lacks the required column key; it has: Id, name"):
        _read(format_, path, ("key",))


def test_a_required_column_may_be_spelled_in_another_case(name, format_, path):
    WRITERS[name](path, HARD_ROWS[:1])
    assert len(_rows(_read(format_, path, ("ID",)))) == 1


def test_a_row_without_a_required_value_is_set_aside_with_line_and_reason(name, format_, path):
    WRITERS[name](path, HARD_ROWS)
    batches = _read(format_, path, ("name",))
    (rejected,) = [bad for batch in batches for bad in batch.rejected]
    assert "name is empty" in rejected.reason
    assert "5" in rejected.row
    assert _rows(batches) == [row for row in HARD_ROWS if row["Id"] != "5"]


def test_a_file_that_is_not_of_the_format_is_refused_or_every_row_is_set_aside(format_, path):
    path.write_bytes(b"\x00\xff\xfe not a data file \x80\n" * 3)
    refusal, batches = _refusal_or_batches(format_, path)
    if refusal:
        assert path.name in refusal
    else:
        assert _rows(batches) == []
        assert sum(len(batch.rejected) for batch in batches) == 3


def _refusal_or_batches(format_: Format, path: Path) -> tuple[str, list[Batch]]:
    try:
        return "", _read(format_, path)
    except SourceError as error:
        return str(error), []
