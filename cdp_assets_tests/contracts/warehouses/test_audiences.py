"""Audiences have the same members in every warehouse, whatever they ask of the same rows, and the same arms."""

from datetime import date, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings

from cdp_assets.audiences.catalogue import Catalogue
from cdp_assets.audiences.declared import ACCOUNTS, CONSENTS, CUSTOMERS
from cdp_assets.audiences.history import members_at
from cdp_assets.audiences.lift import Metric, measure
from cdp_assets.audiences.options import Priority
from cdp_assets.audiences.overlap import overlap
from cdp_assets.audiences.preview import preview
from cdp_assets.tables import TEXT, Table
from cdp_assets_tests.unit.audiences import evaluator
from cdp_assets_tests.unit.audiences.refreshed import ANYONE, FRENCH, Refreshed, day, split
from cdp_assets_tests.unit.audiences.strategies import AUDIENCES, audiences, worlds
from cdp_assets_tests.unit.audiences.test_splits import by_hand
from cdp_assets_tests.unit.audiences.trees import definitions
from cdp_assets_tests.unit.audiences.world import (
    AS_OF,
    EVENTS,
    TRANSACTIONS,
    customer,
    definition,
    event,
    fill,
    order,
    put,
    selected,
)

HOUR = timedelta(hours=1)
PEOPLE = [
    customer(
        "a", country="FR", city="ÉCOLE", account_id="x", account_id_source="crm", total_spent=Decimal("10.5"),
        date_of_birth=date(2026, 2, 28), last_order_at=AS_OF - 24 * HOUR,
    ),
    customer(
        "b", country="fr", city="école", account_id="y", account_id_source="crm", total_spent=Decimal(-3),
        date_of_birth=date(2026, 2, 22), last_order_at=AS_OF,
    ),
    customer("c", country="DE", city="ЖУК 100%_", total_spent=Decimal("10.5"), last_order_at=AS_OF + HOUR),
    customer("d", city="it's \\ \"x\"; --"),
]  # fmt: skip
ROWS = {
    CUSTOMERS: PEOPLE,
    TRANSACTIONS: [
        order("a", AS_OF - 72 * HOUR, "10", channel="web", currency="EUR"),
        order("a", AS_OF - 72 * HOUR, "20.5", channel="Store", currency="eur"),
        order("b", AS_OF - 24 * HOUR, "7", channel=None, is_deleted=False),
        order("c", AS_OF - 24 * HOUR, "7", is_deleted=True),
        order("d", AS_OF + HOUR, "7"),
    ],
    EVENTS: [
        event("a", AS_OF - 100 * HOUR, "cart", source="s", event_id="1", properties='{"order": {"id": 7, "ok": true}}'),
        event("b", AS_OF - 49 * HOUR, "cart", source="s", event_id="2", properties='{"order": {"id": "É7"}}'),
        event("c", AS_OF - 47 * HOUR, "Cart", source="s", event_id="3", properties='{"order": {"id": null}}'),
        event("c", AS_OF - 60 * HOUR, "view", source="s", event_id="4", properties="no JSON"),
    ],
    ACCOUNTS: [
        {"source": "crm", "account_id": "x", "name": "Église", "parent_account_id": "y"},
        {"source": "crm", "account_id": "y", "name": None},
        {"source": "erp", "account_id": "y", "name": "Other"},
    ],
    CONSENTS: [
        {"customer_id": "a", "purpose": "email", "state": "granted"},
        {"customer_id": "b", "purpose": "email", "state": "denied"},
    ],
}


def owns(**comparison):
    return {"property": comparison}


