"""`cdp match --state`: what comes, changes and goes, whatever happens in between, as one call would have it."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest

from cdp_assets_tests.deployment import tool
from cdp_assets_tests.integration.matching import ANNA, RULES_ALONE, Match, customers, ids, refusal, shipped, table
from cdp_assets_tests.unit.identity.pipeline.lookup import crowd


def people(count: int) -> pl.DataFrame:
    """Two records a person, and enough people to learn from."""
    rows = [{"source": "crm", "record_id": id_, **one} for id_, one in crowd(count).items()]
    return pl.DataFrame(rows, infer_schema_length=None)


def test_the_same_call_twice_writes_the_same_bytes(match: Match) -> None:
    for options in ((), ("--state", "state")):
        ids(match(people(60), *options))
        first = Path("ids.parquet").read_bytes()
        ids(match(people(60), *options))
        assert Path("ids.parquet").read_bytes() == first


def test_what_comes_changes_and_goes_is_resolved_as_all_of_it_would_be(match: Match) -> None:
    Path("rules.yaml").write_text(shipped().read_text())
    everyone = people(150)
    state = ("--state", "state", "--model", "model.json")
    first = customers(match(everyone.slice(0, 290), *state))
    gone = everyone.slice(0, 3).select("source", "record_id", is_deleted=True)
    moved = everyone.slice(10, 2).with_columns(street=pl.lit("1 Other Road"), email=pl.lit(None, pl.String))
    after = ids(match(pl.concat([everyone.slice(290), gone, moved], how="diagonal"), *state))
    now = pl.concat([everyone.slice(3, 7), moved, everyone.slice(12)])
    assert after.height == now.height == 297
    kept = dict(after.select("record_id", "customer_id").iter_rows())
    moved_away = {first[id_] for id_ in everyone.slice(12, 278)["record_id"] if kept[id_] != first[id_]}
    assert len(moved_away) <= 3
    assert moved_away <= told_of("merged", "split")
    whole = ids(match(now.sample(fraction=1, shuffle=True, seed=1), "--model", "model.json"))
    parts = after.join(whole, on=["source", "record_id"], suffix="_whole")
    assert parts.height == 297
    assert parts.n_unique(["customer_id", "customer_id_whole"]) == parts["customer_id"].n_unique()
    assert parts["customer_id"].n_unique() == parts["customer_id_whole"].n_unique()
    assert parts["matched_by"].to_list() == parts["matched_by_whole"].to_list()


def told_of(*events: str) -> set[str]:
    """The ids to which the history says that this happened."""
    with duckdb.connect("state/state.duckdb", read_only=True) as state:
        happened = state.execute("SELECT event, customer_id FROM identity.id_history").fetchall()
    return {id_ for event, id_ in happened if event in events}


def test_a_record_that_nobody_knows_may_be_deleted(match: Match) -> None:
    sent = pl.concat([table(ANNA), table({"record_id": "404", "is_deleted": "TRUE"})], how="diagonal")
    assert list(customers(match(sent, "--state", "state"))) == ["0"]
    assert list(customers(match(table({"record_id": "405", "is_deleted": True}), "--state", "state"))) == ["0"]


@pytest.mark.parametrize("kind", [pl.Int64, pl.Float64, pl.Decimal(10, 2), pl.Categorical])
def test_a_record_is_known_by_its_id_whatever_type_that_has(match: Match, kind: pl.DataType) -> None:
    numbers = pl.Series(["7", "8"]).cast(pl.String if kind == pl.Categorical else pl.Int64).cast(kind)
    both = table(ANNA, {"email": "b@b.org"}, record_id=numbers)
    first = customers(match(both, "--state", "state"))
    assert sorted(first) == ["7", "8"]
    assert customers(match(both.with_columns(first_name=pl.lit("Eve")), "--state", "state")) == first
    assert list(customers(match(both.head(1).with_columns(is_deleted=True), "--state", "state"))) == ["8"]


def test_phones_without_a_country_code_are_read_where_the_rules_say(match: Match) -> None:
    home = "phone_regions: {default: [DE], crm: [GB]}\n"
    rules = "probabilistic: {enabled: false}\nrules: [{name: phone, agree: [phone]}]\n"
    sent = table({"phone": "020 7946 0958"}, {"phone": "+44 20 7946 0958"}, {"phone": "020 7946 0958", "source": "erp"})
    for text, expected in ((home + rules, 2), (rules, 3)):
        Path("rules.yaml").write_text(text)
        assert ids(match(sent))["customer_id"].n_unique() == expected


def test_a_state_that_began_with_too_little_learns_from_all_that_it_knows(match: Match) -> None:
    Path("rules.yaml").write_text(shipped().read_text())
    everyone = people(150)
    assert "by rules alone" in match(everyone.head(0), "--state", "state").stderr
    assert "by rules alone" in match(everyone.head(3), "--state", "state").stderr
    assert "by rules alone" in match(everyone.tail(297), "--state", "state").stderr, "three more are known"
    learned = match(everyone, "--state", "state")
    assert "by rules alone" not in learned.stderr
    assert "probabilistic" in ids(learned)["matched_by"]


def test_rules_alone_leave_the_states_model_for_later(match: Match) -> None:
    everyone, on = people(150), shipped().read_text()
    Path("rules.yaml").write_text(on)
    first = ids(match(everyone, "--state", "state"))
    model = Path("state/model.json").read_bytes()
    Path("rules.yaml").write_text(on.replace("probabilistic:", "probabilistic:\n    enabled: false"))
    alone = match(everyone.head(1), "--state", "state")
    assert "by rules alone: probabilistic matching is switched off" in alone.stderr
    assert "probabilistic" in first["matched_by"]
    assert "probabilistic" not in ids(alone)["matched_by"]
    assert Path("state/model.json").read_bytes() == model
    Path("rules.yaml").write_text(on)
    links = ["record_id", "matched_by", "match_probability"]
    assert ids(match(everyone.head(1), "--state", "state")).select(links).equals(first.select(links))


def test_a_state_is_told_how_to_learn_later(match: Match) -> None:
    Path("rules.yaml").write_text(shipped().read_text())
    assert "give all records in one file to learn" in match(people(2), "--state", "state").stderr
    assert "give all records" not in match(people(2)).stderr


def test_too_many_records_that_share_an_email_are_refused_and_leave_the_state_as_it_was(match: Match) -> None:
    Path("rules.yaml").write_text(shipped().read_text())
    everyone = people(150)
    ids(match(everyone, "--state", "state"))
    before = contents()
    Path("ids.parquet").unlink()
    names = [f"{a}{b}{c}na" for a in "bcdfghklmnprst" for b in "aeiou" for c in "bcdfghklmnprstvwxyz"] * 2
    sent: list[dict[str, object]] = [
        {"record_id": f"burst{at}", "email": "info@office.org", "first_name": names[at]} for at in range(2_001)
    ]
    # One that is known changes, one goes: both must be back.
    sent += [{**everyone.row(0, named=True), "email": "info@office.org"}, {"record_id": "1-a", "is_deleted": True}]
    line = refusal(match(table(*sent), "--state", "state"))
    assert "delete the model's file (--model's, and model.json in --state) and give all records once" in line
    assert "retrain: true and adopt: true" in line
    assert contents() == before
    assert ids(match(table({"record_id": "new"}), "--state", "state")).height == 301
    Path("state/model.json").unlink()
    every = pl.concat([everyone, table({"record_id": "new"}, *sent[:2_001])], how="diagonal")
    assert ids(match(every, "--state", "state")).height == 2_302
    assert ids(match(table({"record_id": "newer"}), "--state", "state")).height == 2_303


def contents() -> list[tuple[object, ...]]:
    """What the state knows of its records, whatever their numbers."""
    with duckdb.connect("state/state.duckdb", read_only=True) as state:
        records = state.execute("SELECT * EXCLUDE (record_number) FROM identity.records ORDER BY ALL").fetchall()
        both = "identity.match_keys JOIN identity.records USING (record_number)"
        keys = state.execute(f"SELECT source, record_id, key, value FROM {both} ORDER BY ALL").fetchall()
        return [*records, *keys]


def test_a_state_without_its_model_does_not_learn_from_a_few_new_records(match: Match) -> None:
    first = customers(match(table(ANNA, ANNA), "--state", "state"))
    Path("ids.parquet").unlink()
    Path("state/model.json").rename("model.json")
    line = refusal(match(table(ANNA), "--state", "state"))
    assert "state/state.duckdb lacks its model; name it with --model, or give all records once" in line
    assert customers(match(table(ANNA), "--state", "state", "--model", "model.json")) == first


def test_records_normalised_otherwise_do_not_stay_beside_others(match: Match) -> None:
    first = customers(match(table(ANNA, ANNA), "--state", "state"))
    Path("ids.parquet").unlink()
    Path("rules.yaml").write_text(RULES_ALONE + "junk: {emails: [anna@smith.org]}\n")
    line = refusal(match(table(ANNA), "--state", "state"))
    assert "1 records of state/state.duckdb were normalised with another model" in line
    assert "give all records once" in line
    now = customers(match(table(ANNA, ANNA), "--state", "state"))
    assert now["0"] != now["1"]
    assert first["0"] in now.values()


def test_a_model_that_is_refused_does_not_take_the_place_of_the_states_own(match: Match) -> None:
    Path("rules.yaml").write_text(RULES_ALONE + "junk: {most_names_per_value: 2}\n")
    shared = [{**ANNA, "first_name": name, "last_name": name} for name in ("Bob", "Carla", "Dieter")]
    assert ids(match(table(*shared), "--model", "other.json")).height == 3
    assert ids(match(table(ANNA, ANNA), "--state", "state")).height == 2
    Path("ids.parquet").unlink()
    own = Path("state/model.json").read_bytes()
    assert own != Path("other.json").read_bytes()
    assert "give all records once" in refusal(match(table(ANNA), "--state", "state", "--model", "other.json"))
    assert Path("state/model.json").read_bytes() == own
    assert ids(match(table(ANNA, ANNA), "--state", "state", "--model", "other.json"))["customer_id"].n_unique() == 2
    assert Path("state/model.json").read_bytes() == Path("other.json").read_bytes()


def _foreign(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE orders (id INTEGER)")


def _older(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA identity; CREATE TABLE identity.customer_ids (source TEXT, id TEXT)")


def _text(path: Path) -> None:
    path.write_text("SQLite format 3\x00" + "x" * 4096)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_foreign, "is no state of `cdp match`: it holds main.orders"),
        (_older, "was kept by another version of this program: identity.customer_ids has other columns"),
        (_text, "is no DuckDB file"),
        (Path.mkdir, "is no DuckDB file"),
    ],
)
def test_another_database_is_no_state(match: Match, make: Callable[[Path], None], said: str) -> None:
    Path("state").mkdir()
    make(Path("state/state.duckdb"))
    before = Path("state/state.duckdb").stat()
    assert said in refusal(match(table(ANNA), "--state", "state"))
    assert Path("state/state.duckdb").stat() == before or make is not _text
    assert not Path("state/model.json").exists()


def test_a_file_in_place_of_the_folder_is_refused(match: Match) -> None:
    Path("state").touch()
    said = match(table(ANNA), "--state", "state")
    assert said.exit_code == 2
    assert "Directory 'state' is a file" in said.stderr


def started(folder: Path, *options: str) -> "subprocess.Popen[str]":
    """`cdp match` in a process of its own."""
    command = [tool("cdp"), "match", "records.parquet", "--out", "ids.parquet", "--rules", "rules.yaml"]
    return subprocess.Popen([*command, *options], cwd=folder, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("moment", ["storing", "comparing", "clustering", "writing"])
def test_after_a_kill_the_same_call_gives_what_one_call_would_have_given(
    match: Match, tmp_path: Path, moment: str
) -> None:
    Path("rules.yaml").write_text(shipped().read_text())
    everyone = people(150)
    state = ("--state", "state", "--model", "model.json")
    ids(match(everyone.tail(200), *state))
    shutil.copytree("state", "clean")
    once = ids(match(everyone, "--state", "clean", "--model", "model.json"))
    process = started(tmp_path, *state)
    assert process.stderr is not None
    for line in process.stderr:
        if moment in line:
            process.kill()
            break
    process.wait(60)
    assert ids(match(everyone, *state)).equals(once)


def test_two_calls_on_one_state_take_turns(match: Match, tmp_path: Path) -> None:
    ids(match(people(60), "--state", "state"))
    table(*[{"email": f"{n}@b.org", "first_name": "Eve"} for n in range(50)]).write_parquet("records.parquet")
    both = [started(tmp_path, "--state", "state") for _ in range(2)]
    said = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert pl.read_parquet("ids.parquet").height == 170
    assert list(tmp_path.glob(".ids*")) == []


def test_a_state_that_another_program_holds_is_waited_for_and_then_named(
    match: Match, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ids(match(table(ANNA), "--state", "state"))
    Path("ids.parquet").unlink()
    monkeypatch.setenv("CDP_LOCK_TIMEOUT_SECONDS", "0.2")
    hold = "import duckdb, sys; c = duckdb.connect('state/state.duckdb'); print('held', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", hold]
    with subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        line = refusal(match(table(ANNA), "--state", "state"))
        assert f"is in use by process {holder.pid}" in line
        assert "set CDP_LOCK_TIMEOUT_SECONDS higher" in line
        holder.communicate("")
