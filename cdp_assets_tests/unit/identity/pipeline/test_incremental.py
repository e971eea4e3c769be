"""A run after a change finds what a run over everything would find, whatever came before and in whatever order."""

import random
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdp_assets.identity.scoring.model import MatchModel
from cdp_assets_tests.unit.identity.pipeline.engine import RULES_ALONE, Engine, trained_on

FIRST, LAST = ["anna", "ann", "bob", "robert", "carla"], ["miller", "smith", "jones"]
STREETS, CITIES = ["1 main st", "2 oak ave"], ["austin", "boston"]


def crowd(count: int, seed: int) -> list[dict[str, Any]]:
    """People of whom several records tell, with slips and gaps."""
    chance = random.Random(seed)
    people = []
    for number in range(count):
        who = number // 3
        always = random.Random(who)
        born = f"19{always.randrange(50, 99)}-0{always.randrange(1, 9)}-1{always.randrange(0, 9)}"
        full = {
            "email": f"p{who}@mail.org",
            "phone": f"+1512555{who:04}",
            "first_name": always.choice(FIRST),
            "last_name": f"{always.choice(LAST)}{chr(97 + who % 26)}{chr(97 + who // 26)}",
            "street": f"{who} {always.choice(['elm', 'oak', 'pine'])} st",
            "city": always.choice(CITIES),
            "postal_code": f"{10000 + who}",
            "date_of_birth": born,
        }
        kept = {name: value for name, value in full.items() if chance.random() < 0.8}
        people.append({"id": f"{number:05}", **kept})
    return people


@pytest.fixture(scope="module")
def model() -> MatchModel:
    found = trained_on(crowd(900, 1))
    assert found.is_trained, found.reason
    return found


people = st.fixed_dictionaries(
    {},
    optional={
        "email": st.sampled_from(["a@b.org", "c@d.org", "e@f.org"]),
        "phone": st.sampled_from(["+15125550101", "+15125550102"]),
        "first_name": st.sampled_from(FIRST),
        "last_name": st.sampled_from(LAST),
        "street": st.sampled_from(STREETS),
        "postal_code": st.sampled_from(["10001", "10002"]),
        "date_of_birth": st.sampled_from(["1980-01-02", "1955-11-30"]),
    },
)
steps = st.lists(
    st.dictionaries(st.integers(0, 12).map(str), st.one_of(st.none(), people), min_size=1, max_size=6), max_size=4
)


def played(engine: Engine, story: list[dict[str, dict[str, Any] | None]]) -> dict[str, dict[str, Any]]:
    """Run the steps; a null deletes a record. Returns what is left."""
    left: dict[str, dict[str, Any]] = {}
    for step in story:
        changed = {record: person for record, person in step.items() if person is not None}
        engine.run([{"id": record, **person} for record, person in changed.items()], set(step) - set(changed))
        left = {record: person for record, person in (left | step).items() if person is not None}
    return left


def same_again(story: list[dict[str, dict[str, Any] | None]], model: MatchModel) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        step_by_step = Engine(Path(one), model)
        left = played(step_by_step, story)
        at_once = Engine(Path(other), model).run([{"id": record, **person} for record, person in sorted(left.items())])
        if not story:
            return
        assert step_by_step.customers == at_once.customers
        links = ["record_id", "matched_by", "match_probability"]
        assert step_by_step.ids.select(links).equals(at_once.ids.select(links))
        told = ["record_id_l", "record_id_r", "kind", "rule", "match_weight", "vetoed_by"]
        assert step_by_step.edges.select(told).equals(at_once.edges.select(told))


@given(steps)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_by_rules_step_by_step_and_at_once_are_the_same(story):
    same_again(story, RULES_ALONE)


@pytest.mark.slow
@given(steps)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_with_a_model_step_by_step_and_at_once_are_the_same(model, story):
    same_again(story, model)


def test_the_order_of_rows_does_not_matter(model, tmp_path):
    sent = crowd(120, 2)
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    one = Engine(tmp_path / "one", model).run(sent)
    other = Engine(tmp_path / "other", model).run(sent[::-1])
    assert one.ids.drop("assigned_at").equals(other.ids.drop("assigned_at"))
    assert 30 < len(one.customers) < 60


def test_a_second_run_changes_nothing(model, tmp_path):
    engine = Engine(tmp_path, model).run(crowd(60, 3))
    before, edges = engine.ids, engine.edges
    engine.run(crowd(60, 3)).run()
    assert engine.ids.equals(before)
    assert engine.edges.equals(edges)
    assert set(engine.history["run_id"]) == {"run 0"}


