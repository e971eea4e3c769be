"""People who share an e-mail, a switchboard or a birthday stay apart, and the edges say what keeps them so."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cdp_assets.identity.scoring.model import MatchModel
from cdp_assets_tests.unit.identity.pipeline.engine import Engine, trained_on
from cdp_assets_tests.unit.identity.pipeline.test_incremental import crowd

OFFICE = {"email": "info@acme.example", "phone": "+15125550199"}
FAMILY = {"email": "brownlow@mail.example", "last_name": "Brownlow"}


@pytest.fixture(scope="module")
def model() -> MatchModel:
    return trained_on(crowd(900, 1))


@pytest.fixture
def engine(tmp_path: Path, model: MatchModel) -> Engine:
    return Engine(tmp_path, model)


def test_nameless_records_of_an_office_are_no_bridge_between_its_people(engine: Engine):
    people: list[dict[str, Any]] = [
        {"id": "tom", "first_name": "Tom", "last_name": "Ford", **OFFICE},
        {"id": "ada", "first_name": "Ada", "last_name": "King", **OFFICE},
        {"id": "raj", "first_name": "Raj", "last_name": "Patel", **OFFICE},
        {"id": "x1", **OFFICE},
        {"id": "x2", **OFFICE},
    ]
    engine.run(people)
    named = {frozenset(customer - {"x1", "x2"}) for customer in engine.customers}
    assert {frozenset({"tom"}), frozenset({"ada"}), frozenset({"raj"})} <= named


def test_an_initial_without_a_birthday_is_one_person_and_not_two(engine: Engine):
    mail = {"email": "doe@mail.example", "last_name": "Doe"}
    names = {"1": "J", "2": "James", "3": "Julia"}
    engine.run([{"id": id_, "first_name": name, **mail} for id_, name in names.items()])
    assert engine.id_of("2") != engine.id_of("3")
    assert engine.id_of("1") in {engine.id_of("2"), engine.id_of("3")}


def test_twins_with_one_family_mailbox_are_two(engine: Engine):
    twins = [{"id": n, "first_name": n, "date_of_birth": "2001-03-04", **FAMILY} for n in ("Emma", "Lucas")]
    engine.run(twins)
    assert engine.customers == {frozenset({"Emma"}), frozenset({"Lucas"})}
    assert "first_name" in engine.edges["vetoed_by"].to_list()


def test_a_link_that_something_objects_to_never_counts_as_the_rules(engine: Engine):
    """Where the model overrules a veto, the link is the model's, with its probability."""
    people = [*crowd(120, 5), {"id": "x1", "first_name": "Ann", **FAMILY}, {"id": "x2", "first_name": "Bob", **FAMILY}]
    edges = engine.run(people).edges
    objected = edges.filter(pl.col("vetoed_by").is_not_null() & (pl.col("vetoed_by") != "cluster_conflict"))
    assert objected.height
    assert edges.filter(pl.col("kind") == "rule", pl.col("vetoed_by").is_null())[
        "match_probability"
    ].unique().to_list() == [1.0]
    assert objected.filter(pl.col("match_probability") == 1.0).is_empty()


def test_numbered_mailboxes_are_not_alike(engine: Engine):
    names = {"u1001@corp.example": "Lopez", "u1002@corp.example": "Loper", "u1003@corp.example": "Lopatin"}
    engine.run({"id": mail, "email": mail, "first_name": "Maria", "last_name": last} for mail, last in names.items())
    assert len(engine.customers) == 3


def test_names_in_two_scripts_do_not_contradict_each_other(engine: Engine):
    same = {"email": "wei@mail.example", "phone": "+15125550142"}
    engine.run(
        [
            {"id": "1", "first_name": "伟", "last_name": "王", **same},
            {"id": "2", "first_name": "Wei", "last_name": "Wang", **same},
        ]
    )
    assert len(engine.customers) == 1
