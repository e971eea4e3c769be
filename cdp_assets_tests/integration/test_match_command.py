"""`cdp match` given what people give: the right customers, or one line that says what is wrong and how to mend it."""

import json
import os
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from datetime import time as clock
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cdp_assets_tests.deployment import tool
from cdp_assets_tests.integration.matching import (
    ANNA,
    KEY,
    RULES_ALONE,
    Match,
    customers,
    ids,
    refusal,
    shipped,
    table,
)
from cdp_assets_tests.unit.identity.pipeline.lookup import crowd

# What is little or strange is resolved.


def test_what_is_written_is_in_order_and_says_how_records_were_matched(match: Match) -> None:
    written = ids(match(table(ANNA, {**ANNA, "first_name": "Ann"}, {"email": "b@b.org", "first_name": "Ben"})))
    assert written["record_id"].to_list() == ["0", "1", "2"]
    assert written["matched_by"].to_list() == ["email_and_name", "email_and_name", "single"]
    assert written["match_probability"].to_list() == [1.0, 1.0, None]
    assert written["customer_id"].n_unique() == 2


@pytest.mark.parametrize("rows", [0, 1, 100])
def test_keys_alone_are_customers_of_their_own(match: Match, rows: int) -> None:
    keys = pl.DataFrame([("crm", str(row)) for row in range(rows)], KEY, orient="row")
    empty = keys.with_columns(pl.lit(None, pl.String).alias(name) for name in (*ANNA, "phone", "date_of_birth"))
    for records in (keys, empty, empty.with_columns(email=pl.lit(None))):
        assert ids(match(records))["customer_id"].n_unique() == rows


@pytest.mark.parametrize(
    ("name", "says_something"),
    [
        pytest.param("lorem" * 2_000, True, id="long"),
        pytest.param("anna maria " * 1_000, True, id="many words"),
        pytest.param("مُحَمَّد العربي", True, id="Arabic"),
        pytest.param("שרה כהן", True, id="Hebrew"),
        pytest.param("a\x00nna", True, id="NUL inside"),
        pytest.param("'; DROP TABLE x; --", True, id="SQL"),
        pytest.param("\x00", False, id="NUL"),
        pytest.param("😀🎉", False, id="emoji"),
        pytest.param("👩‍👩‍👧", False, id="joined emoji"),
        pytest.param("%_\\", False, id="punctuation"),
    ],
)
def test_any_name_is_resolved(match: Match, name: str, says_something: bool) -> None:
    named = {"first_name": name, "last_name": name}
    found = customers(match(table({"email": "a@b.org", **named}, {"email": "a@b.org", **named}, named, ANNA)))
    assert (found["0"] == found["1"]) is says_something
    assert len(set(found.values())) == (3 if says_something else 4)


def test_dates_in_any_format_are_one_date(match: Match) -> None:
    rules = "probabilistic: {enabled: false}\nrules: [{name: born, agree: [last_name, date_of_birth]}]\n"
    Path("rules.yaml").write_text(rules)
    texts = ["1990-03-25", "25.03.1990", "25 March 1990", "19900325", "1990-03-25T00:00:00Z", "3/25/1990"]
    written = table(*[{"last_name": "Smith", "date_of_birth": text} for text in texts])
    assert len(set(customers(match(written)).values())) == 1
    Path("typed").mkdir()
    for kind, value in {
        "date": date(1990, 3, 25),
        "moment": datetime(1990, 3, 25, tzinfo=UTC),
        "number": 19900325,
    }.items():
        typed = table({"last_name": "Smith", "date_of_birth": value})
        found = match(typed.with_columns(source=pl.lit(kind)), "--state", "typed")
    assert ids(found).height == 3
    assert ids(found)["customer_id"].n_unique() == 1


def test_numbers_where_text_belongs_are_read_as_text(match: Match) -> None:
    Path("rules.yaml").write_text("probabilistic: {enabled: false}\nrules: [{name: phone, agree: [phone]}]\n")
    numbers = [pl.Series([Decimal("4155552671.00")]), pl.Series([4155552671.0]), pl.Series([4155552671])]
    for number, phone in enumerate([*numbers, pl.Series(["(415) 555-2671"]), pl.Series(["+1 415 555 2671"])]):
        records = table({"record_id": str(number)}, phone=phone, email=pl.Series([7]))
        found = match(records, "--state", "state")
    assert ids(found).height == 5
    assert ids(found)["customer_id"].n_unique() == 1


def test_columns_that_are_not_read_are_named(match: Match) -> None:
    said = match(table({**ANNA, "e_mail": "x", "tags": ["a"]}))
    assert ids(said).height == 1
    assert "no such columns: e_mail, tags" in said.stderr


