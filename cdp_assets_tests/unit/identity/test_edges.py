"""Rules link records that agree; vetoes and guards keep people apart."""

import time

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_assets.errors import DataError
from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.contracts import EDGES
from cdp_assets.identity.edges import find_edges
from cdp_assets_tests.unit.identity.people import CONFIG, customer_records, edges_of, groups, records_of, resolved

ANNA = {"first_name": "Anna", "last_name": "Smith"}
BOB = {"first_name": "Bob", "last_name": "Smith"}


def link(one: dict, other: dict, config: IdentityConfig = CONFIG) -> tuple[str | None, str | None]:
    """Rule and veto of the one edge between two records."""
    edges = edges_of([{"id": 1} | one, {"id": 2} | other], config)
    return edges.select("rule", "vetoed_by").row(0) if edges.height else (None, None)


@pytest.mark.parametrize(
    ("one", "other", "rule"),
    [
        ({"user_id": "7"}, {"user_id": "7", "source": "web"}, "user_id"),
        (ANNA | {"email": "a@b.org"}, ANNA | {"email": "A@b.org"}, "email_and_name"),
        (BOB | {"email": "a@b.org"}, {"first_name": "Robert", "email": "a@b.org"}, "email_and_name"),
        (ANNA | {"phone": "+13059043600"}, ANNA | {"phone": "(305) 904-3600"}, "phone_and_name"),
        (
            ANNA | {"street": "1 Main Street", "postal_code": "94107"},
            ANNA | {"street": "1 main st", "postal_code": "94107-1000"},
            "name_and_address",
        ),
        ({"email": "a@b.org"}, ANNA | {"email": "a@b.org"}, "email"),
    ],
)
def test_the_strongest_rule_that_agrees_links(one, other, rule):
    assert link(one, other) == (rule, None)


def test_empty_keys_agree_with_nothing():
    assert edges_of([{"id": n} for n in range(5)]).is_empty()


def test_a_further_email_links_too():
    records = records_of(
        [{"id": 1, "email": "a@b.org"}, {"id": 2, "email": "c@b.org"}], ("crm", "2", "email", "a@b.org")
    )
    assert find_edges(records, None, CONFIG)["rule"].to_list() == ["email"]


@pytest.mark.parametrize(
    ("one", "other", "veto"),
    [
        (ANNA | {"email": "a@b.org"}, BOB | {"email": "a@b.org"}, "first_name"),
        (
            ANNA | {"email": "a@b.org", "date_of_birth": "1980-05-17"},
            BOB | {"email": "a@b.org", "date_of_birth": "1980-05-17"},
            None,
        ),
        (ANNA | {"email": "a@b.org"}, {"first_name": "A", "email": "a@b.org"}, None),
        (ANNA | {"email": "a@b.org"}, {"first_name": "Annna", "email": "a@b.org"}, None),
        ({"first_name": "Seb", "email": "a@b.org"}, {"first_name": "Sebastien", "email": "a@b.org"}, None),
        (ANNA | {"email": "a@b.org"}, {"first_name": "Smith", "last_name": "Anna", "email": "a@b.org"}, None),
        (
            ANNA | {"phone": "+13059043600", "date_of_birth": "1980-05-17"},
            ANNA | {"phone": "+13059043600", "date_of_birth": "1951-02-03"},
            "date_of_birth",
        ),
        (
            ANNA | {"phone": "+13059043600", "date_of_birth": "1980-05-17"},
            ANNA | {"phone": "+13059043600", "date_of_birth": "1980-05-11"},
            None,
        ),
        (
            ANNA | {"email": "a@b.org", "date_of_birth": "1980-05-17"},
            ANNA | {"email": "a@b.org", "date_of_birth": "1951-02-03"},
            None,
        ),
        (
            ANNA | {"street": "1 Main St", "postal_code": "94107", "date_of_birth": "1980-05-17"},
            ANNA | {"street": "1 Main St", "postal_code": "94107", "date_of_birth": "1980-05-18"},
            "date_of_birth_differs",
        ),
    ],
)
def test_a_contradiction_vetoes_the_link(one, other, veto):
    rule, vetoed_by = link(one, other)
    assert rule is not None
    assert vetoed_by == veto


def test_two_strong_ids_of_one_source_are_two_people():
    config = CONFIG.model_copy(update={"vetoes": CONFIG.vetoes.model_copy(update={"strong_ids": ("user_id",)})})
    one, other = ANNA | {"email": "a@b.org", "user_id": "1"}, ANNA | {"email": "a@b.org", "user_id": "2"}
    assert link(one, other, config) == ("email_and_name", "user_id")
    assert link(one, other | {"source": "web"}, config) == ("email_and_name", None)


