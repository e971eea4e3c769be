"""What is told of a customer, out of a warehouse that the real pipeline filled."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlglot import exp

from cdp_assets.errors import DataError
from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.explain.explain import explanation
from cdp_assets.identity.explain.explanation import Customer, Explanation
from cdp_assets.identity.pipeline.models import store_model
from cdp_assets.identity.scoring.model import MatchModel
from cdp_assets.sql.functions import DIALECTS
from cdp_assets.sql.render import render
from cdp_assets.warehouses.duckdb import DuckDBWarehouse
from cdp_assets_tests.unit.identity.explain.people import ANNA, FAMILY
from cdp_assets_tests.unit.identity.explain.population import CONFIG, DAY, NEXT_DAY, Population, match_model

RULES_ALONE = MatchModel(DAY, 0, reason="nothing to learn from")


@pytest.fixture
def population(tmp_path: Path) -> Population:
    """Matched by rules alone, which is fast."""
    return Population(tmp_path, RULES_ALONE)


def told(population: Population, asked: str) -> Customer:
    """The one customer of the answer."""
    (customer,) = explanation(population.warehouse, asked, population.model).customers
    return customer


def names(customer: Customer) -> list[str]:
    return [record.name for record in customer.records]


def test_records_are_told_as_they_were_sent_and_as_they_are_matched(anna: Explanation) -> None:
    customer = anna.customers[0]
    assert names(customer) == ["crm:1", "crm:2", "shop:3"]
    first = customer.records[0]
    assert first.sent["email"] == "Anna.Smith@example.com"
    assert first.matched["email"] == ("anna.smith@example.com",)
    assert first.matched["phone"] == ("+16175550101",)
    assert (first.matched_by, first.match_probability) == ("email_and_name", 1.0)
    assert first.assigned_at == DAY
    assert (customer.records[2].matched_by, customer.records[1].matched.get("street")) == ("probabilistic", None)


def test_a_record_and_its_customer_id_lead_to_the_same_customer(family: Population, anna: Explanation) -> None:
    customer_id = family.customer_of("1")
    by_record = anna
    by_id = explanation(family.warehouse, customer_id, family.model)
    assert by_record.customers == by_id.customers
    assert (by_id.note, by_id.asked_record) == (None, None)
    assert by_record.note == f"crm:1 is a record of {customer_id}"
    assert by_record.asked_record == "crm:1"


def test_every_link_is_told_those_that_hold_the_customer_together_first(anna: Explanation) -> None:
    customer = anna.customers[0]
    kinds = [(link.left, link.right, link.kind, link.rule) for link in customer.links]
    assert kinds == [
        (0, 1, "rule", "email_and_name"),
        (0, 2, "probabilistic", None),
        (1, 2, "probabilistic", None),
    ]
    assert (customer.links_in_tree, customer.further_links) == (2, 0)
    rule, scored, _ = customer.links
    assert rule.agreeing["email"] == ("anna.smith@example.com",)
    assert "email" not in scored.agreeing
    assert scored.agreeing["phone"] == ("+16175550101",)
    assert customer.weakest_link == scored


def test_a_path_goes_over_the_strongest_links(family: Population) -> None:
    answer = explanation(family.warehouse, "crm:2", family.model)
    path = answer.path_to("shop:3")
    assert path is not None
    assert [(link.left, link.right) for link in path] == [(0, 1), (0, 2)]  # the direct link is the weaker one
    with pytest.raises(DataError, match="crm:4 is no record of c_"):
        answer.path_to("crm:4")
    with pytest.raises(DataError, match="a path begins at a record"):
        explanation(family.warehouse, family.customer_of("1"), family.model).path_to("crm:1")


def test_links_that_a_guard_kept_out_are_told_with_the_other_customer_and_what_differs(
    family: Population, anna: Explanation
) -> None:
    customer = anna.customers[0]
    vetoes = {(veto.link.left, veto.other.name): veto for veto in customer.vetoes}
    by_rule, by_model = vetoes[0, "crm:5"], vetoes[2, "crm:5"]
    assert by_rule.other_customer_id == family.customer_of("5") != customer.customer_id
    assert (by_rule.link.kind, by_rule.link.rule, by_rule.vetoed_by) == (
        "rule",
        "name_and_address",
        "date_of_birth_differs",
    )
    assert by_rule.conflict == ("date_of_birth", ("1980-02-03",), ("1951-11-12",))
    assert (by_model.link.kind, by_model.vetoed_by) == ("probabilistic", "date_of_birth")
    assert by_model.link.waterfall is not None
    assert customer.outsiders == {"crm:5": 0}


def test_a_veto_is_told_from_either_side(family: Population) -> None:
    aunt = told(family, "crm:5")
    assert aunt.links == ()
    assert {veto.other.name for veto in aunt.vetoes} == {"crm:1", "shop:3"}
    assert {veto.other_customer_id for veto in aunt.vetoes} == {family.customer_of("1")}
    assert all(veto.conflict == ("date_of_birth", ("1951-11-12",), ("1980-02-03",)) for veto in aunt.vetoes)


def test_without_a_model_at_hand_links_are_told_without_a_waterfall(family: Population) -> None:
    (customer,) = explanation(family.warehouse, "crm:1").customers
    assert [link.waterfall for link in customer.links] == [None, None, None]
    assert customer.links[1].match_weight is not None


def test_the_model_is_the_one_that_scored_the_pair_out_of_those_the_warehouse_keeps(tmp_path: Path) -> None:
    population = Population(tmp_path)
    population.match(FAMILY[:3])
    for model in (population.model, MatchModel(DAY, 5, reason="another one")):
        store_model(population.warehouse, model, CONFIG, DAY)
    (customer,) = explanation(population.warehouse, "crm:1").customers
    assert all(link.waterfall and not link.waterfall.is_stale for link in customer.links)


def test_a_model_that_cannot_be_read_any_more_leaves_the_links_without_waterfalls(tmp_path: Path) -> None:
    population = Population(tmp_path)
    population.match(FAMILY[:3])
    store_model(population.warehouse, population.model, CONFIG, DAY)
    population.warehouse.execute("UPDATE identity.match_model SET model_json = '{}'")
    (customer,) = explanation(population.warehouse, "crm:1").customers
    assert [link.waterfall for link in customer.links] == [None, None, None]


def test_without_the_table_of_what_was_sent_the_match_keys_are_told(population: Population) -> None:
    population.match(FAMILY[:2], sent=False)
    customer = told(population, "crm:1")
    assert customer.records[0].sent == {}
    assert customer.records[0].matched["last_name"] == ("smith",)


def test_decisions_are_told_with_who_and_why_and_whether_they_hold(population: Population) -> None:
    population.match(FAMILY)
    population.decide("1", "4", "always", "same passport", DAY)
    population.decide("1", "4", "withdrawn", "a mistake", DAY + timedelta(hours=1))
    population.decide("2", "4", "always", "asked them", DAY + timedelta(hours=2))
    population.decide("404", "405", "never", "others", DAY)
    population.match(FAMILY, NEXT_DAY)
    customer = told(population, "crm:1")
    assert names(customer) == ["crm:1", "crm:2", "crm:4"]
    told_of = [(one.one, one.other, one.decision, one.reason, one.decided_by, one.holds) for one in customer.decisions]
    assert told_of == [
        ("crm:1", "crm:4", "always", "same passport", "ann", False),
        ("crm:1", "crm:4", "withdrawn", "a mistake", "ann", False),
        ("crm:2", "crm:4", "always", "asked them", "ann", True),
    ]
    assert [(link.left, link.right) for link in customer.links if link.kind == "manual"] == [(1, 2)]


def test_a_never_decision_is_told_as_what_keeps_two_records_apart(population: Population) -> None:
    population.decide("1", "2", "never", "twins")
    population.match(FAMILY[:2])
    customer = told(population, "crm:1")
    assert names(customer) == ["crm:1"]
    (veto,) = customer.vetoes
    assert (veto.other.name, veto.vetoed_by, veto.link.rule) == ("crm:2", "never", "email_and_name")
    assert [one.decision for one in customer.decisions] == ["never"]


def test_between_clusters_and_ids_a_new_veto_is_told_inside_the_customer_and_holds_no_records(
    population: Population,
) -> None:
    population.match(FAMILY[:2])
    population.decide("1", "2", "never", "twins")
    population.match(FAMILY[:2], NEXT_DAY, killed=True)
    customer = told(population, "crm:1")
    assert names(customer) == ["crm:1", "crm:2"]
    assert customer.links == ()
    (veto,) = customer.vetoes
    assert (veto.other.name, veto.other_customer_id, veto.vetoed_by) == ("crm:2", customer.customer_id, "never")


def test_a_quarantined_record_is_told_with_the_limit_it_was_over(population: Population) -> None:
    strict = IdentityConfig.model_validate({**CONFIG.model_dump(), "limits": {"emails": 2}})
    crowd = [{"id": n, **ANNA, "email": f"anna{n}@example.com", "user_id": "u1"} for n in range(3)]
    population.match(crowd, config=strict)
    customer = told(population, "crm:0")
    assert names(customer) == ["crm:0"]
    assert customer.records[0].quarantined_by == "too_many_emails"
    assert {veto.other.name for veto in customer.vetoes} <= {"crm:1", "crm:2"}
    assert customer.vetoes


@pytest.fixture
def merged(population: Population) -> tuple[Population, str, str]:
    """Two customers that became one on the next day, and the ids that stayed and went."""
    population.match([FAMILY[0], {"id": 9, **ANNA, "email": "other@example.com", "street": None}])
    before = {population.customer_of("1"), population.customer_of("9")}
    assert len(before) == 2
    population.match([FAMILY[0], {"id": 9, **ANNA, "email": "anna.smith@example.com"}], NEXT_DAY)
    stays = population.customer_of("1")
    return population, stays, (before - {stays}).pop()


def test_an_old_id_leads_to_the_one_that_holds_its_records_now(merged: tuple[Population, str, str]) -> None:
    population, stays, gone = merged
    answer = explanation(population.warehouse, gone)
    assert [customer.customer_id for customer in answer.customers] == [stays]
    assert answer.note == f"{gone} is no longer; its records are {stays} now, since 2026-07-01"
    assert [event.event for event in answer.story] == ["created", "merged"]


def test_the_history_of_an_id_has_those_of_the_ids_that_were_merged_into_it(
    merged: tuple[Population, str, str],
) -> None:
    population, stays, gone = merged
    events = [(event.event, event.customer_id, event.other_customer_id) for event in told(population, stays).history]
    assert sorted(events[:2]) == sorted([("created", stays, None), ("created", gone, None)])
    assert events[2:] == [("merged", gone, stays)]


def test_the_history_of_others_is_left_out(merged: tuple[Population, str, str]) -> None:
    population, stays, _ = merged
    population.match([*FAMILY[:2], {"id": 77, "email": "x@example.com"}], NEXT_DAY + timedelta(days=1))
    stranger = population.customer_of("77")
    mentioned = {
        one for event in told(population, stays).history for one in (event.customer_id, event.other_customer_id)
    }
    assert stranger not in mentioned


def test_an_id_whose_records_are_all_gone_leads_to_nobody(population: Population) -> None:
    population.match(FAMILY[:2])
    gone = population.customer_of("1")
    population.match([{"id": 7, "email": "x@example.com"}], NEXT_DAY)
    answer = explanation(population.warehouse, gone)
    assert answer.customers == ()
    assert answer.note == f"{gone} is nobody now, since 2026-07-01: all its records are gone"
    assert [event.event for event in answer.story] == ["created", "retired"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("crm:404", "crm:404 is the record of no customer; check"),
        ("nowhere:1", "nowhere:1 is the record of no customer"),
        ("c_neverissued", "'c_neverissued' was never issued as a customer id"),
    ],
)
def test_what_is_not_there_is_said_so(family: Population, asked: str, said: str) -> None:
    with pytest.raises(DataError, match=said) as refused:
        explanation(family.warehouse, asked)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("asked", ["crm:1", "c_a"])
def test_before_the_first_run_there_is_nothing_to_explain(tmp_path: Path, asked: str) -> None:
    with pytest.raises(DataError, match=r"identity.customer_ids is not there yet; start `cdp run`"):
        explanation(DuckDBWarehouse(tmp_path / "cdp.duckdb"), asked)


def test_only_rows_of_the_customer_and_of_those_it_was_kept_from_are_read_and_none_written(tmp_path: Path) -> None:
    """However many others there are: the cost of one answer does not grow with the data."""
    rows_read = []
    for others in (3, 60):
        population = Population(tmp_path / str(others), match_model())
        population.path.parent.mkdir()
        strangers = [
            {"id": 100 + n, "email": f"p{n // 2}@example.com", "first_name": f"Zed{n // 2}", "last_name": f"Q{n // 2}"}
            for n in range(others)
        ]
        population.match([*FAMILY, *strangers])
        population.warehouse.take_usage()
        explanation(population.warehouse, "crm:1", population.model)
        usage = population.warehouse.take_usage()
        rows_read.append(usage.rows_read)
        assert usage.rows_written == 0
    assert rows_read[0] == rows_read[1] > 0


def test_links_that_were_not_kept_are_found_again_and_are_the_same(tmp_path: Path) -> None:
    population = Population(tmp_path)
    population.match([*FAMILY, {"id": 50, "email": "x@example.com"}, {"id": 51, "email": "x@example.com"}])
    population.decide("1", "4", "never", "mother and son")
    population.match([*FAMILY, {"id": 50, "email": "x@example.com"}, {"id": 51, "email": "x@example.com"}], NEXT_DAY)
    for asked in ("crm:1", "crm:5", "crm:50"):
        kept = explanation(population.warehouse, asked, population.model)
        assert explanation(population.warehouse, asked, population.model, CONFIG) == kept
    other_rules = IdentityConfig.model_validate({"rules": []})
    with pytest.raises(DataError, match=r"c_\w+ was resolved with other rules than these"):
        explanation(population.warehouse, "crm:1", population.model, other_rules)


class Polyglot(DuckDBWarehouse):
    """Says every query in every dialect, and answers in its own."""

    def render(self, statement: str | exp.Expr) -> str:
        for dialect in DIALECTS:
            render(statement, dialect, self.fold)
        return super().render(statement)


def test_every_query_can_be_said_in_every_warehouse(family: Population) -> None:
    warehouse = Polyglot(family.path)
    assert explanation(warehouse, "crm:1", family.model) == explanation(family.warehouse, "crm:1", family.model)
    assert explanation(warehouse, "crm:1", family.model, CONFIG).customers[0].links
    with pytest.raises(DataError):
        explanation(warehouse, "c_neverissued")


def test_the_answer_is_plain_values_for_programs(anna: Explanation) -> None:
    plain = anna.as_json()
    customer = plain["customers"][0]
    assert customer["records"][0]["assigned_at"] == "2026-06-30T00:00:00+00:00"
    assert customer["records"][0]["matched"]["email"] == ["anna.smith@example.com"]
    assert customer["links"][1]["waterfall"]["steps"][0]["comparison"] == "first_name"
    assert customer["vetoes"][0]["other"]["record_id"] == "5"
