"""What Dagster knows of each table after a run: its rows, its columns, and the columns those are made from."""

from dataclasses import dataclass

import dagster as dg
import pytest
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

from cdp_assets.components.warehouse import open_warehouse
from cdp_assets.stages import Stage
from cdp_assets.tables import Table
from cdp_assets_tests.deployment import Deployment

SAID_BY_THE_SOURCES_NAME = {"source"}
NOT_HELD_BY_THE_SHOP = {"date_of_birth", "company", "account_id", "anonymous_id", "external_ids"}
NOT_HELD_BY_WEB_OR_HELP_DESK = {
    *{"street", "city", "region", "postal_code", "country"},
    *{"date_of_birth", "company", "account_id", "external_ids"},
}
CONSTANTS = {
    "staging.stg_crm__accounts": SAID_BY_THE_SOURCES_NAME,
    "staging.stg_crm__consents": SAID_BY_THE_SOURCES_NAME,
    "staging.stg_crm__customers": SAID_BY_THE_SOURCES_NAME | {"user_id", "anonymous_id", "external_ids"},
    "staging.stg_crm__identifiers": SAID_BY_THE_SOURCES_NAME | {"type", "is_verified"},
    "staging.stg_shop__consents": SAID_BY_THE_SOURCES_NAME | {"purpose", "channel"},
    "staging.stg_shop__customers": SAID_BY_THE_SOURCES_NAME | NOT_HELD_BY_THE_SHOP | {"is_deleted"},
    "staging.stg_shop__identifiers": SAID_BY_THE_SOURCES_NAME | {"type"},
    "staging.stg_shop__transaction_lines": SAID_BY_THE_SOURCES_NAME,
    "staging.stg_shop__transactions": SAID_BY_THE_SOURCES_NAME | {"type", "is_deleted"},
    "staging.stg_support__customers": SAID_BY_THE_SOURCES_NAME
    | NOT_HELD_BY_WEB_OR_HELP_DESK
    | {"user_id", "anonymous_id", "is_deleted"},
    "staging.stg_support__events": SAID_BY_THE_SOURCES_NAME
    | {"event_name", "user_id", "anonymous_id", "session_id", "is_deleted"},
    "staging.stg_web__customers": SAID_BY_THE_SOURCES_NAME | NOT_HELD_BY_WEB_OR_HELP_DESK | {"is_deleted"},
    "staging.stg_web__events": SAID_BY_THE_SOURCES_NAME | {"is_deleted"},
    "staging.stg_web__identifiers": SAID_BY_THE_SOURCES_NAME | {"type", "is_verified"},
    "lookup.customer_records": {"precedence"},
    "lookup.identifiers": {"precedence"},
    "master.accounts": {"precedence"},
    "identity.match_model": {"trained_with"},
    "identity.records": {"record_number"},
    "identity.match_keys": {"record_number"},
    "identity.pairs": {"number_l", "number_r"},
    "identity.compared_records": {"record_number"},
    "identity.edges": {"number_l", "number_r"},
    "identity.clusters": {"record_number", "solved_with"},
    "identity.applied_decisions": {"number_l", "number_r"},
    "identity.id_history": {"run_id"},
    "churn.model": {"horizon_days"},
    "audiences.overlap": {"audience", "other_audience"},
}
"""Columns made from no column: literals of the model, typed nulls, the configuration, a fact of the run.
A column that is missing from its table's lineage and from here has lost its lineage."""

Columns = dict[str, list[tuple[str, str]]]


@dataclass(frozen=True)
class Recorded:
    """What the last materialisation said; `lineage` maps a column to (table, column) pairs."""

    rows: int
    columns: list[str]
    lineage: Columns


@pytest.fixture(scope="module")
def in_warehouse(materialised: Deployment) -> dict[str, tuple[int, list[str]]]:
    """Rows and columns of every table there is."""
    warehouse = open_warehouse(materialised.settings)
    with warehouse.transaction():
        return {str(t): (warehouse.row_count(t), list(warehouse.columns(t))) for t in warehouse.tables()}


@pytest.fixture
def recorded(instance: dg.DagsterInstance, graph: AssetGraph) -> dict[str, Recorded]:
    """What Dagster recorded of every asset, tables and syncs."""
    events = instance.get_latest_materialization_events(graph.toposorted_asset_keys)
    return {_name(key): _recorded(events[key]) for key in graph.toposorted_asset_keys}


@pytest.fixture
def tables(recorded: dict[str, Recorded]) -> dict[str, Recorded]:
    """Only those with a table of their own: a sync's rows are at its destination."""
    return {name: found for name, found in recorded.items() if Table.parse(name).schema != Stage.ACTIVATION}


def test_the_recorded_row_count_is_the_tables(tables: dict[str, Recorded], in_warehouse):
    assert {name: found.rows for name, found in tables.items()} == {name: in_warehouse[name][0] for name in tables}
    assert tables["master.customers"].rows > 0