def test_a_last_name_conflict_needs_some_contact_in_common():
    config = IdentityConfig.model_validate({"rules": [{"name": "born", "agree": ["first_name", "date_of_birth"]}]})
    one = ANNA | {"date_of_birth": "1980-05-17", "street": "1 Main St"}
    other = {"first_name": "Anna", "last_name": "Garcia", "date_of_birth": "1980-05-17"}
    assert link(one, other, config) == ("born", "last_name")
    assert link(one, other | {"street": "1 Main St"}, config) == ("born", None)


def test_a_trusted_rule_is_not_vetoed():
    assert link(ANNA | {"user_id": "1"}, BOB | {"user_id": "1"}) == ("user_id", None)


def test_a_switched_off_veto_does_not_count():
    config = CONFIG.model_copy(update={"vetoes": CONFIG.vetoes.model_copy(update={"first_name": False})})
    assert link(ANNA | {"email": "a@b.org"}, BOB | {"email": "a@b.org"}, config) == ("email", None)


def test_a_household_email_without_a_name_does_not_join_the_household():
    people = [
        {"id": "0", "email": "home@b.org"},
        {"id": "a1", "email": "home@b.org"} | ANNA,
        {"id": "a2", "email": "home@b.org"} | ANNA,
        {"id": "b1", "email": "home@b.org"} | BOB,
        {"id": "b2", "email": "home@b.org"} | BOB,
    ]
    found = groups(resolved(people))
    assert len(found) == 2
    assert not any({"a1", "b1"} <= group for group in found)
    assert any({"a1", "a2"} <= group for group in found)
    assert any({"b1", "b2"} <= group for group in found)
    vetoed = edges_of(people).filter(pl.col("vetoed_by").is_not_null())
    assert set(vetoed["vetoed_by"]) >= {"cluster_conflict"}


@given(st.permutations(range(12)))
@settings(max_examples=15, deadline=None)
def test_the_order_of_rows_does_not_matter(order):
    people = [
        {"id": n, "email": f"home{n % 3}@b.org", "phone": "+1305904360" + str(n % 2)}
        | ((ANNA, BOB, {}, {"first_name": "Roberta", "last_name": "Smith"})[n % 4])
        for n in range(12)
    ]
    expected = edges_of(people)
    assert edges_of([people[place] for place in order]).equals(expected)
    shuffled = records_of(people).sample(fraction=1, shuffle=True, seed=order[0])
    assert find_edges(shuffled, None, CONFIG).equals(expected)


def test_a_group_is_linked_in_linear_size():
    people = [{"id": n, "email": "a@b.org", "first_name": "Anna"} for n in range(500)]
    edges = edges_of(people)
    assert edges.height == 499
    assert edges["record_id_l"].unique().to_list() == ["0"]


def test_a_hundred_thousand_people_who_share_an_email_are_not_one_customer():
    count = 100_000
    letters = "abcdefghij"
    people = customer_records([{"id": 0, "email": "shared@b.org"}])
    names = ["".join(letters[int(digit)] for digit in f"{n:05}") for n in range(count)]
    crowd = pl.concat([people] * count).with_columns(
        record_id=pl.Series([str(n) for n in range(count)]), first_name=pl.Series(names)
    )
    started = time.monotonic()
    resolution = resolved(crowd.rename({"record_id": "id"}).iter_rows(named=True))
    assert resolution.customer_ids["customer_id"].n_unique() == count
    assert time.monotonic() - started < 60


def test_an_oversized_cluster_is_taken_apart():
    config = CONFIG.model_copy(update={"largest_cluster": 5})
    people = [{"id": n, "email": "a@b.org", "phone": f"+1305904{n:04}"} for n in range(8)]
    assert set(edges_of(people, config)["vetoed_by"]) == {"oversized_cluster"}


def test_no_record_and_one_record_have_no_edges_but_the_contract():
    for people in ([], [{"id": 1, "email": "a@b.org"}]):
        table = edges_of(people).to_arrow().cast(EDGES.schema)
        assert table.num_rows == 0


def test_a_record_that_comes_twice_is_refused():
    records = records_of([{"id": 1}])
    with pytest.raises(DataError, match="repeat"):
        find_edges(pl.concat([records, records]), None, CONFIG)