CART, BOUGHT = {"event": {"where": [{"field": "event_name", "eq": "cart"}]}}, {"transaction": {}}
CASES = {
    "text whatever its case": (owns(field="country", eq="Fr"), "ab"),
    "text as it is written": (owns(field="country", eq="fr", exact=True), "b"),
    "case beyond ASCII": (owns(field="city", eq="École"), "ab"),
    "case of other alphabets": (owns(field="city", starts_with="жук"), "c"),
    "case beyond ASCII as it is written": (owns(field="city", contains="É", exact=True), "a"),
    "wildcards are characters": (owns(field="city", ends_with="%_"), "c"),
    "quotes and backslashes": (owns(field="city", eq='it\'s \\ "x"; --'), "d"),
    "missing is not different": (owns(field="country", neq="FR"), "c"),
    "missing is neither in nor out": ({"not": owns(field="country", **{"in": ["FR", "IT"]})}, "c"),
    "missing where it is asked for": (owns(field="country", not_in=["FR"], or_not_set=True), "cd"),
    "numbers": (owns(field="total_spent", between=[-3, 10.4999]), "b"),
    "dates": (owns(field="date_of_birth", within_last="7d"), "a"),
    "moments": (owns(field="last_order_at", within_last="24h"), "b"),
    "moments to come": (owns(field="last_order_at", within_next="1h"), "c"),
    "moments of another zone": (owns(field="last_order_at", lte="2026-03-01T20:00:00+08:00"), "ab"),
    "counts of nothing": ({"transaction": {"count": {"exactly": 0}}}, "cd"),
    "sums": ({"transaction": {"sum": {"field": "amount", "exactly": 30.5}}}, "a"),
    "averages": ({"transaction": {"avg": {"field": "amount", "between": [15.25, 15.25]}}}, "a"),
    "distinct texts": ({"transaction": {"distinct": {"field": "currency", "exactly": 2}}}, "a"),
    "the first of one moment": ({"transaction": {"first": {"field": "channel", "eq": "web"}}}, "a"),
    "the last of one moment": ({"transaction": {"last": {"field": "channel", "eq": "store"}}}, "a"),
    "numbers in JSON": ({"event": {"last": {"field": "properties.order.id", "lte": 7.0}}}, "a"),
    "texts in JSON": ({"event": {"last": {"field": "properties.order.id", "eq": "é7"}}}, "b"),
    "truth in JSON": ({"event": {"last": {"field": "properties.order.ok", "eq": True}}}, "a"),
    "nothing in JSON": ({"event": {"last": {"field": "properties.order.id", "is_not_set": True}}}, "cd"),
    "windows of facts": ({"transaction": {"count": {"at_least": 1}, "between_ago": ["4d", "24h"]}}, "ab"),
    "one thing after another": ({"sequence": {"did": CART, "then": BOUGHT, "within": "28h"}}, "ab"),
    "and not too late": ({"sequence": {"did": CART, "then": BOUGHT, "within": "27h"}}, "b"),
    "one thing and not another": ({"sequence": {"did": CART, "then_not": BOUGHT, "within": "47h"}}, "c"),
    "whose time is not over": ({"sequence": {"did": CART, "then_not": BOUGHT, "within": "2d"}}, ""),
    "related rows": ({"related": {"to": "account", "any": {"field": "name", "starts_with": "é"}}}, "a"),
    "related rows that are unknown": ({"related": {"to": "account", "all": {"field": "name", "neq": "x"}}}, "a"),
    "two hops": ({"related": {"to": ["account", "parent_account"], "count": {"at_least": 1}}}, "a"),
    "another audience": ({"not": {"audience": {"in": "known"}}}, "bcd"),
}


@pytest.fixture
def filled(warehouse):
    fill(warehouse, ROWS)
    known = pa.table({"customer_id": ["a"]}, schema=pa.schema([("customer_id", TEXT)]))
    warehouse.write_arrow(Table("audiences", "known"), known)
    return warehouse


def test_each_condition_selects_the_same_customers(filled):
    found = {name: "".join(selected(filled, condition)) for name, (condition, _) in CASES.items()}
    assert found == {name: expected for name, (_, expected) in CASES.items()}


def test_the_columns_there_are_serve_conditions_as_the_declared_ones_do(filled):
    found = Catalogue.declared().of(filled)
    assert {table: dict(kinds) for table, kinds in found.tables.items()} == {
        table: dict(kinds) for table, kinds in Catalogue.declared().tables.items()
    }