def test_the_recorded_columns_are_the_tables_in_order(tables: dict[str, Recorded], in_warehouse):
    assert {name: found.columns for name, found in tables.items()} == {name: in_warehouse[name][1] for name in tables}


def test_every_column_that_is_not_a_constant_names_what_it_is_made_from(tables: dict[str, Recorded], graph: AssetGraph):
    without = {
        name: {column for column in found.columns if not found.lineage.get(column)}
        for name, found in tables.items()
        if graph.get(_key(name)).parent_keys  # raw tables and seeds are where lineage ends
    }
    assert {name: columns for name, columns in without.items() if columns} == CONSTANTS


def test_only_raw_tables_seeds_and_what_people_write_are_made_from_nothing(graph: AssetGraph):
    roots = {_name(key) for key in graph.toposorted_asset_keys if not graph.get(key).parent_keys}
    assert {name for name in roots if not name.startswith("raw.")} == {
        "identity.decisions",
        "identity.labels",
        "staging.country_names",
        "staging.exchange_rates",
    }


def test_lineage_speaks_of_columns_that_the_table_has(recorded: dict[str, Recorded]):
    foreign = {name: set(found.lineage) - set(found.columns) for name, found in recorded.items()}
    assert {name: columns for name, columns in foreign.items() if columns} == {}


def test_every_upstream_column_is_in_the_warehouse(recorded: dict[str, Recorded], in_warehouse):
    unknown = [
        f"{name}.{column} <- {table}.{upstream}"
        for name, found in recorded.items()
        for column, sources in found.lineage.items()
        for table, upstream in sources
        if upstream not in in_warehouse.get(table, (0, []))[1]
    ]
    assert unknown == []


def test_every_upstream_table_is_a_direct_input_of_the_asset(recorded: dict[str, Recorded], graph: AssetGraph):
    foreign = {
        f"{name}.{column} <- {table}"
        for name, found in recorded.items()
        for column, sources in found.lineage.items()
        for table, _ in sources
        if _key(table) not in graph.get(_key(name)).parent_keys
    }
    assert foreign == set()


def test_a_syncs_fields_name_the_columns_they_are_filled_from(recorded: dict[str, Recorded]):
    sync = recorded["activation.at_risk_high_value_to_outbox"]
    assert sync.columns == ["email", "first_name", "last_name", "churn_probability"]
    assert sync.lineage["email"] == [("master.customers", "email")]
    assert sync.lineage["churn_probability"] == [("churn.scores", "churn_probability")]


def test_an_email_sent_out_is_traced_to_the_columns_of_every_source_that_sends_one(recorded: dict[str, Recorded]):
    assert _origins(recorded, "activation.second_order_reminder", "email") >= {
        ("raw.crm__contacts", "Email"),
        ("raw.shop__customers", "email"),
        ("raw.web__events", "traits"),
        ("raw.support__tickets", "requester_email"),
    }


def test_a_churn_probability_is_traced_to_the_orders_and_events_behind_it(recorded: dict[str, Recorded]):
    origins = _origins(recorded, "churn.scores", "churn_probability")
    assert {("raw.shop__orders", "total_price"), ("raw.shop__refunds", "transactions")} <= origins
    assert ("raw.as_of", "as_of") in origins
    assert {table for table, _ in origins} >= {"raw.web__events", "raw.support__tickets"}


def _origins(recorded: dict[str, Recorded], table: str, column: str) -> set[tuple[str, str]]:
    """The columns without lineage that a column is made from in the end."""
    seen: set[tuple[str, str]] = set()
    ahead = [(table, column)]
    while ahead:
        here = ahead.pop()
        if here not in seen:
            seen.add(here)
            ahead += recorded[here[0]].lineage.get(here[1], [])
    return {here for here in seen if not recorded[here[0]].lineage.get(here[1])}


def _recorded(event: dg.EventLogEntry | None) -> Recorded:
    assert event is not None
    assert event.asset_materialization is not None
    metadata = {name: value.value for name, value in event.asset_materialization.metadata.items()}
    schema, lineage = metadata["dagster/column_schema"], metadata["dagster/column_lineage"]
    assert isinstance(schema, dg.TableSchema)
    assert isinstance(lineage, dg.TableColumnLineage)
    return Recorded(
        rows=metadata["dagster/row_count"],
        columns=[column.name for column in schema.columns],
        lineage={
            column: [(_name(dep.asset_key), dep.column_name) for dep in deps]
            for column, deps in lineage.deps_by_column.items()
        },
    )


def _key(table: str) -> dg.AssetKey:
    return dg.AssetKey(table.split("."))


def _name(key: dg.AssetKey) -> str:
    return ".".join(key.path)
