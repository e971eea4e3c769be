"""An audience's upstreams and lineage are exactly what its conditions read."""

from cdp_assets.audiences.catalogue import Catalogue
from cdp_assets.audiences.contracts import audience_contract
from cdp_assets.audiences.options import Priority
from cdp_assets.audiences.registered import RegisteredTable
from cdp_assets.audiences.upstream import upstream
from cdp_assets_tests.unit.audiences.world import definition

ALWAYS = {
    "identity.id_history.customer_id",
    "identity.id_history.event",
    "identity.id_history.other_customer_id",
    "master.customers.customer_id",
    "raw.as_of.as_of",
}


def test_only_what_the_tree_reads_is_upstream():
    audience = definition(
        {"any": [{"property": {"field": "risk_band", "eq": "high"}}, {"not": {"audience": {"in": "lapsed"}}}]},
        exclude=["staff"],
        limit={"field": "total_spent", "top": 3},
    )
    read = upstream(audience)
    assert set(read.columns) == ALWAYS | {
        "churn.scores.customer_id",
        "churn.scores.risk_band",
        "audiences.lapsed.customer_id",
        "audiences.staff.customer_id",
        "master.customers.total_spent",
    }
    assert {str(table) for table in read.tables} == {
        *("audiences.lapsed", "audiences.staff", "churn.scores", "identity.id_history", "master.customers", "raw.as_of")
    }


def test_facts_name_their_aggregated_and_filtered_columns():
    bounds = {"sum": {"field": "amount_reporting", "at_least": 5}, "where": [{"field": "status", "eq": "paid"}]}
    read = set(upstream(definition({"transaction": bounds})).columns) - ALWAYS
    names = ("customer_id", "occurred_at", "is_deleted", "amount_reporting", "status")
    assert read == {f"master.transactions.{name}" for name in names}


def test_members_descend_from_every_column_read():
    audience = definition({"property": {"field": "email", "is_set": True}})
    member = audience_contract(audience).columns[0]
    assert set(member.lineage) == ALWAYS | {"master.customers.email"}


def test_every_leaf_names_the_tables_and_columns_it_reads():
    purchase = {"transaction": {"where": [{"field": "channel", "eq": "web"}]}}
    audience = definition(
        {
            "all": [
                {"transaction": {"of": "lines", "distinct": {"field": "category", "at_least": 2}}},
                {"event": {"last": {"field": "properties.step.name", "eq": "pay"}}},
                {"sequence": {"did": {"event": {"where": [{"field": "event_name", "eq": "x"}]}}, "then_not": purchase}},
                {"related": {"to": ["account", "parent_account"], "any": {"field": "domain", "eq": "x.fr"}}},
            ]
        },
        suppress={"without_consent": ["email"]},
        limit={"field": "churn_probability", "top": 3, "per": "country"},
    )
    read = set(upstream(audience).columns) - ALWAYS
    expected = {
        "master.transaction_lines": ("category", "customer_id", "occurred_at"),
        "master.events": (
            *("customer_id", "event_id", "event_name", "is_deleted", "occurred_at", "properties", "source"),
        ),
        "master.transactions": ("channel", "customer_id", "is_deleted", "occurred_at"),
        "master.accounts": ("account_id", "domain", "is_deleted", "parent_account_id", "source"),
        "master.customers": ("account_id", "account_id_source", "country"),
        "master.consents": ("customer_id", "purpose", "state"),
        "churn.scores": ("churn_probability", "customer_id"),
    }
    assert read == {f"{table}.{column}" for table, columns in expected.items() for column in columns}


def test_an_audience_descends_from_those_before_it_in_a_list_of_priorities():
    places = {"first": Priority(list="l", rank=1), "second": Priority(list="l", rank=2), "other": None}
    mine = {"list": "l", "rank": 2}
    second = definition({"property": {"field": "email", "is_set": True}}, name="second", priority=mine)
    tables = {str(table) for table in upstream(second, Catalogue.declared(audiences=places)).tables}
    assert {table for table in tables if table.startswith("audiences.")} == {"audiences.first"}


def test_registered_tables_are_upstream():
    tier = RegisteredTable(table="marts.loyalty", columns={"tier": "text"}, key="customer_key")
    gold = definition({"property": {"field": "tier", "eq": "gold"}})
    read = upstream(gold, Catalogue.declared([tier]))
    assert set(read.columns) - ALWAYS == {"marts.loyalty.customer_key", "marts.loyalty.tier"}