def test_rebuilding_everything_keeps_partition_and_ids(model, tmp_path):
    engine = Engine(tmp_path, model).run(crowd(90, 4))
    engine.run(crowd(99, 4)[90:], gone=["00003", "00010"])
    before = engine.ids
    for table in ("pairs", "compared_records", "clusters", "edges"):
        engine.warehouse.execute(f"DELETE FROM identity.{table}")
    engine.run()
    assert engine.ids.equals(before)


def test_only_what_a_change_touches_is_solved_again(tmp_path):
    pairs = [{"id": str(n), "email": f"a{n // 2}@b.org"} for n in range(100)]
    engine = Engine(tmp_path).run(pairs)
    engine.warehouse.execute("UPDATE identity.clusters SET quarantined_by = 'seen before'")
    engine.run([{"id": "new", "email": "a7@b.org"}])
    untouched = engine.warehouse.read_arrow("SELECT record_id FROM identity.clusters WHERE quarantined_by IS NULL")
    assert sorted(untouched["record_id"].to_pylist()) == ["14", "15", "new"]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda pair: pair[0] < pair[1]), max_size=6))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_never_links_always_hold(pairs):
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder)).run([{"id": str(n), "email": "a@b.org", "first_name": "Anna"} for n in range(10)])
        for one, other in sorted(set(pairs)):
            engine.decide(str(one), str(other), "never")
        engine.run()
        for customer in engine.customers:
            assert not any({str(one), str(other)} <= customer for one, other in pairs)


def test_an_always_link_joins_what_nothing_else_would(tmp_path):
    engine = Engine(tmp_path).run([{"id": "1", "first_name": "Anna"}, {"id": "2", "first_name": "Bob"}])
    assert engine.customers == {frozenset("1"), frozenset("2")}
    engine.decide("1", "2", "always").run()
    assert engine.customers == {frozenset("12")}
    assert engine.ids["matched_by"].to_list() == ["manual", "manual"]


def test_undoing_a_decision_restores_the_former_state(tmp_path):
    engine = Engine(tmp_path).run([{"id": str(n), "email": "a@b.org", "first_name": "Anna"} for n in range(4)])
    before = engine.ids
    engine.decide("0", "1", "never").run()
    assert len(engine.customers) == 2
    engine.decide("0", "1", "withdrawn").run()
    assert engine.ids.drop("assigned_at").equals(before.drop("assigned_at"))


def test_a_vetoed_link_stays_with_the_guard_that_kept_it_out(tmp_path):
    engine = Engine(tmp_path).run(
        [
            {"id": "1", "email": "home@b.org", "first_name": "Anna", "last_name": "Miller"},
            {"id": "2", "email": "home@b.org", "first_name": "George", "last_name": "Miller"},
        ]
    )
    assert engine.edges.select("rule", "vetoed_by").rows() == [("email", "first_name")]
    assert len(engine.customers) == 2


def test_father_and_son_of_one_name_stay_two(tmp_path):
    home = {"street": "1 main st", "postal_code": "10001", "last_name": "Miller", "phone": "+15125550101"}
    engine = Engine(tmp_path).run(
        [{"id": "1", "first_name": "John", **home}, {"id": "2", **home, "first_name": "John", "last_name": "Miller Jr"}]
    )
    assert engine.customers == {frozenset("1"), frozenset("2")} or engine.edges["vetoed_by"].null_count() == 1


def test_a_cluster_beyond_every_limit_is_set_apart_and_says_why(tmp_path):
    many = [{"id": f"{n:04}", "email": "a@b.org", "phone": f"+1512555{n:04}", "first_name": "Anna"} for n in range(60)]
    engine = Engine(tmp_path).run(many)
    assert len(engine.customers) == 60
    why = engine.warehouse.read_arrow("SELECT DISTINCT quarantined_by FROM identity.clusters")
    assert why["quarantined_by"].to_pylist() == ["too_many_phones"]


def test_ids_survive_whatever_joins_and_leaves(tmp_path):
    engine = Engine(tmp_path).run([{"id": "1", "email": "a@b.org"}, {"id": "2", "email": "c@d.org"}])
    kept, gone = engine.id_of("1"), engine.id_of("2")
    engine.run([{"id": "2", "email": "a@b.org"}, {"id": "3", "email": "a@b.org"}])
    assert set(engine.ids["customer_id"]) == {kept}
    assert ("merged", gone, kept) in engine.history.select("event", "customer_id", "other_customer_id").rows()
    engine.run(gone=["1", "2", "3"])
    assert engine.ids.is_empty()
    retired = engine.history.filter(pl.col("event") == "retired")["customer_id"].to_list()
    assert retired == [kept]
    engine.run([{"id": "1", "email": "a@b.org"}])
    assert engine.id_of("1") not in {kept, gone}
