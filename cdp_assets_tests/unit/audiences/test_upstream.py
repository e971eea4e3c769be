"""An audience's upstreams and lineage are exactly what its conditions read."""

from cdp_assets.audiences.contracts import audience_contract
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
