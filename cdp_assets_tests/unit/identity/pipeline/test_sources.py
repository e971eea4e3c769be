"""Only records whose rows changed are read and normalised again, and all of those."""

import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_assets.identity.config import IdentityConfig, Junk
from cdp_assets.identity.normalise.inputs import KEY, TEXTS
from cdp_assets.identity.pipeline.refresh import source_version, update_records
from cdp_assets.identity.pipeline.sources import count_live
from cdp_assets.identity.scoring.model import MatchModel
from cdp_assets.tables import Table
from cdp_assets_tests.unit.identity.pipeline.lookup import FULL, Lookup

CONFIG = IdentityConfig()
MODEL = MatchModel(datetime(2026, 6, 1, tzinfo=UTC), 0, reason="by rules alone")
READ = [name for name in (*TEXTS, "date_of_birth") if name not in KEY]
PEOPLE = {"1": FULL, "2": {"email": "bob@b.org"}, "3": {}}
FURTHER = [("1", "email", "anna2@b.org"), ("2", "phone", "+13059043601")]


@pytest.fixture
def lookup(tmp_path: Path) -> Lookup:
    return Lookup(tmp_path)


def changed(lookup: Lookup, model: MatchModel = MODEL, config: IdentityConfig = CONFIG, **options: bool) -> set[str]:
    """Bring the records up to date; the ids of those that were normalised."""
    with lookup.warehouse.session():
        return set(update_records(lookup.warehouse, config, model, **options).records["record_id"])


def stored(lookup: Lookup) -> pl.DataFrame:
    """`identity.records` and the values of `identity.match_keys`, without the numbers they were given."""
    with lookup.warehouse.session():
        tables = [lookup.warehouse.read_arrow(f"SELECT * FROM identity.{name}") for name in ("records", "match_keys")]
    records, keys = map(pl.DataFrame, tables)
    assert records["record_number"].is_unique().all()
    values = keys.sort("key", "value").group_by("record_number", maintain_order=True).agg("key", "value")
    named = records.join(values, on="record_number", how="left").drop("record_number")
    assert values.height == named["key"].count(), "every match key is some record's"
    return named.sort("source", "record_id")


def test_at_first_every_live_record_is_new_and_then_none_is(lookup: Lookup):
    lookup.holds({**PEOPLE, "4": FULL | {"is_deleted": True}}, FURTHER)
    assert changed(lookup) == {"1", "2", "3"}
    assert count_live(lookup.warehouse) == 3
    assert changed(lookup) == set()
    assert set(stored(lookup)["emails"][0].split()) == {"anna@b.org", "anna2@b.org"}


@pytest.mark.parametrize("column", READ)
def test_a_value_that_changed_is_noticed_whichever_it_is(lookup: Lookup, column: str):
    born = column == "date_of_birth"
    others = [date(1990, 1, 1), None] if born else ["another value", "", None]
    lookup.holds(PEOPLE, FURTHER)
    changed(lookup)
    for other in others:
        lookup.holds(PEOPLE | {"1": {**FULL, column: other}}, FURTHER)
        assert changed(lookup) == {"1"}, other


def test_a_value_that_moved_to_another_column_is_a_change(lookup: Lookup):
    lookup.holds({"1": {"first_name": "anna", "last_name": None}, "2": {"first_name": "ab", "last_name": "c"}})
    changed(lookup)
    lookup.holds({"1": {"first_name": None, "last_name": "anna"}, "2": {"first_name": "a", "last_name": "bc"}})
    assert changed(lookup) == {"1", "2"}


def test_what_no_match_key_is_made_from_is_no_change(lookup: Lookup):
    lookup.holds(PEOPLE, FURTHER)
    changed(lookup)
    later = {"source_updated_at": datetime(2026, 7, 1, tzinfo=UTC), "_load_id": "later"}
    lookup.holds({record: {**person, **later} for record, person in PEOPLE.items()}, FURTHER)
    assert changed(lookup) == set()


@pytest.mark.parametrize(
    ("further", "expected"),
    [
        (FURTHER[::-1], set()),
        ([*FURTHER, FURTHER[0]], set()),
        (FURTHER[1:], {"1"}),
        ([*FURTHER, ("3", "email", "c@d.org")], {"3"}),
        ([("1", "phone", "anna2@b.org"), FURTHER[1]], {"1"}),
        ([("1", "email", "anna3@b.org"), FURTHER[1]], {"1"}),
        ([("2", "email", "anna2@b.org"), FURTHER[1]], {"1", "2"}),
    ],
    ids=["another order", "twice", "gone", "new", "another type", "another value", "another record's"],
)
def test_further_identifiers_are_part_of_a_record(lookup: Lookup, further: list, expected: set[str]):
    lookup.holds(PEOPLE, FURTHER)
    changed(lookup)
    lookup.holds(PEOPLE, further)
    assert changed(lookup) == expected


