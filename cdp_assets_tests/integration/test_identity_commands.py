"""What a steward does on the command line: decide, undo, list, and ask what became of an id."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result

from cdp_assets.cli import main
from cdp_assets.identity.contracts import DECISIONS, ID_HISTORY
from cdp_assets.identity.decisions import checked
from cdp_assets.tables import Table
from cdp_assets.warehouses.base import WriteMode
from cdp_assets.warehouses.duckdb import DuckDBWarehouse
from cdp_assets_tests.deployment import Deployment

Cdp = Callable[..., Result]
WHY = ("--why", "same passport")
RUN = datetime(2026, 6, 30, tzinfo=UTC)


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    """Records 1 to 5 of the crm, the last deleted there, and nothing else."""
    made = Deployment(tmp_path)
    rows = {
        "source": ["crm"] * 6,
        "record_id": ["1", "2", "3", "4", "5", "a:b"],
        "is_deleted": [*[False] * 4, True, False],
    }
    DuckDBWarehouse(made.duckdb_path).write_arrow(Table("lookup", "customer_records"), pl.DataFrame(rows).to_arrow())
    return made


@pytest.fixture
def cdp(deployment: Deployment) -> Cdp:
    """`cdp <arguments>` on the deployment, in this process."""
    return lambda *arguments: CliRunner(env=deployment.env).invoke(main, arguments)


@pytest.fixture
def noted(deployment: Deployment) -> Callable[[], list[tuple[Any, ...]]]:
    """The rows of `identity.decisions` in order of time, without it."""
    query = "SELECT record_id_l, record_id_r, decision, reason, decided_by FROM identity.decisions ORDER BY decided_at"
    return lambda: deployment.query(query).rows()


def refusal(result: Result) -> str:
    """The one line with which a command refuses."""
    assert result.exit_code == 1, result.output
    (line,) = result.stderr.splitlines()
    return line


def history(deployment: Deployment, *rows: tuple[int, str, str, str | None]) -> None:
    """Write `identity.id_history` from (day, event, id, other id)."""
    schema = pl.DataFrame(ID_HISTORY.empty()).schema
    told = [(RUN + timedelta(days=day), event, one, other, "run", f"{event} it was") for day, event, one, other in rows]
    frame = pl.DataFrame(told, schema=schema, orient="row")
    DuckDBWarehouse(deployment.duckdb_path).write_arrow(ID_HISTORY.table, frame.to_arrow().cast(ID_HISTORY.schema))


def test_a_decision_is_noted_with_who_and_why_and_the_next_run_is_said_to_apply_it(cdp: Cdp, noted) -> None:
    said = cdp("link", "crm:2", "crm:1", "--always", *WHY, "--by", "ann")
    assert said.exit_code == 0
    assert "noted, by ann: crm:1 and crm:2 are always one customer." in said.stdout
    assert "`cdp run`" in said.stdout
    assert noted() == [("1", "2", "always", "same passport", "ann")]


def test_a_decision_is_by_the_user_of_the_session_and_made_now(
    cdp: Cdp, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "bo")
    before = datetime.now(UTC)
    assert cdp("link", "crm:1", "crm:a:b", "--never", *WHY).exit_code == 0
    (row,) = deployment.query("SELECT record_id_r, decided_by, decided_at FROM identity.decisions").rows()
    assert row[:2] == ("a:b", "bo")
    assert before <= row[2] <= datetime.now(UTC)


def test_undoing_a_decision_restores_what_was_before_and_keeps_both_rows(cdp: Cdp, noted) -> None:
    cdp("link", "crm:1", "crm:2", "--never", *WHY)
    undone = cdp("link", "crm:2", "crm:1", "--undo", "--why", "a mistake")
    assert "crm:1 and crm:2 are up to the rules and the model again" in undone.stdout
    assert [row[2] for row in noted()] == ["never", "withdrawn"]
    assert cdp("decisions").stdout == "nothing is decided\n"
    assert cdp("link", "crm:1", "crm:2", "--always", *WHY).exit_code == 0


def test_an_undo_holds_even_when_the_clock_of_the_first_decision_was_ahead(cdp: Cdp, deployment: Deployment) -> None:
    ahead = datetime.now(UTC) + timedelta(days=1)
    row = ("crm", "1", "crm", "2", "never", "why", "ann", ahead)
    table = pl.DataFrame([row], schema=pl.DataFrame(DECISIONS.empty()).schema, orient="row").to_arrow()
    DuckDBWarehouse(deployment.duckdb_path).write_arrow(DECISIONS.table, table.cast(DECISIONS.schema))
    assert cdp("link", "crm:1", "crm:2", "--undo", *WHY).exit_code == 0
    assert checked(deployment.query("SELECT * FROM identity.decisions")).is_empty()


def test_what_is_decided_is_listed_for_people_and_programs(cdp: Cdp) -> None:
    cdp("link", "crm:1", "crm:2", "--always", *WHY, "--by", "ann")
    cdp("link", "crm:1", "crm:3", "--never", "--why", "father and\n son", "--by", "bo")
    always, never = cdp("decisions").stdout.splitlines()
    assert always.startswith("always  crm:1  crm:2  ")
    assert never.endswith("  bo  father and son")
    told = json.loads(cdp("decisions", "--json").stdout)
    assert [row["decision"] for row in told] == ["always", "never"]
    assert datetime.fromisoformat(told[0]["decided_at"]).tzinfo is not None


def test_before_anything_was_decided_the_list_is_empty(cdp: Cdp, deployment: Deployment) -> None:
    assert json.loads(cdp("decisions", "--json").stdout) == []
    assert "identity.decisions" not in deployment.table_names()


def test_a_decision_against_others_is_refused_with_both_named_and_not_noted(cdp: Cdp, noted) -> None:
    cdp("link", "crm:1", "crm:2", "--always", *WHY, "--by", "ann")
    cdp("link", "crm:2", "crm:3", "--always", *WHY, "--by", "bo")
    line = refusal(cdp("link", "crm:1", "crm:3", "--never", *WHY, "--by", "cy"))
    for part in (
        "never crm:1 and crm:3 (by cy, ",
        "always crm:1 and crm:2 (by ann, ",
        "always crm:2 and crm:3 (by bo, ",
    ):
        assert part in line
    assert len(noted()) == 2
    cdp("link", "crm:1", "crm:2", "--undo", *WHY)
    assert cdp("link", "crm:1", "crm:3", "--never", *WHY).exit_code == 0


def test_a_decision_of_the_same_pair_is_overruled_only_after_it_was_undone(cdp: Cdp, noted) -> None:
    cdp("link", "crm:1", "crm:2", "--always", *WHY, "--by", "ann")
    line = refusal(cdp("link", "crm:2", "crm:1", "--never", *WHY))
    assert "never crm:1 and crm:2 conflicts with" in line
    assert "always crm:1 and crm:2 (by ann, " in line
    assert "--undo" in line
    assert "decided already" in refusal(cdp("link", "crm:1", "crm:2", "--always", *WHY))
    assert len(noted()) == 1


def test_conflicts_in_a_table_filled_by_hand_are_told_and_can_be_undone_one_by_one(
    cdp: Cdp, deployment: Deployment
) -> None:
    rows = [("1", "2", "always"), ("2", "3", "always"), ("1", "3", "never"), ("3", "4", "always"), ("1", "4", "never")]
    filled = [("crm", one, "crm", other, word, None, None, RUN) for one, other, word in rows]
    table = pl.DataFrame(filled, schema=pl.DataFrame(DECISIONS.empty()).schema, orient="row").to_arrow()
    DuckDBWarehouse(deployment.duckdb_path).write_arrow(DECISIONS.table, table.cast(DECISIONS.schema), WriteMode.APPEND)
    listed = cdp("decisions")
    assert len(listed.stdout.splitlines()) == 5
    line = refusal(listed)
    assert "never crm:1 and crm:3 (by nobody named, 2026-06-30 00:00 UTC)" in line
    assert "(1 more conflicts)" in line
    assert cdp("link", "crm:1", "crm:3", "--undo", *WHY).exit_code == 0
    assert cdp("link", "crm:1", "crm:4", "--undo", *WHY).exit_code == 0
    assert cdp("decisions").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("crm:1", "crm:9", "--always", *WHY), "crm:9 is no record of lookup.customer_records"),
        (
            ("crm:1", "c_abc", "--always", *WHY),
            "'c_abc' does not name a record; write source:record_id, such as crm:42",
        ),
        (("crm:1", "crm:1", "--never", *WHY), "crm:1 is named twice"),
        (("crm:1", "crm:2", "--undo", *WHY), "nothing is decided of crm:1 and crm:2"),
        (("crm:1", "crm:2", "--never", "--why", " "), "--why is empty"),
    ],
)
def test_what_cannot_be_decided_is_refused_in_one_line_that_says_how(
    cdp: Cdp, deployment: Deployment, arguments: tuple[str, ...], said: str
) -> None:
    assert said in refusal(cdp("link", *arguments))
    if "identity.decisions" in deployment.table_names():
        assert deployment.query("SELECT * FROM identity.decisions").is_empty()


@pytest.mark.parametrize("words", [(), ("--always", "--never"), ("--never", "--undo")])
def test_exactly_one_decision_is_made_at_a_time(cdp: Cdp, words: tuple[str, ...]) -> None:
    result = cdp("link", "crm:1", "crm:2", *words, *WHY)
    assert result.exit_code == 2
    assert "one of --always, --never and --undo" in result.stderr


def test_a_decision_on_a_deleted_record_is_noted_and_said_to_wait(cdp: Cdp, noted) -> None:
    said = cdp("link", "crm:1", "crm:5", "--never", *WHY)
    assert said.exit_code == 0
    assert "crm:5 is deleted at its source" in said.stdout
    assert len(noted()) == 1


def test_before_the_first_run_there_is_nothing_to_decide_of(tmp_path: Path) -> None:
    empty = Deployment(tmp_path / "empty")
    empty.folder.mkdir()
    result = CliRunner(env=empty.env).invoke(main, ["link", "crm:1", "crm:2", "--never", *WHY])
    assert "lookup.customer_records is not there yet; start `cdp run`" in refusal(result)
    assert empty.table_names() == []


def test_any_id_ever_issued_leads_to_those_that_hold_its_records_now(cdp: Cdp, deployment: Deployment) -> None:
    history(
        deployment,
        (0, "created", "c_a", None), (0, "created", "c_b", None), (0, "created", "c_x", None),
        (1, "created", "c_u", None),
        (1, "split", "c_b", "c_u"),
        (2, "merged", "c_a", "c_b"),
        (3, "created", "c_d", None), (3, "split", "c_b", "c_d"),
        (4, "retired", "c_x", None),
    )  # fmt: skip
    story = json.loads(cdp("id", "c_a", "--json").stdout)
    assert story["current"] == ["c_b", "c_d"]  # c_u took from c_b what was never c_a's
    assert [(event["event"], event["customer_id"]) for event in story["events"]] == [
        ("created", "c_a"),
        ("merged", "c_a"),
        ("split", "c_b"),
    ]
    first, *events = cdp("id", "c_a").stdout.splitlines()
    assert first == "c_a is now c_b, c_d"
    assert events[1] == "2026-07-02 00:00  merged   c_a -> c_b  merged it was"
    assert cdp("id", "c_b").stdout.startswith("c_b is now c_b, c_d, c_u\n")
    assert cdp("id", "c_x").stdout.startswith("c_x is now nobody: all its records are gone\n")
    assert cdp("id", "c_d").stdout.startswith("c_d is now c_d\n")


def test_an_id_that_was_never_issued_is_said_so(cdp: Cdp, deployment: Deployment) -> None:
    assert "identity.id_history is not there yet" in refusal(cdp("id", "c_a"))
    history(deployment, (0, "created", "c_a", None), (1, "merged", "c_a", "c_b"))
    assert "'c_zz' was never issued" in refusal(cdp("id", "c_zz"))


def test_the_commands_are_among_those_cdp_offers(cdp: Cdp) -> None:
    said = cdp("--help").stdout
    for command in ("link", "decisions", "id"):
        assert f"\n  {command} " in said