def test_names_and_dates_alone_can_be_learned_from(match: Match) -> None:
    people = [{**one, "record_id": id_} for id_, one in crowd(150).items()]
    known = table(*people).select("source", "record_id", "first_name", "last_name", "date_of_birth")
    Path("rules.yaml").write_text("rules: []\n")
    assert ids(match(known)).height == 300


@pytest.mark.slow
@pytest.mark.parametrize("alike", [False, True], ids=["different people", "one name"])
def test_an_email_that_all_share_makes_nobody_one(match: Match, alike: bool) -> None:
    count = 100_000
    names = [f"{'Anna' if alike else chr(97 + n % 26) + chr(97 + n // 26 % 26) + 'na'}" for n in range(count)]
    lasts = [f"{'Smith' if alike else chr(97 + n // 676 % 26) + chr(97 + n // 17576) + 'mith'}" for n in range(count)]
    keys = {"source": ["crm"] * count, "record_id": list(map(str, range(count))), "email": ["info@office.org"] * count}
    began = time.monotonic()
    found = ids(match(pl.DataFrame({**keys, "first_name": names, "last_name": lasts}), "--rules", str(shipped())))
    assert time.monotonic() - began < 120  # seconds, not minutes, on a machine that does something else too
    assert found["customer_id"].value_counts()["count"].max() == 1


# What cannot be used is refused in one line.


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"record_id": pl.Series(["1", "1"])}, "1 repeat another's. Keep the latest row"),
        ({"record_id": pl.Series(["1", None])}, "1 rows have a null or blank there"),
        ({"source": pl.Series([None, "crm"])}, "1 rows have a null or blank there"),
        ({"record_id": pl.Series(["1", ""])}, "1 rows have a null or blank there"),
        ({"source": pl.Series([" \t", "crm"])}, "1 rows have a null or blank there"),
        ({"record_id": pl.Series([["1"], ["2"]])}, "record_id has the type List(String); allowed are text and numbers"),
        ({"source": pl.Series([True, False])}, "source has the type Boolean"),
        ({"first_name": pl.Series([["Anna"], ["Ben"]])}, "first_name has the type List(String)"),
        ({"last_name": pl.Series([{"of": "Anna"}] * 2)}, "last_name has the type Struct"),
        ({"email": pl.Series([b"anna", b"ben"])}, "email has the type Binary"),
        ({"date_of_birth": pl.Series([clock(1, 2)] * 2)}, "date_of_birth has the type Time; allowed are dates"),
        ({"is_deleted": pl.Series(["maybe", "true"])}, "is_deleted has 1 other values in String; allowed are true"),
        ({"is_deleted": pl.Series([2, 1])}, "is_deleted has 1 other values in Int64"),
    ],
)
def test_columns_that_cannot_be_read_are_named(match: Match, columns: dict[str, pl.Series], said: str) -> None:
    line = refusal(match(table(ANNA, ANNA, **columns)))
    assert "records.parquet" in line
    assert said in line


@pytest.mark.parametrize("lacking", [["source"], ["record_id"], ["source", "record_id"]])
def test_records_without_keys_are_refused(match: Match, lacking: list[str]) -> None:
    assert f"records.parquet lacks {', '.join(lacking)}" in refusal(match(table(ANNA).drop(lacking)))


def _csv(path: Path) -> None:
    table(ANNA).write_csv(path)


def _json(path: Path) -> None:
    table(ANNA).write_json(path)


def _cut(path: Path) -> None:
    table(ANNA).write_parquet(path)
    path.write_bytes(path.read_bytes()[:-100])


def _damaged(path: Path) -> None:
    table(ANNA).write_parquet(path)
    path.write_bytes(path.read_bytes()[:8] + bytes(100) + path.read_bytes()[108:])


@pytest.mark.parametrize("write", [_csv, _json, _cut, _damaged, Path.touch])
def test_a_file_that_is_no_whole_parquet_is_refused(
    match: Match, write: Callable[[Path], None], tmp_path: Path
) -> None:
    write(tmp_path / "given.parquet")
    assert "given.parquet cannot be read: it is not a whole Parquet file" in refusal(match("given.parquet"))


def test_a_file_that_is_not_there_is_refused(match: Match) -> None:
    assert "nowhere.parquet cannot be read: no such file" in refusal(match("nowhere.parquet"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--memory", "much"), "--memory is 'much'; it must be a number and a unit, such as 500MB"),
        (("--memory", "-5GB"), "--memory is '-5GB'"),
        (("--memory", "0MB"), "--memory is '0MB'"),
        (("--memory", ""), "--memory is ''"),
        (("--memory", "5MB"), "5MB of memory were too little for these records; give more with --memory"),
        (("--rules", "nowhere.yaml"), "nowhere.yaml cannot be read: No such file"),
        (("--out", "records.parquet"), "--out records.parquet is the file of RECORDS and would take its place"),
        (("--out", "rules.yaml/ids.parquet"), "--out rules.yaml/ids.parquet cannot be written"),
        (("--out", "rules.yaml"), "--out rules.yaml is the file of --rules"),
        (("--out", "m.json", "--model", "m.json"), "--out m.json is the file of --model"),
        (("--out", "s/state.duckdb", "--state", "s"), "is the file of --state"),
    ],
)
def test_options_that_cannot_be_used_are_refused(match: Match, options: tuple[str, ...], said: str) -> None:
    assert said in refusal(match(table(ANNA), *options))
    assert pl.read_parquet("records.parquet").height == 1
    assert Path("rules.yaml").read_text() == RULES_ALONE


