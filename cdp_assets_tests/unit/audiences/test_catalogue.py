"""What conditions may name: columns, JSON in them, relations, audiences and registered tables."""

from decimal import Decimal

import pyarrow as pa
import pytest

from cdp_assets.audiences.catalogue import Catalogue
from cdp_assets.audiences.compile import compile_audience
from cdp_assets.audiences.declared import ACCOUNTS, CUSTOMERS, SCORES
from cdp_assets.audiences.registered import RegisteredTable
from cdp_assets.errors import ConfigurationError
from cdp_assets.tables import Table
from cdp_assets_tests.unit.audiences.world import AS_OF, customer, definition, fill, selected


def registered(table, columns, **options):
    return RegisteredTable.model_validate({"table": table, "columns": columns, **options})


TIER = registered("marts.loyalty", {"tier": "text", "extra": "json"}, key="customer_id")
OTHER_TIER = registered("sales.loyalty", {"band": "text"}, key="customer_key")
PETS = registered(
    "marts.pets", {"owner": "text", "age": "number"}, relations=[{"name": "pets", "on": {"customer_id": "owner"}}]
)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"property": {"field": "contry", "eq": "FR"}}, ["condition.property.field", "'contry'", "nearest: country"]),
        ({"property": {"field": "staging.people.x", "eq": 1}}, ["staging.people.x", "master.customers, churn.scores"]),
        ({"property": {"field": "master.events.event_name", "eq": "x"}}, ["is not in a table of master.customers"]),
        ({"property": {"field": 'country" OR 1=1 --', "eq": "FR"}}, ["is not a column of master.customers"]),
        ({"not": {"property": {"field": "total_spent", "gt": "much"}}}, ["condition.not.property.gt", "a number"]),
        ({"property": {"field": "country", "gt": 5}}, ["condition.property.gt", "holds text values", "contains"]),
        ({"property": {"field": "country", "within_last": "1d"}}, ["within_last", "holds text values", "starts_with"]),
        ({"property": {"field": "total_spent", "contains": "5"}}, ["holds number values", "between, eq, gt"]),
        ({"property": {"field": "total_spent", "eq": 5, "exact": True}}, ["property.exact", "number", "for text"]),
        ({"property": {"field": "country", "eq": 5}}, ["condition.property.eq", "5", "needs a text"]),
        ({"property": {"field": "total_spent", "eq": True}}, ["needs a number"]),
        ({"property": {"field": "last_order_at", "before": "soon"}}, ["'soon'", "such as 2026-01-31"]),
        ({"property": {"field": "date_of_birth", "eq": "2026-02-30"}}, ["'2026-02-30'", "a date such as"]),
        ({"transaction": {"sum": {"field": "status", "at_least": 1}}}, ["condition.transaction.sum.field", "numbers"]),
        ({"transaction": {"count": {"at_least": 1}, "between": ["x", "y"]}}, ["transaction.between", "a moment such"]),
        (
            {"transaction": {"of": "lines", "sum": {"field": "currency", "at_least": 1}}},
            ["is not a column of master.transaction_lines", "product_name"],
        ),
        ({"event": {"count": {"at_least": 1}, "where": [{"field": "amount", "gt": 1}]}}, ["event.where.0.field"]),
        (
            {"event": {"count": {"at_least": 1}, "where": [{"not": {"all": [{"field": "sesion_id", "eq": "x"}]}}]}},
            ["condition.event.where.0.not.all.0.field", "nearest: session_id"],
        ),
        (
            {"event": {"last": {"field": "properties.step", "gt": "b"}}},
            ["condition.event.last.gt", "'b'", "master.events.properties.step", "numbers only"],
        ),
        ({"event": {"last": {"field": "properties.step", "eq": 5, "exact": True}}}, ["event.last.exact", "for text"]),
        (
            {"event": {"last": {"field": "properties..x", "eq": 5}}},
            ["event.last.field", "'.x'", "no path into"],
        ),
        ({"event": {"last": {"field": 'properties.a"b', "eq": 5}}}, ["event.last.field", "no path into the JSON"]),
        ({"event": {"last": {"field": "session_id.x", "eq": "5"}}}, ["'session_id.x'", "is not a column"]),
        (
            {
                "sequence": {
                    "did": {"event": {}},
                    "then": {"transaction": {"where": [{"field": "event_name", "eq": "x"}]}},
                }
            },
            ["condition.sequence.then.transaction.where.0.field", "master.transactions"],
        ),
        (
            {"related": {"to": "acount", "count": {"at_least": 1}}},
            ["condition.related.to.0", "'acount'", "nearest: account", "account, consents, identifiers"],
        ),
        (
            {"related": {"to": ["consents", "account"], "count": {"at_least": 1}}},
            ["condition.related.to.1", "'account' is not a relation of master.consents", "it has: none"],
        ),
        (
            {"related": {"to": ["account", "contacts"], "any": {"field": "domain", "eq": "x"}}},
            ["condition.related.any.field", "is not a column of master.customers"],
        ),
        ({"audience": {"in": "nobody"}}, ["condition.audience", "'nobody'", "there are: lapsed"]),
        ({"audience": {"in": "lapsd"}}, ["condition.audience", "nearest: lapsed"]),
        ({"audience": {"in": "tested"}}, ["condition.audience", "this audience itself"]),
    ],
)
def test_a_condition_the_catalogue_cannot_serve_is_refused(condition, said):
    catalogue = Catalogue.declared(audiences={"lapsed": None, "tested": None})
    with pytest.raises(ConfigurationError) as error:
        compile_audience(definition(condition), catalogue, AS_OF)
    for words in said:
        assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"exclude": ["nobody"]}, "exclude.0: there is no audience 'nobody'"),
        ({"limit": {"field": "spent", "top": 1}}, "limit.field: 'spent' is not a column"),
        ({"limit": {"field": "total_spent", "top": 1, "per": "contry"}}, "limit.per: 'contry' .*nearest: country"),
    ],
)
def test_what_options_name_is_looked_up_too(options, said):
    anyone = definition({"property": {"field": "email", "is_set": True}}, **options)
    with pytest.raises(ConfigurationError, match=said):
        compile_audience(anyone, Catalogue.declared(audiences={"tested": None}), AS_OF)


