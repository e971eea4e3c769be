"""Refreshing an audience keeps who stays, logs who moves, and follows merged customer ids."""

from datetime import timedelta

import pytest

from cdp_assets.audiences.catalogue import Catalogue
from cdp_assets.audiences.contracts import HISTORY, audience_contract
from cdp_assets.audiences.declared import CUSTOMERS
from cdp_assets.audiences.definition import AudienceDefinition
from cdp_assets.audiences.membership import refresh_audience, refresh_audiences
from cdp_assets.audiences.order import priorities
from cdp_assets.errors import CdpError, WarehouseError
from cdp_assets.identity.contracts import ID_HISTORY
from cdp_assets.tables import Table
from cdp_assets_tests.unit.audiences.world import AS_OF, customer, definition, fill

FRENCH = definition({"property": {"field": "country", "eq": "FR"}}, name="french")
LATER, LATEST = AS_OF + timedelta(days=1), AS_OF + timedelta(days=2)


def have(warehouse, *french):
    fill(warehouse, {CUSTOMERS: [customer("other", country="DE"), *(customer(c, country="FR") for c in french)]})


def merge(warehouse, **merged):
    for gone, survivor in merged.items():
        row = f"SELECT 'merged' AS event, '{gone}' AS customer_id, '{survivor}' AS other_customer_id"
        warehouse.write_select(ID_HISTORY.table, row, "append")


def members(warehouse):
    rows = warehouse.read_arrow("SELECT * FROM audiences.french").to_pylist()
    return {row["customer_id"]: row["entered_at"] for row in rows}


def log(warehouse):
    rows = warehouse.read_arrow("SELECT * FROM audiences.membership_log").to_pylist()
    return sorted((row["at"], row["change"], row["customer_id"]) for row in rows)


def test_members_enter_stay_and_leave(warehouse):
    have(warehouse, "a", "b")
    first = refresh_audience(warehouse, FRENCH, AS_OF)
    have(warehouse, "b", "c")
    second = refresh_audience(warehouse, FRENCH, LATER)
    assert (first.members, first.entered, first.exited) == (2, 2, 0)
    assert (second.members, second.entered, second.exited, second.merged) == (2, 1, 1, 0)
    assert members(warehouse) == {"b": AS_OF, "c": LATER}
    assert log(warehouse) == [
        (AS_OF, "enter", "a"),
        (AS_OF, "enter", "b"),
        (LATER, "enter", "c"),
        (LATER, "exit", "a"),
    ]


def test_the_same_run_twice_changes_nothing(warehouse):
    have(warehouse, "a", "b")
    refresh_audience(warehouse, FRENCH, AS_OF)
    before = members(warehouse), log(warehouse)
    again = refresh_audience(warehouse, FRENCH, AS_OF)
    assert (again.members, again.entered, again.exited, again.merged) == (2, 0, 0, 0)
    assert (members(warehouse), log(warehouse)) == before


def test_who_left_and_came_back_entered_anew(warehouse):
    for people, as_of in ((["a"], AS_OF), ([], LATER), (["a"], LATEST)):
        have(warehouse, *people)
        refresh_audience(warehouse, FRENCH, as_of)
    assert members(warehouse) == {"a": LATEST}
    assert [change for _, change, _ in log(warehouse)] == ["enter", "exit", "enter"]


def test_a_merged_member_hands_its_earlier_entry_to_the_survivor(warehouse):
    have(warehouse, "a")
    refresh_audience(warehouse, FRENCH, AS_OF)
    have(warehouse, "c")
    merge(warehouse, a="b", b="c")
    change = refresh_audience(warehouse, FRENCH, LATER)
    assert (change.entered, change.exited, change.merged) == (0, 0, 1)
    assert members(warehouse) == {"c": AS_OF}
    assert log(warehouse)[1:] == [(LATER, "merged", "a")]


def test_two_members_merged_are_one_since_the_earlier_entry(warehouse):
    have(warehouse, "a")
    refresh_audience(warehouse, FRENCH, AS_OF)
    have(warehouse, "a", "b")
    refresh_audience(warehouse, FRENCH, LATER)
    have(warehouse, "b")
    merge(warehouse, a="b")
    refresh_audience(warehouse, FRENCH, LATEST)
    assert members(warehouse) == {"b": AS_OF}
    assert log(warehouse)[2:] == [(LATEST, "merged", "a")]
    assert refresh_audience(warehouse, FRENCH, LATEST).merged == 0


def test_a_member_merged_into_someone_outside_the_audience_leaves(warehouse):
    have(warehouse, "a")
    refresh_audience(warehouse, FRENCH, AS_OF)
    have(warehouse)
    merge(warehouse, a="other")
    assert refresh_audience(warehouse, FRENCH, LATER).exited == 1
    assert members(warehouse) == {}


def test_a_circle_of_merges_ends(warehouse):
    have(warehouse, "a")
    refresh_audience(warehouse, FRENCH, AS_OF)
    have(warehouse, "c")
    merge(warehouse, a="b", b="a")
    change = refresh_audience(warehouse, FRENCH, LATER)
    assert (change.entered, change.exited, change.merged) == (1, 1, 0)


