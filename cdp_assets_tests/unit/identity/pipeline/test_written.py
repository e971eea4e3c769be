"""A table that people fill has a version of what it says."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from cdp_assets.errors import DataError
from cdp_assets.identity.contracts import DECISIONS, LABELS
from cdp_assets.identity.pipeline.written import written_version
from cdp_assets.identity.record_pairs import PAIR
from cdp_assets.warehouses.duckdb import DuckDBWarehouse

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def warehouse(tmp_path: Path) -> DuckDBWarehouse:
    return DuckDBWarehouse(tmp_path / "cdp.duckdb")


def decisions(warehouse: DuckDBWarehouse, *rows: tuple[str, str, str]) -> str:
    """The version of the decisions, one a day."""
    told = [
        ("crm", one, "crm", other, word, "why", "ann", NOW + timedelta(n)) for n, (one, other, word) in enumerate(rows)
    ]
    frame = pl.DataFrame(told, pl.DataFrame(DECISIONS.empty()).schema, orient="row")
    warehouse.write_arrow(DECISIONS.table, frame.to_arrow().cast(DECISIONS.schema))
    return written_version(warehouse, DECISIONS.table)


def labels(warehouse: DuckDBWarehouse, *rows: tuple[str, str, bool]) -> str:
    frame = pl.DataFrame(
        [("crm", one, "crm", other, same) for one, other, same in rows], [*PAIR, "is_match"], orient="row"
    )
    warehouse.write_arrow(LABELS.table, frame.to_arrow())
    return written_version(warehouse, LABELS.table)


def test_a_table_that_is_not_there_says_what_an_empty_one_says(warehouse: DuckDBWarehouse):
    assert written_version(warehouse, DECISIONS.table) == decisions(warehouse)
    warehouse.ensure(LABELS)
    empty = written_version(warehouse, LABELS.table)
    warehouse.drop(LABELS.table)
    assert written_version(warehouse, LABELS.table) == empty


def test_a_decision_is_another_version_and_its_undoing_the_former_one(warehouse: DuckDBWarehouse):
    nothing, always = decisions(warehouse), decisions(warehouse, ("1", "2", "always"))
    assert len({nothing, always, decisions(warehouse, ("1", "2", "never"))}) == 3
    assert decisions(warehouse, ("1", "2", "always"), ("2", "1", "withdrawn")) == nothing


def test_decisions_that_cannot_all_hold_have_no_version(warehouse: DuckDBWarehouse):
    with pytest.raises(DataError, match="conflict"):
        decisions(warehouse, ("1", "2", "always"), ("2", "3", "always"), ("1", "3", "never"))


def test_labels_have_a_version_whatever_their_order(warehouse: DuckDBWarehouse):
    one = labels(warehouse, ("1", "2", True), ("1", "3", False))
    assert labels(warehouse, ("3", "1", False), ("1", "2", True)) == one
    assert labels(warehouse, ("1", "2", False), ("1", "3", False)) != one
    with pytest.raises(DataError, match="both ways"):
        labels(warehouse, ("1", "2", True), ("2", "1", False))