def test_limits_suppression_and_exclusion_choose_the_same_customers(filled):
    highest = {"field": "total_spent", "top": 1}
    assert selected(filled, ANYONE, limit=highest) == ["a"]
    assert selected(filled, ANYONE, limit={**highest, "per": "country"}) == ["a", "b", "c", "d"]
    assert selected(filled, ANYONE, limit={**highest, "top": 3, "order": "lowest"}) == ["a", "b", "c"]
    assert selected(filled, ANYONE, limit={"field": "city", "top": 2}) == ["b", "c"]
    assert selected(filled, ANYONE, suppress={"without_consent": ["email"]}) == ["a"]
    assert selected(filled, ANYONE, exclude=["known"]) == ["b", "c", "d"]


FIRST = Priority(list="emails", rank=1)
CATALOGUE = Catalogue.declared(audiences={name: FIRST if name == "urgent" else None for name in AUDIENCES})


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(worlds, audiences, definitions)
def test_any_definition_selects_whom_a_plain_reading_selects(warehouse, tables, members, asked):
    put(warehouse, {Table.parse(name): rows for name, rows in tables.items()})
    for name, ids in members.items():
        rows = pa.table({"customer_id": sorted(ids)}, schema=pa.schema([("customer_id", TEXT)]))
        warehouse.write_arrow(Table("audiences", name), rows)
    world = evaluator.World(AS_OF, tables, members, ("urgent",) if "priority" in asked else ())
    assert selected(warehouse, **asked, catalogue=CATALOGUE) == sorted(evaluator.members(asked, world))


def test_members_arms_and_history_are_the_same_through_merges_and_a_holdout(warehouse):
    world, ids = Refreshed(warehouse, Decimal("0.01")), [f"c{number}" for number in range(40)]
    shares = {"a": 33.33, "b": 46.67, "holdout": 20}
    audiences = split(condition=FRENCH, **shares), definition(ANYONE, name="everybody")
    world.have(ids, ids[:30])
    world.refresh(*audiences)
    assert world.arms() == {who: by_hand("tested", who, shares) for who in ids[:30]}
    assert world.arms("everybody") == dict.fromkeys(ids)

    world.have({*ids, "new"} - {"c0"}, [*ids[5:32], "new"])
    world.merge(("c0", "new"))
    changes = world.refresh(*audiences, on=1)
    assert (changes["tested"].entered, changes["tested"].exited, changes["tested"].merged) == (2, 4, 1)
    kept = {who: by_hand("tested", who, shares) for who in ids[5:32]}
    assert world.arms() == {**kept, "new": by_hand("tested", "c0", shares)}
    assert {row["customer_id"]: row["entered_at"] for row in world.rows("tested")}["new"] == day(0)
    for on, expected in ((0, set(ids[:30])), (1, {*ids[5:32], "new"})):
        told = warehouse.read_arrow(members_at("tested", day(on)))["customer_id"].to_pylist()
        assert set(told) == expected
    counted = warehouse.read_arrow(overlap(["tested", "everybody"])).to_pylist()
    assert sorted(row["customers"] for row in counted) == [28, 28, 28, 40]


def test_what_an_arm_brought_is_the_same(warehouse):
    world, ids = Refreshed(warehouse), [f"c{number}" for number in range(30)]
    audience = split(a=50, holdout=50)
    world.have(ids)
    world.refresh(audience)
    arm = sorted(who for who, given in world.arms().items() if given == "a")
    put(warehouse, {TRANSACTIONS: [order(who, day(1), "12.25") for who in arm[:4]] + [order(arm[0], day(0), "99")]})
    (found,) = measure(warehouse, audience, Metric.REVENUE, day(2))
    assert (found.customers, found.holdout_customers, found.holdout_mean) == (len(arm), 30 - len(arm), 0)
    assert found.mean == pytest.approx(4 * 12.25 / len(arm))
    (converted,) = measure(warehouse, audience, Metric.CONVERSION, day(2))
    assert converted.mean == pytest.approx(4 / len(arm))


def test_a_preview_tells_the_same_and_leaves_nothing(filled):
    before = filled.tables()
    asked = definition(
        {"all": [FRENCH, {"transaction": {"count": {"at_least": 1}}}]}, limit={"field": "city", "top": 1}
    )
    found = preview(filled, asked, Catalogue.declared(), AS_OF)
    assert [left for _, left in found.funnel] == [4, 2, 2, 1]
    assert found.consents == {"email": {"denied": 1}}
    assert filled.tables() == before