def test_audiences_share_the_log_without_disturbing_each_other(warehouse):
    have(warehouse, "a")
    german = definition({"property": {"field": "country", "eq": "DE"}}, name="german")
    refresh_audience(warehouse, FRENCH, AS_OF)
    change = refresh_audience(warehouse, german, AS_OF)
    assert (change.members, change.entered) == (1, 1)
    versions = warehouse.read_arrow(
        "SELECT audience, definition_version AS v FROM audiences.membership_log"
    ).to_pylist()
    assert {row["audience"]: row["v"] for row in versions} == {"french": FRENCH.version, "german": german.version}


def test_the_tables_are_as_the_contracts_say(warehouse):
    have(warehouse, "a")
    refresh_audience(warehouse, FRENCH, AS_OF)
    for contract in (audience_contract(FRENCH), *HISTORY):
        written = warehouse.read_arrow(f"SELECT * FROM {contract.table}")
        assert {f.name: f.type for f in written.schema} == {c.name: c.type for c in contract.columns}


def test_a_failure_between_the_writes_leaves_everything_as_it_was(warehouse, monkeypatch):
    have(warehouse, "a")
    refresh_audience(warehouse, FRENCH, AS_OF)
    before = members(warehouse), log(warehouse)
    have(warehouse, "b")
    real = type(warehouse).write_select

    def failing(self, table, *rest):
        if table == Table("audiences", "french"):
            raise WarehouseError("lost the connection")
        return real(self, table, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(type(warehouse), "write_select", failing)
        with pytest.raises(CdpError, match="lost"):
            refresh_audience(warehouse, FRENCH, LATER)
    assert (members(warehouse), log(warehouse)) == before


def test_a_failure_leaves_no_work_table_behind(warehouse, monkeypatch):
    have(warehouse, "a")
    refresh_audience(warehouse, FRENCH, AS_OF)
    before = warehouse.tables()
    with monkeypatch.context() as patch:
        patch.setattr("cdp_assets.audiences.membership.record_sizes", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            refresh_audience(warehouse, FRENCH, LATER)
    assert warehouse.tables() == before
    assert members(warehouse) == {"a": AS_OF}


def test_what_a_killed_refresh_has_left_is_taken_away_by_the_next_and_the_table_of_a_model_is_not(warehouse):
    have(warehouse, "a")
    refresh = definition({"audience": {"in": "refresh__model"}}, name="refresh")
    catalogue = Catalogue.declared(audiences=priorities([FRENCH, refresh]))
    for name in ("refresh__found_7", "refresh__events_facts", "refresh__model"):
        warehouse.write_select(Table("audiences", name), "SELECT 'a' AS customer_id")
    refresh_audience(warehouse, FRENCH, AS_OF, catalogue)
    names = {table.name for table in warehouse.tables(["audiences"])}
    assert {name for name in names if name.startswith("refresh__")} == {"refresh__model"}


def test_a_customer_is_in_the_first_audience_of_a_list_that_would_have_them(warehouse):
    anyone = {"property": {"field": "customer_id", "is_set": True}}
    first = definition(FRENCH.condition.model_dump(by_alias=True, exclude_defaults=True), **place("french", 1))
    second = definition(anyone, **place("second", 2))
    third = definition(anyone, **place("third", 3))
    catalogue = Catalogue.declared(audiences=priorities([first, second, third]))
    have(warehouse, "a")
    for one in (first, second, third):
        refresh_audience(warehouse, one, AS_OF, catalogue)
    assert (who(warehouse, "french"), who(warehouse, "second"), who(warehouse, "third")) == ({"a"}, {"other"}, set())
    have(warehouse, "other")
    for one in (first, second, third):
        refresh_audience(warehouse, one, LATER, catalogue)
    assert (who(warehouse, "french"), who(warehouse, "second")) == ({"other"}, set())


def place(name, rank):
    return {"name": name, "priority": {"list": "emails", "rank": rank}}


def who(warehouse, name):
    return set(warehouse.read_arrow(f"SELECT customer_id FROM audiences.{name}")["customer_id"].to_pylist())


def test_each_version_of_a_definition_is_written_down_once_with_its_meaning(warehouse):
    have(warehouse, "a")
    german = definition({"property": {"field": "country", "eq": "DE"}}, name="french")
    for audience, as_of in ((FRENCH, AS_OF), (FRENCH, LATER), (german, LATER), (FRENCH, LATEST)):
        refresh_audience(warehouse, audience, as_of)
    rows = warehouse.read_arrow("SELECT * FROM audiences.definitions").to_pylist()
    assert [(row["definition_version"], row["since"]) for row in sorted(rows, key=lambda row: row["since"])] == [
        (FRENCH.version, AS_OF),
        (german.version, LATER),
        (FRENCH.version, LATEST),
    ]
    assert AudienceDefinition.model_validate_json(rows[0]["definition"]) == FRENCH


def test_later_runs_of_one_moment_have_larger_numbers_in_the_log(warehouse):
    for people in (["a"], [], ["a"]):
        have(warehouse, *people)
        refresh_audiences(warehouse, [FRENCH], AS_OF)
    rows = warehouse.read_arrow("SELECT * FROM audiences.membership_log").to_pylist()
    assert [row["change"] for row in sorted(rows, key=lambda row: row["sequence"])] == ["enter", "exit", "enter"]
    assert len({row["sequence"] for row in rows}) == 3
