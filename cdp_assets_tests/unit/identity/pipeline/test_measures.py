"""What checks and metadata say of a run is what its tables hold."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cdp_assets.identity.contracts import CLUSTERS, CUSTOMER_IDS, EDGES, ID_HISTORY, LABELS, RECORDS
from cdp_assets.identity.pipeline.measures import (
    Part,
    changed_customers,
    counted,
    customer_count,
    largest_customer,
    measured_labels,
    mixed_customers,
    quarantined_records,
    unassigned_records,
)
from cdp_assets.tables import Contract
from cdp_assets.warehouses.duckdb import DuckDBWarehouse

NOW = datetime(2026, 6, 1, tzinfo=UTC)


class Tables:
    """The tables of the stage, written from the few columns a test is about."""

    def __init__(self, folder: Path) -> None:
        self.warehouse = DuckDBWarehouse(folder / "cdp.duckdb")
        self.warehouse.ensure(RECORDS, CUSTOMER_IDS, CLUSTERS, ID_HISTORY, LABELS, EDGES)

    def holds(self, contract: Contract, *rows: dict[str, Any]) -> DuckDBWarehouse:
        schema = pl.DataFrame(contract.empty()).schema
        whole = [{**dict.fromkeys(schema), "source": "crm", **row} for row in rows]
        frame = pl.DataFrame([{name: row[name] for name in schema} for row in whole], schema)
        self.warehouse.write_arrow(contract.table, frame.to_arrow().cast(contract.schema))
        return self.warehouse

    def customers(self, **records: str) -> DuckDBWarehouse:
        """Which customer has which records, each a letter with perhaps a given name: `c1="a:anna b:bob"`."""
        told = [(customer, *word.split(":")) for customer, words in records.items() for word in words.split()]
        ids = [{"record_id": record, "customer_id": customer} for customer, record, *_ in told]
        self.holds(RECORDS, *({"record_id": record, "first_name": "".join(name)} for _, record, *name in told))
        return self.holds(CUSTOMER_IDS, *ids)

    def history(self, *rows: tuple[str, str, str, str | None]) -> DuckDBWarehouse:
        columns = ("run_id", "event", "customer_id", "other_customer_id")
        return self.holds(ID_HISTORY, *({**dict(zip(columns, row, strict=True)), "happened_at": NOW} for row in rows))


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(tmp_path)


def test_of_nothing_there_is_nothing_to_say(tables: Tables):
    warehouse = tables.warehouse
    nothing = Part(0, 0)
    assert nothing.share == 0
    assert (
        unassigned_records(warehouse) == quarantined_records(warehouse) == changed_customers(warehouse, "r") == nothing
    )
    assert mixed_customers(warehouse, 1, 0.8) == nothing
    assert largest_customer(warehouse, 5) == customer_count(warehouse) == 0
    assert measured_labels(warehouse).precision is None


@pytest.mark.parametrize(
    ("records", "assigned", "wrong"),
    [("ab", "ab", 0), ("ab", "a", 1), ("ab", "aa", 2), ("ab", "abc", 1), ("ab", "abb", 1), ("", "a", 1), ("ab", "", 2)],
)
def test_a_record_without_exactly_one_customer_is_counted(tables: Tables, records: str, assigned: str, wrong: int):
    tables.holds(RECORDS, *({"record_id": one} for one in records))
    warehouse = tables.holds(CUSTOMER_IDS, *({"record_id": one, "customer_id": "c"} for one in assigned))
    assert unassigned_records(warehouse) == Part(wrong, len(records))


def test_of_a_customer_beyond_the_limit_records_that_look_the_same_count_once(tables: Tables):
    warehouse = tables.customers(c1="a:anna b:anna c:ann d:anna", c2="e:bob")
    assert largest_customer(warehouse, limit=4) == 4
    assert largest_customer(warehouse, limit=3) == 2


@pytest.mark.parametrize(
    ("names", "mixed"),
    [
        ("a:anna b:anna c:ann", 0),
        ("a:anna b:robert", 1),
        ("a:robert b:bob c:rob d:robret", 0),
        ("a:anna b:a c:andrea", 0),
        ("a:anna b:robert c:felix", 1),
    ],
)
def test_given_names_that_cannot_be_one_persons_make_a_customer_mixed(tables: Tables, names: str, mixed: int):
    warehouse = tables.customers(c1=names, c2="z:zoe")
    assert mixed_customers(warehouse, most_first_names=1, similar=0.8) == Part(mixed, 2)


def test_only_more_names_than_allowed_make_a_customer_mixed(tables: Tables):
    warehouse = tables.customers(c1="a:anna b:robert", c2="c:anna d:robert e:felix")
    assert mixed_customers(warehouse, most_first_names=2, similar=0.8) == Part(1, 2)


def test_a_record_without_a_name_mixes_nothing(tables: Tables):
    tables.holds(RECORDS, {"record_id": "a", "first_name": "anna"}, {"record_id": "b"})
    ids = ({"record_id": one, "customer_id": "c"} for one in "ab")
    assert mixed_customers(tables.holds(CUSTOMER_IDS, *ids), 1, 0.8) == Part(0, 1)


def test_records_set_apart_are_counted(tables: Tables):
    rows = [{"record_id": "a", "quarantined_by": "too_many_phones"}, {"record_id": "b"}]
    assert quarantined_records(tables.holds(CLUSTERS, *rows)) == Part(1, 2)


def test_customers_that_a_run_changed_are_a_share_of_those_before_it(tables: Tables):
    tables.customers(c1="a b", c3="c", c5="d", c6="e")
    warehouse = tables.history(
        ("first", "created", "c1", None),
        ("first", "merged", "c0", "c1"),
        ("now", "merged", "c2", "c1"),
        ("now", "split", "c3", "c5"),
        ("now", "split", "c3", "c1"),
        ("now", "created", "c5", None),
        ("now", "retired", "c4", None),
    )
    assert changed_customers(warehouse, "now") == Part(2, 5), "c2 and c3, of c1, c2, c3, c4, c6"
    assert changed_customers(warehouse, "another") == Part(0, 4)


def test_a_first_run_changes_no_customer(tables: Tables):
    tables.customers(c1="a", c2="b")
    warehouse = tables.history(("now", "created", "c1", None), ("now", "created", "c2", None))
    assert changed_customers(warehouse, "now") == Part(0, 0)


def test_labels_are_measured_against_the_customers(tables: Tables):
    tables.customers(c1="a b", c2="c")
    sides = [("a", "b", True), ("a", "c", True), ("b", "c", False), ("a", "x", True)]
    rows = [
        {"source_l": "crm", "record_id_l": one, "source_r": "crm", "record_id_r": other, "is_match": same}
        for one, other, same in sides
    ]
    found = measured_labels(tables.holds(LABELS, *rows))
    assert (found.precision, found.recall, found.unknown) == (1.0, 0.5, 1)


def test_rows_are_counted_by_value_without_nulls(tables: Tables):
    values = ["rule", None, "rule", "manual"]
    warehouse = tables.holds(EDGES, *({"kind": kind, "number_l": n} for n, kind in enumerate(values)))
    assert counted(warehouse, EDGES.table, "kind") == {"manual": 1, "rule": 2}
