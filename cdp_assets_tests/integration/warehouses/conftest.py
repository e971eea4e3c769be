"""The same exports, day after day, on DuckDB and on each other warehouse that was chosen."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cdp_assets.sample.next_day import write_next_day
from cdp_assets.sample.write import write_sample
from cdp_assets.stages import Stage
from cdp_assets.tables import Table
from cdp_assets.warehouses import open_warehouse
from cdp_assets_tests.deployment import FACTS_OF_A_RUN, Deployment, Facts
from cdp_assets_tests.warehouse_choice import Environment, chosen

OTHERS = [name for name in chosen() if name != "duckdb"]
collect_ignore_glob = [] if OTHERS else ["test_*"]
PEOPLE, SEED = 400, 11
MOMENTS = ("sample", "2026-07-02")


@dataclass(frozen=True)
class Days:
    """A deployment, and what its warehouse held after each of its runs."""

    deployment: Deployment
    facts: list[Facts]


def run_days(deployment: Deployment, count: int) -> Days:
    """Write the sample, materialise it, then do the same with each later day's exports."""
    found = []
    for number, moment in enumerate(MOMENTS[:count]):
        if number == 0:
            write_sample(deployment.landing, deployment.truth, PEOPLE, SEED)
        else:
            write_next_day(deployment.landing, PEOPLE, SEED)
        deployment.run_well("run", "--as-of", moment)
        found.append(facts(deployment))
    return Days(deployment, found)


def facts(deployment: Deployment) -> Facts:
    """The rows of every table as sorted text, numbers and times spelled alike, without what tells one run's facts."""
    with closing(open_warehouse(deployment.settings)) as warehouse, warehouse.session():
        return {
            str(table): sorted(_rows(warehouse.read_arrow(f"SELECT * FROM {table}").to_pylist(), table))
            for table in warehouse.tables(list(Stage))
        }


def _rows(rows: list[dict[str, Any]], table: Table) -> list[str]:
    left_out = FACTS_OF_A_RUN.get(table.schema, set())
    return [
        repr({name.lower(): _spelled(row[name]) for name in sorted(row, key=str.lower) if name not in left_out})
        for row in rows
    ]


def _spelled(value: object) -> str:
    """A value's text, alike for equal numbers and for equal moments."""
    match value:
        case bool():
            return str(value)
        case int() | Decimal():
            return format(Decimal(value).normalize() + 0, "f")
        case datetime():
            return value.astimezone(UTC).isoformat()
        case _:
            return str(value)


@pytest.fixture(scope="module")
def on_duckdb(tmp_path_factory: pytest.TempPathFactory) -> Days:
    return run_days(Deployment(tmp_path_factory.mktemp("duckdb")), len(MOMENTS))


@pytest.fixture(scope="module", params=OTHERS)
def elsewhere(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    empty_environment: Callable[[str, Path], Environment],
) -> Days:
    """Two days on PostgreSQL; one on the stand-ins of the others."""
    folder = tmp_path_factory.mktemp(request.param)
    environment = empty_environment(request.param, folder)
    return run_days(Deployment(folder, environment), len(MOMENTS) if request.param == "postgres" else 1)
