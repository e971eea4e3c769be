"""Whom conditions on properties, facts and other audiences select on real DuckDB."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import duckdb
import pytest

from cdp_assets.audiences.declared import CONSENTS, CUSTOMERS, SCORES
from cdp_assets.warehouses.duckdb import DuckDBWarehouse
from cdp_assets_tests.unit.audiences.world import (
    AS_OF,
    EVENTS,
    TRANSACTIONS,
    at,
    customer,
    event,
    fill,
    order,
    selected,
)

PEOPLE = [
    customer("fr", country="FR", total_spent=Decimal("100"), date_of_birth=date(1990, 5, 1), last_order_at=AS_OF),
    customer("de", country="DE", total_spent=Decimal("-5.5"), date_of_birth=date(2000, 1, 1), last_order_at=at(1)),
    customer("no"),
]


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    path = tmp_path_factory.mktemp("people") / "cdp.duckdb"
    with duckdb.connect(path):
        warehouse = DuckDBWarehouse(path)
        fill(warehouse, {CUSTOMERS: PEOPLE})
        yield warehouse


@pytest.fixture(scope="module")
def buyers(tmp_path_factory):
    path = tmp_path_factory.mktemp("buyers") / "cdp.duckdb"
    with duckdb.connect(path):
        warehouse = DuckDBWarehouse(path)
        fill(warehouse, BUYERS)
        yield warehouse


FR, DE, NO = {"fr"}, {"de"}, {"no"}


@pytest.mark.parametrize(
    ("comparison", "who", "who_not"),
    [
        ({"field": "country", "eq": "FR"}, FR, DE),
        ({"field": "country", "neq": "FR"}, DE, FR),
        ({"field": "country", "in": ["FR", "IT"]}, FR, DE),
        ({"field": "country", "not_in": ["FR", "IT"]}, DE, FR),
        ({"field": "country", "contains": "E"}, DE, FR),
        ({"field": "country", "contains": "e"}, DE, FR),
        ({"field": "country", "eq": "fr"}, FR, DE),
        ({"field": "country", "eq": "fr", "exact": True}, set(), FR | DE),
        ({"field": "country", "in": ["fr"], "exact": True}, set(), FR | DE),
        ({"field": "country", "starts_with": "d"}, DE, FR),
        ({"field": "country", "starts_with": "d", "exact": True}, set(), FR | DE),
        ({"field": "country", "ends_with": "r"}, FR, DE),
        ({"field": "country", "ends_with": "FRANCE"}, set(), FR | DE),
        ({"field": "country", "is_set": True}, FR | DE, NO),
        ({"field": "country", "is_not_set": True}, NO, FR | DE),
        ({"field": "total_spent", "gt": 99.9999}, FR, DE),
        ({"field": "total_spent", "gte": 100}, FR, DE),
        ({"field": "total_spent", "lt": -5}, DE, FR),
        ({"field": "total_spent", "lte": -5.5}, DE, FR),
        ({"field": "total_spent", "between": [-5.5, 99]}, DE, FR),
        ({"field": "date_of_birth", "before": "1990-05-02"}, FR, DE),
        ({"field": "date_of_birth", "after": "1990-05-01"}, DE, FR),
        ({"field": "date_of_birth", "between": ["1990-05-01", "1999-12-31"]}, FR, DE),
        ({"field": "last_order_at", "within_last": "27d"}, FR, DE),
        ({"field": "last_order_at", "within_last": "29d"}, FR | DE, set()),
        ({"field": "last_order_at", "within_last": "28d"}, FR, DE),
        ({"field": "last_order_at", "within_next": "1d"}, set(), FR | DE),
        ({"field": "date_of_birth", "within_last": "9000d"}, set(), FR | DE),
        ({"field": "date_of_birth", "within_last": "9600d"}, DE, FR),
        ({"field": "last_order_at", "before": "2026-02-01T01:00:00+02:00"}, set(), FR | DE),
        ({"field": "last_order_at", "lte": "2026-02-01T00:00:00Z"}, DE, FR),
    ],
)
def test_a_missing_value_satisfies_neither_a_comparison_nor_its_negation(people, comparison, who, who_not):
    assert set(selected(people, {"property": comparison})) == who
    assert set(selected(people, {"not": {"property": comparison}})) == who_not


def test_a_missing_value_is_selected_when_asked_for(people):
    wanted = [{"field": "country", "neq": "FR"}, {"field": "country", "is_not_set": True}]
    asked = {"any": [{"property": comparison} for comparison in wanted]}
    assert set(selected(people, asked)) == DE | NO
    tolerant = {"property": {"field": "country", "neq": "FR", "or_not_set": True}}
    assert set(selected(people, tolerant)) == DE | NO
    assert set(selected(people, {"not": tolerant})) == FR


def test_what_lies_ahead_is_within_the_next_days(warehouse):
    fill(warehouse, {CUSTOMERS: [customer("soon", last_seen_at=at(2, month=3)), customer("now", last_seen_at=AS_OF)]})
    assert selected(warehouse, {"property": {"field": "last_seen_at", "within_next": "12h"}}) == ["soon"]
    assert selected(warehouse, {"property": {"field": "last_seen_at", "within_next": "11h"}}) == []
    assert selected(warehouse, {"property": {"field": "last_seen_at", "within_last": "11h"}}) == ["now"]


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/New_York", "Europe/Paris"])
def test_windows_are_the_same_however_the_moment_is_written(warehouse, zone):
    moment = datetime(2026, 4, 1, 20, tzinfo=UTC)
    edge = moment - timedelta(days=7)
    late, early = edge + timedelta(minutes=1), edge
    fill(
        warehouse,
        {
            CUSTOMERS: [
                customer("late", last_order_at=late, date_of_birth=date(2026, 3, 26)),
                customer("early", last_order_at=early, date_of_birth=date(2026, 3, 25)),
                customer("ahead", date_of_birth=date(2026, 4, 2)),
            ]
        },
    )
    for field in ("last_order_at", "date_of_birth"):
        condition = {"property": {"field": field, "within_last": "7d"}}
        assert selected(warehouse, condition, as_of=moment.astimezone(ZoneInfo(zone))) == ["late"]


BUYERS = {
    CUSTOMERS: [customer("two"), customer("one"), customer("none")],
    TRANSACTIONS: [
        order("two", at(1), "10"),
        order("two", at(20), "30.5"),
        order("two", at(20), "1000", is_deleted=True),
        order("two", at(2, month=3), "5000"),
        order("one", at(27), "7", is_deleted=False),
        order("one", at(27), "-7", type="refund"),
        order(None, at(27), "7"),
    ],
    EVENTS: [{"customer_id": "one", "event_name": "Viewed", "occurred_at": at(28)}],
}
ORDERS = {"where": [{"field": "type", "eq": "order"}]}


@pytest.mark.parametrize(
    ("condition", "who", "who_not"),
    [
        ({"transaction": {"count": {"at_least": 2}, **ORDERS}}, {"two"}, {"one", "none"}),
        ({"transaction": {"count": {"exactly": 0}, **ORDERS}}, {"none"}, {"two", "one"}),
        ({"transaction": {"count": {"at_most": 1}, **ORDERS}}, {"one", "none"}, {"two"}),
        ({"transaction": {"count": {"at_least": 1, "at_most": 1}, **ORDERS}}, {"one"}, {"two", "none"}),
        ({"transaction": {"count": {"at_least": 1}, "within_last": "5d"}}, {"one"}, {"two", "none"}),
        (
            {"transaction": {"count": {"at_least": 1}, "between": ["2026-02-01", "2026-02-20"]}},
            {"two"},
            {"one", "none"},
        ),
        ({"transaction": {"sum": {"field": "amount", "at_least": 40.5}}}, {"two"}, {"one", "none"}),
        ({"transaction": {"sum": {"field": "amount", "exactly": 0}}}, {"one", "none"}, {"two"}),
        ({"transaction": {"avg": {"field": "amount", "at_most": 20}}}, {"one"}, {"two"}),
        ({"transaction": {"min": {"field": "amount", "at_least": 0}}}, {"two"}, {"one"}),
        ({"transaction": {"max": {"field": "amount", "at_least": 8}}}, {"two"}, {"one"}),
        ({"transaction": {"max": {"field": "amount", "between": [7, 10]}}}, {"one"}, {"two"}),
        ({"transaction": {"distinct": {"field": "type", "exactly": 2}}}, {"one"}, {"two", "none"}),
        ({"transaction": {"distinct": {"field": "type", "exactly": 1}}}, {"two"}, {"one", "none"}),
        ({"transaction": {"count": {"at_least": 1}, "between_ago": ["20d", "7d"]}}, {"two"}, {"one", "none"}),
        ({"transaction": {"count": {"exactly": 0}, "between_ago": ["20d", "7d"]}}, {"one", "none"}, {"two"}),
        ({"transaction": {"first": {"field": "amount", "eq": 10}}}, {"two"}, {"one"}),
        ({"transaction": {"last": {"field": "amount", "gt": 10}}}, {"two"}, {"one"}),
        (
            {"event": {"count": {"at_least": 1}, "where": [{"field": "event_name", "eq": "Viewed"}]}},
            {"one"},
            {"two", "none"},
        ),
    ],
)
def test_conditions_on_facts_count_nothing_as_zero_and_leave_out_deleted_and_later_ones(
    buyers, condition, who, who_not
):
    assert set(selected(buyers, condition)) == who
    assert set(selected(buyers, {"not": condition})) == who_not


def test_conditions_on_one_table_each_count_their_own_facts(buyers):
    refunds = {"where": [{"field": "type", "eq": "refund"}]}
    both = [{"transaction": {"count": {"at_least": 1}, **only}} for only in (ORDERS, refunds)]
    assert selected(buyers, {"all": both}) == ["one"]
    every = {"transaction": {"count": {"exactly": 2}}}
    assert selected(buyers, {"all": [every, both[1]]}) == ["one"]
    assert selected(buyers, {"all": [every, both[0]]}) == ["one", "two"]


@pytest.mark.parametrize(("outermost", "name"), [("first", "smallest"), ("last", "largest")])
def test_of_facts_at_one_moment_the_one_of_the_smaller_key_is_first(warehouse, outermost, name):
    keys = [
        ("b", "1", "middle"),
        ("b", "3", "largest"),
        ("a", "7", "smallest"),
        ("b", "2", "middle"),
        ("a", "9", "low"),
    ]
    for rows in (keys, keys[::-1]):
        events = [event("x", at(1), name, source=source, event_id=key) for source, key, name in rows]
        fill(warehouse, {CUSTOMERS: [customer("x")], EVENTS: events})
        assert selected(warehouse, {"event": {outermost: {"field": "event_name", "eq": name}}}) == ["x"]


def test_scores_other_audiences_and_exclusions_are_joined(warehouse):
    fill(
        warehouse,
        {
            CUSTOMERS: [customer("a"), customer("b"), customer("c")],
            SCORES: [{"customer_id": "a", "risk_band": "high"}, {"customer_id": "b", "risk_band": "low"}],
        },
    )
    warehouse.execute("CREATE SCHEMA audiences")
    warehouse.execute("CREATE TABLE audiences.known AS SELECT 'b' AS customer_id")
    assert selected(warehouse, {"property": {"field": "risk_band", "eq": "high"}}) == ["a"]
    assert selected(warehouse, {"audience": {"in": "known"}}) == ["b"]
    assert set(selected(warehouse, {"audience": {"not_in": "known"}})) == {"a", "c"}
    assert set(selected(warehouse, {"not": {"audience": {"in": "known"}}})) == {"a", "c"}
    assert selected(warehouse, {"property": {"field": "risk_band", "is_set": True}}, exclude=["known"]) == ["a"]


def test_a_limit_keeps_the_highest_with_ties_by_id_and_missing_values_last(warehouse):
    spent = {"a": 5, "b": None, "c": 9, "d": 5}
    fill(warehouse, {CUSTOMERS: [customer(k, total_spent=v and Decimal(v)) for k, v in spent.items()]})
    anyone = {"property": {"field": "customer_id", "is_set": True}}
    assert set(selected(warehouse, anyone, limit={"field": "total_spent", "top": 2})) == {"c", "a"}
    assert set(selected(warehouse, anyone, limit={"field": "total_spent", "top": 2, "order": "lowest"})) == {"a", "d"}
    assert set(selected(warehouse, anyone, limit={"field": "total_spent", "top": 9})) == {"a", "b", "c", "d"}


def test_a_limit_for_each_value_of_a_field_keeps_so_many_of_each(warehouse):
    rows = [("a", "FR", 1), ("b", "FR", 5), ("c", "FR", 5), ("d", "DE", None), ("e", None, 2), ("f", None, 3)]
    fill(warehouse, {CUSTOMERS: [customer(k, country=c, total_spent=v and Decimal(v)) for k, c, v in rows]})
    anyone = {"property": {"field": "customer_id", "is_set": True}}
    assert selected(warehouse, anyone, limit={"field": "total_spent", "top": 1, "per": "country"}) == ["b", "d", "f"]


def test_those_without_every_consent_asked_for_are_suppressed(warehouse):
    said = [("a", "email", "granted"), ("a", "sms", "granted"), ("b", "email", "granted"), ("b", "sms", "denied")]
    rows = [{"customer_id": who, "purpose": purpose, "state": state} for who, purpose, state in said]
    fill(warehouse, {CUSTOMERS: [customer(k) for k in "abc"], CONSENTS: rows})
    anyone = {"property": {"field": "customer_id", "is_set": True}}
    assert selected(warehouse, anyone, suppress={"without_consent": ["email"]}) == ["a", "b"]
    assert selected(warehouse, anyone, suppress={"without_consent": ["email", "sms"]}) == ["a"]