def test_deleted_and_vanished_records_are_gone_and_come_back(lookup: Lookup):
    lookup.holds(PEOPLE, FURTHER)
    changed(lookup)
    lookup.holds({"1": FULL | {"is_deleted": True}, "2": PEOPLE["2"]}, FURTHER)
    found = update_records(lookup.warehouse, CONFIG, MODEL)
    assert (found.records.height, sorted(found.gone["record_id"])) == (0, ["1", "3"])
    assert stored(lookup)["record_id"].to_list() == ["2"]
    lookup.holds(PEOPLE, FURTHER)
    assert changed(lookup) == {"1", "3"}


def test_what_else_decides_about_match_keys_makes_every_record_a_changed_one(lookup: Lookup):
    lookup.holds(PEOPLE, FURTHER)
    assert changed(lookup) == set(PEOPLE)
    junk = MatchModel(MODEL.trained_at, 0, junk=[("phone", "+13059043601", "shared by many names")], reason="by rules")
    assert changed(lookup, junk) == set(PEOPLE)
    assert stored(lookup)["phones"].to_list() == ["+13059043600", None, None]
    blocked = CONFIG.model_copy(update={"junk": Junk(emails=("bob@b.org",))})
    assert changed(lookup, junk, blocked) == set(PEOPLE)
    assert changed(lookup, junk, blocked) == set()
    assert changed(lookup, junk, blocked, anew=True) == set(PEOPLE)


def test_rules_and_guards_decide_nothing_about_match_keys():
    rules = IdentityConfig.model_validate({"rules": [{"name": "email", "agree": ["email"]}]})
    assert source_version(rules, MODEL) == source_version(CONFIG, MODEL)


def test_a_record_keeps_its_number_when_it_changes_and_when_all_is_made_anew(lookup: Lookup):
    def numbers() -> dict[str, int]:
        rows = lookup.warehouse.read_arrow("SELECT record_id, record_number FROM identity.records").to_pylist()
        return {row["record_id"]: row["record_number"] for row in rows}

    lookup.holds(PEOPLE)
    changed(lookup)
    before = numbers()
    lookup.holds({"0": FULL, **PEOPLE, "2": FULL})
    changed(lookup)
    changed(lookup, anew=True)
    assert {record: number for record, number in numbers().items() if record != "0"} == before
    assert numbers()["0"] not in before.values()


people = st.fixed_dictionaries(
    {},
    optional={
        "email": st.sampled_from(["a@b.org", "c@d.org", ""]),
        "first_name": st.sampled_from(["Anna", "An", "na", " "]),
        "last_name": st.sampled_from(["Anna", "An", "na", "-", "4:Anna"]),
        "is_deleted": st.booleans(),
    },
)
states = st.tuples(
    st.dictionaries(st.sampled_from("123"), people),
    st.lists(st.tuples(st.sampled_from("123"), st.sampled_from(["email", "phone"]), st.sampled_from(["a@b.org", "x"]))),
)


@given(st.lists(states, min_size=2, max_size=4))
@settings(max_examples=10, deadline=None)
def test_after_any_changes_the_tables_are_those_of_all_at_once(history: list):
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        stepwise, at_once = Lookup(Path(one)), Lookup(Path(other))
        for state in history:
            stepwise.holds(*state)
            changed(stepwise)
        at_once.holds(*history[-1])
        changed(at_once)
        assert stored(stepwise).equals(stored(at_once))
        before, now = history[-2:]
        stepwise.holds(*before)
        changed(stepwise)
        stepwise.holds(*now)
        assert changed(stepwise) == {record for record in now[0] if live(now, record) != live(before, record)} - {
            record for record in now[0] if live(now, record) is None
        }


def live(state: tuple, record: str) -> Any:
    """What a state says of a record that decides about its match keys; null when it is not live."""
    people, further = state
    if record not in people or people[record].get("is_deleted"):
        return None
    own = {name: value for name, value in people[record].items() if name != "is_deleted"}
    return own, {row for row in further if row[0] == record}


def test_work_tables_are_gone_afterwards(lookup: Lookup):
    lookup.holds(PEOPLE, FURTHER)
    changed(lookup)
    assert [table.name for table in lookup.warehouse.tables(["identity"])] == ["match_keys", "records"]
    assert Table("identity", "work__sources") not in lookup.warehouse.tables()
