"""What an audience would be is shown without keeping it, and without showing a value of a customer."""

from decimal import Decimal

import pytest

from cdp_assets.audiences.catalogue import Catalogue
from cdp_assets.audiences.declared import CONSENTS, CUSTOMERS
from cdp_assets.audiences.preview import preview
from cdp_assets.audiences.preview_query import SHOWN
from cdp_assets.errors import ConfigurationError, WarehouseError
from cdp_assets.tables import Table
from cdp_assets_tests.unit.audiences.world import AS_OF, TRANSACTIONS, at, customer, definition, fill, order

FRENCH = {"property": {"field": "country", "eq": "Frankreich"}}
BUYERS = {"transaction": {"count": {"at_least": 1}}}
RICH = {"property": {"field": "total_spent", "gte": 3}}
SECRETS = {"first_name": "Amélie", "last_name": "Poulain", "city": "Montmartre", "country": "Frankreich"}


def person(number):
    contact = {"email": f"amelie{number}@deux-moulins.example", "phone": f"+33145{number:05}" if number % 2 else None}
    return customer(f"c{number}", total_spent=Decimal(number), **SECRETS, **contact)


@pytest.fixture
def filled(warehouse):
    people = [person(number) for number in range(8)]
    consents = [
        {"customer_id": f"c{number}", "purpose": "email", "state": "denied" if number > 5 else "granted"}
        for number in range(1, 8)
    ]
    fill(
        warehouse,
        {
            CUSTOMERS: [*people, customer("other", country="DE", total_spent=Decimal(99))],
            CONSENTS: [*consents, {"customer_id": "other", "purpose": "sms", "state": "granted"}],
            TRANSACTIONS: [order(f"c{number}", at(1)) for number in (2, 3, 4, 5, 5)] + [order("other", at(1))],
        },
    )
    return warehouse


def shown(warehouse, condition, **options):
    return preview(warehouse, definition(condition, **options), Catalogue.declared(), AS_OF)


def test_the_funnel_tells_how_many_customers_each_condition_leaves(filled):
    found = shown(filled, {"all": [FRENCH, BUYERS, RICH]}, suppress={"without_consent": ["email"]})
    assert list(found.funnel) == [
        ("all customers", 9),
        ("condition.all.0", 8),
        ("condition.all.1", 4),
        ("condition.all.2", 3),
        ("suppress.without_consent.0", 3),
    ]
    assert found.members == 3


def test_exclusions_and_a_limit_end_the_funnel(filled):
    filled.write_select(Table("audiences", "staff"), "SELECT 'c5' AS customer_id")
    found = shown(filled, FRENCH, exclude=["staff"], limit={"field": "total_spent", "top": 2})
    assert list(found.funnel) == [("all customers", 9), ("condition", 8), ("exclude.0", 7), ("limit", 2)]


def test_one_condition_alone_has_a_funnel_of_two(filled):
    assert list(shown(filled, {"any": [FRENCH, BUYERS]}).funnel) == [("all customers", 9), ("condition", 9)]


def test_it_tells_the_share_of_members_with_each_identifier_and_what_they_consented_to(filled):
    found = shown(filled, FRENCH)
    assert found.identifiers == {"email": 1.0, "phone": 0.5}
    assert found.consents == {"email": {"denied": 2, "granted": 5}}


def test_an_audience_of_nobody_is_told_as_such(filled):
    found = shown(filled, {"property": {"field": "country", "eq": "nowhere"}})
    assert (found.members, found.identifiers, found.consents, found.sample) == (0, {"email": 0.0, "phone": 0.0}, {}, [])


def test_the_sample_shows_no_value_of_a_customer(filled):
    sample = shown(filled, FRENCH).sample
    assert [row["customer_id"] for row in sample] == [f"c{number}" for number in range(SHOWN)]
    text = str(sample)
    for number in range(8):
        for name, value in person(number).items():
            assert name in ("customer_id", "total_spent") or value is None or value not in text
    assert "deux" not in text
    assert sample[0]["email"] == "a•••@d•••"
    assert sample[0]["phone"] is None


def test_a_customer_is_shown_by_no_more_than_a_first_character(warehouse):
    fill(warehouse, {CUSTOMERS: [customer("c1", first_name="Zoë", email="zoe", country="")]})
    (row,) = shown(warehouse, {"property": {"field": "customer_id", "is_set": True}}).sample
    assert (row["first_name"], row["email"], row["country"], row["city"]) == ("Z•••", "z•••", "", None)


def test_the_members_are_those_the_sql_selects(filled):
    found = shown(filled, {"all": [FRENCH, BUYERS]})
    rows = filled.read_arrow(found.sql)
    assert sorted(rows["customer_id"].to_pylist()) == ["c2", "c3", "c4", "c5"]
    assert found.members == rows.num_rows


def test_nothing_is_left_in_the_warehouse(filled):
    before = filled.tables()
    shown(filled, {"all": [FRENCH, BUYERS]}, limit={"field": "total_spent", "top": 2})
    assert filled.tables() == before
    filled.drop(CONSENTS)
    with pytest.raises(WarehouseError):
        shown(filled, FRENCH)
    assert filled.tables() == [table for table in before if table != CONSENTS]


def test_what_the_catalogue_does_not_have_is_refused_before_anything_is_written(filled):
    with pytest.raises(ConfigurationError, match=r"condition\.property\.field: 'contry'"):
        shown(filled, {"property": {"field": "contry", "eq": "FR"}})


def test_an_audience_that_it_reads_and_was_not_made_yet_is_named(filled):
    known = Catalogue.declared((), {"regulars": None})
    for reading in ({"condition": {"audience": {"in": "regulars"}}}, {"condition": FRENCH, "exclude": ["regulars"]}):
        with pytest.raises(ConfigurationError, match="'regulars', which it reads, was not made yet"):
            preview(filled, definition(**reading), known, AS_OF)
