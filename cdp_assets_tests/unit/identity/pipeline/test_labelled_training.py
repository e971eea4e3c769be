"""What people judged of pairs counts at the next training, and not before."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path

import polars as pl
import pytest

from cdp_assets.errors import DataError
from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.contracts import LABELS
from cdp_assets.identity.pipeline.training import Renewal, Wish, renew_model
from cdp_assets.identity.scoring.workbench import Limits
from cdp_assets.warehouses.duckdb import DuckDBWarehouse
from cdp_assets_tests.unit.identity.pipeline.lookup import Lookup, crowd

DAY = datetime(2026, 6, 1, tzinfo=UTC)
PEOPLE = crowd(150)
Row = tuple[str, str, bool | None]


def judged(people: Iterable[str]) -> list[Row]:
    """Every two records of one name, with the truth of them."""
    named = [(id_, id_.split("-")[0], PEOPLE[id_]["first_name"], PEOPLE[id_]["last_name"]) for id_ in people]
    return [(one[0], other[0], one[1] == other[1]) for one, other in combinations(named, 2) if one[2:] == other[2:]]


def write(warehouse: DuckDBWarehouse, rows: Iterable[Row]) -> None:
    noted = [("crm", one, "crm", other, match, "ann", DAY) for one, other, match in rows]
    table = pl.DataFrame(noted, schema=pl.DataFrame(LABELS.empty()).schema, orient="row")
    warehouse.write_arrow(LABELS.table, table.to_arrow().cast(LABELS.schema))


def run(warehouse: DuckDBWarehouse, day: int, wish: Wish | None = None) -> Renewal:
    return renew_model(warehouse, IdentityConfig(), wish or Wish(), DAY + timedelta(days=day), Limits(threads=1))


def test_labels_count_from_the_next_training_on(tmp_path: Path):
    warehouse = Lookup(tmp_path).holds(PEOPLE)
    first = run(warehouse, 1)
    assert first.model.threshold_from == "the model's own probabilities"
    rows = judged(PEOPLE)
    assert sum(match is True for *_, match in rows) == 150
    write(warehouse, [*rows, ("0-a", "deleted long ago", True)])
    frozen = run(warehouse, 2)
    assert (frozen.trained_because, frozen.model.version) == (None, first.model.version)
    trained = run(warehouse, 3, Wish(retrain=True, adopt=True))
    assert trained.model.threshold_from == f"{len(rows)} labelled pairs"
    assert trained.model.contexts == first.model.contexts


def test_labels_that_say_nothing_stop_a_training_before_it_begins(tmp_path: Path):
    warehouse = Lookup(tmp_path).holds(PEOPLE)
    write(warehouse, [("0-a", "0-b", None)])
    with pytest.raises(DataError, match=r"identity\.labels has no is_match for crm:0-a and crm:0-b"):
        run(warehouse, 1)