def test_a_device_is_not_replaced_by_a_file(match: Match) -> None:
    os.mkfifo("pipe")
    assert "--out pipe is not a file" in refusal(match(table(ANNA), "--out", "pipe"))
    assert Path("pipe").is_fifo()


@pytest.mark.parametrize("threads", ["0", "-1", "many"])
def test_a_number_of_threads_that_makes_no_sense_is_refused(match: Match, threads: str) -> None:
    said = match(table(ANNA), "--threads", threads)
    assert said.exit_code == 2
    assert "Invalid value for '--threads'" in said.stderr


def test_more_threads_than_there_are_processors_are_no_harm(match: Match) -> None:
    assert ids(match(table(ANNA), "--threads", "999999999")).height == 1


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("rulez: []", "there is no option 'rulez'; the options are: rules, junk"),
        ("rules: [{name: a, agree: [email], foo: 1}]", "there is no option 'foo'"),
        ("rules: [{name: a, agree: [e_mail]}]", "rules.0.agree.0 is 'e_mail'; input should be 'email'"),
        ("rules:\n  - [", "rules.yaml:2: this is not YAML"),
        ("- a", "rules.yaml: it must be a mapping of options"),
        ("", "rules.yaml: it must be a mapping of options"),
    ],
)
def test_rules_that_cannot_be_used_are_refused(match: Match, rules: str, said: str) -> None:
    Path("rules.yaml").write_text(rules)
    assert said in refusal(match(table(ANNA)))


def test_an_error_leaves_nothing_else_on_stderr(match: Match, tmp_path: Path) -> None:
    match(table(ANNA))
    Path("ids.parquet").unlink()
    Path("rules.yaml").write_text("rulez: []")
    command = [tool("cdp"), "match", "records.parquet", "--out", "ids.parquet", "--rules", "rules.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)


# The model is a file.


def test_what_the_rules_say_of_the_model_holds_for_one_that_is_there(match: Match) -> None:
    people = table(*[{**one, "record_id": id_} for id_, one in crowd(150).items()])
    trained = ids(match(people, "--model", "model.json", "--rules", str(shipped())))
    model = Path("model.json").read_bytes()
    found = {}
    for name, options in {"off": "enabled: false", "strict": "threshold: 0.999999999999", "lax": "seed: 1"}.items():
        Path("rules.yaml").write_text(f"probabilistic: {{{options}}}\nrules: []\n")
        found[name] = ids(match(people, "--model", "model.json"))["customer_id"].n_unique()
    assert "probabilistic" in trained["matched_by"]
    assert found["lax"] < found["strict"] <= found["off"] == 300
    assert Path("model.json").read_bytes() == model


@pytest.mark.parametrize(
    "text", ["{", "", "[]", "null", "{}", '{"trained_at": "2026-01-01T00:00:00", "records": 3, "foo": 1}', "\x00\x01"]
)
def test_a_model_file_with_something_else_is_refused(match: Match, text: str) -> None:
    Path("model.json").write_text(text)
    assert "model.json is not a match model of this version; train it again" in refusal(
        match(table(ANNA), "--model", "model.json")
    )
    assert Path("model.json").read_text() == text


@pytest.mark.parametrize(
    "changed",
    [
        {"junk": [["email", "x"]]},
        {"threshold": "high"},
        {"contexts": {"a": {}}},
        {"blocking": [["nothing"]]},
        {"records": None},
    ],
)
def test_a_model_file_that_was_changed_is_refused(match: Match, changed: dict[str, Any]) -> None:
    ids(match(table(ANNA), "--model", "model.json"))
    Path("ids.parquet").unlink()
    Path("model.json").write_text(json.dumps(json.loads(Path("model.json").read_text()) | changed))
    assert "model.json is not a match model of this version" in refusal(match(table(ANNA), "--model", "model.json"))


def test_a_model_is_written_once_and_read_from_then_on(match: Match) -> None:
    first = match(table(ANNA, ANNA), "--model", "new/model.json")
    assert "training" in first.stderr
    written = Path("new/model.json").read_bytes()
    again = match(table(ANNA), "--model", "new/model.json")
    assert ids(again).height == 1
    assert "training" not in again.stderr
    assert Path("new/model.json").read_bytes() == written
