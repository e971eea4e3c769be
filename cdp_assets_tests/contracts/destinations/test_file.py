"""The outbox as its readers see it."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from cdp_assets.destinations.base import Operation, Row
from cdp_assets.destinations.file import FileDestination, FileSettings
from cdp_assets.errors import DestinationError
from cdp_assets_tests.contracts.destinations.batches import HOSTILE, batch


def only_file(folder: Path) -> Path:
    (found,) = [path for path in folder.rglob("*") if path.is_file()]
    return found


def test_a_batch_is_one_file_named_by_moment_run_and_batch(tmp_path: Path):
    destination = FileDestination(tmp_path, FileSettings())
    destination.send(batch())
    destination.send(batch())
    assert only_file(tmp_path).relative_to(tmp_path) == Path("crm/20260630T000000-run%2F1-00000000.jsonl")


def test_a_hostile_run_id_stays_inside_the_outbox(tmp_path: Path):
    FileDestination(tmp_path / "out", FileSettings()).send(batch(sync="..", run_id="../../x"))
    assert only_file(tmp_path).parent.parent == tmp_path / "out"


def test_json_lines_hold_the_values_as_they_are(tmp_path: Path):
    FileDestination(tmp_path, FileSettings()).send(batch())
    rows = {row["key"]: row for row in map(json.loads, only_file(tmp_path).read_bytes().split(b"\n")[:-1])}
    assert set(rows) == set(HOSTILE)
    for key in ("plain", "none", 'quo"te,\r\nline', "日本 🏙", "../../etc"):
        assert rows[key]["fields"] == HOSTILE[key]
    assert rows["typed"]["fields"] == {"EMAIL": 12.34, "NAME": "2026-06-30T12:00:00Z"}


def test_a_merged_row_says_so(tmp_path: Path):
    rows = (Row("c1", {}, previous_key="c0"), Row("c2", {}, merged_into="c1"))
    FileDestination(tmp_path, FileSettings()).send(replace(batch(operation=Operation.REMOVE), rows=rows))
    first, second = map(json.loads, only_file(tmp_path).read_text().splitlines())
    assert (first["previous_key"], second["merged_into"]) == ("c0", "c1")


def read_csv(folder: Path) -> dict[str, dict[str, str]]:
    text = only_file(folder).read_bytes().decode()
    return {row["key"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}


def test_csv_is_read_back_by_any_reader_and_disarms_formulas_but_not_phones(tmp_path: Path):
    FileDestination(tmp_path, FileSettings(format="csv")).send(batch())
    rows = read_csv(tmp_path)
    assert set(rows) == set(HOSTILE)
    assert rows['quo"te,\r\nline']["NAME"] == "two\nlines, and\tmore"
    assert rows["../../etc"]["EMAIL"] == "'=cmd|' /C calc'!A0"
    assert rows["../../etc"]["NAME"] == "+33 6 12 34 56 78"
    assert rows["more"]["NAME"] == "true"
    assert b'"none","add",,,,""\r\n' in only_file(tmp_path).read_bytes()


def test_csv_for_machines_leaves_formulas_alone(tmp_path: Path):
    FileDestination(tmp_path, FileSettings(format="csv", spreadsheet_safe=False)).send(batch())
    assert read_csv(tmp_path)["../../etc"]["EMAIL"] == "=cmd|' /C calc'!A0"


def test_an_outbox_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "outbox").write_text("a file, not a folder")
    with pytest.raises(DestinationError, match="cannot write into the outbox"):
        FileDestination(tmp_path / "outbox", FileSettings()).send(batch())