def test_a_moment_without_a_time_zone_is_refused():
    anyone = definition({"property": {"field": "email", "is_set": True}})
    with pytest.raises(ConfigurationError, match="time zone"):
        compile_audience(anyone, Catalogue.declared(), AS_OF.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"relations": [{"name": "account", "on": {"customer_id": "owner"}}]}, "two relations 'account'"),
        ({"relations": [{"name": "pets", "on": {"id": "owner"}}]}, "'id' is not a column of master.customers"),
        (
            {"relations": [{"name": "pets", "on": {"customer_id": "id"}}]},
            "'id' is not a column of marts.pets; it has",
        ),
        ({"relations": [{"name": "pets", "from": "marts.zoos", "on": {"a": "owner"}}]}, "is from marts.zoos"),
    ],
)
def test_a_registered_relation_must_join_columns_that_are_there(changes, said):
    with pytest.raises(ConfigurationError, match=said):
        Catalogue.declared([registered("marts.pets", {"owner": "text"}, **changes)])


@pytest.mark.parametrize("tables", [["master.events"], ["marts.pets", "marts.pets"]])
def test_a_table_that_is_known_already_cannot_be_registered(tables):
    with pytest.raises(ConfigurationError, match=f"table '{tables[-1]}' is known already"):
        Catalogue.declared([registered(table, {"owner": "text"}) for table in tables])


def test_a_deployments_own_columns_can_be_used(warehouse):
    warehouse.write_select(CUSTOMERS, "SELECT 'x' AS customer_id, CAST(7 AS SMALLINT) AS loyalty_tier")
    found = Catalogue.declared().of(warehouse)
    assert selected(warehouse, {"property": {"field": "loyalty_tier", "gte": 7}}, found) == ["x"]
    assert found.tables[SCORES] == Catalogue.declared().tables[SCORES]


def test_the_warehouses_own_types_are_understood_as_declared(warehouse):
    fill(warehouse, {})
    assert Catalogue.declared().of(warehouse) == Catalogue.declared()


def test_registered_tables_of_one_name_are_told_apart(warehouse):
    fill(warehouse, {CUSTOMERS: [customer("a"), customer("b")]})
    extra = ['{"card": {"number": 12}}', "no JSON"]
    warehouse.write_arrow(
        Table("marts", "loyalty"), pa.table({"customer_id": ["a", "b"], "tier": ["Gold", "Gold"], "extra": extra})
    )
    warehouse.write_arrow(Table("sales", "loyalty"), pa.table({"customer_key": ["b"], "band": ["Top"]}))
    catalogue = Catalogue.declared([TIER, OTHER_TIER])
    gold, top = (
        {"property": {"field": "tier", "eq": "gold"}},
        {"property": {"field": "sales.loyalty.band", "eq": "top"}},
    )
    assert selected(warehouse, {"all": [gold, top]}, catalogue) == ["b"]
    assert selected(warehouse, {"all": [gold, {"not": top}]}, catalogue) == []
    assert selected(warehouse, {"property": {"field": "extra.card.number", "gt": 11.5}}, catalogue) == ["a"]


def test_registered_relations_are_followed(warehouse):
    fill(warehouse, {CUSTOMERS: [customer("a"), customer("b")], ACCOUNTS: []})
    ages = {"owner": ["a", "a", "b"], "age": [Decimal(3), Decimal(12), None]}
    warehouse.write_arrow(Table("marts", "pets"), pa.table(ages))
    catalogue = Catalogue.declared([PETS])
    assert selected(warehouse, {"related": {"to": "pets", "sum": {"field": "age", "exactly": 15}}}, catalogue) == ["a"]
    assert selected(warehouse, {"related": {"to": "pets", "none": {"field": "age", "gt": 5}}}, catalogue) == ["b"]
