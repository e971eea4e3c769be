"""A warehouse with the dbt target that builds in it."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdp_assets.dbt_project import dbt_executable
from cdp_assets.settings import DBT_PROJECT_DIR
from cdp_assets.warehouses.base import Warehouse
from cdp_assets.warehouses.duckdb import DuckDBWarehouse


@dataclass(frozen=True)
class Deployment:
    """`environment` is what profiles.yml reads of the target; `folder` holds what dbt writes."""

    warehouse: Warehouse
    target: str
    environment: Mapping[str, str]
    folder: Path

    def build(self, *stages: str) -> subprocess.CompletedProcess[str]:
        """Build and test the models of some stages."""
        project: list[str | Path] = ["--project-dir", DBT_PROJECT_DIR, "--profiles-dir", DBT_PROJECT_DIR]
        outputs: list[str | Path] = ["--target-path", self.folder / "target", "--log-path", self.folder / "logs"]
        select = ["--target", self.target, "--select", *(f"fqn:cdp.{stage}" for stage in stages)]
        return subprocess.run(
            [dbt_executable(), "build", *project, *outputs, *select],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The result of a SELECT."""
        return [tuple(row.values()) for row in self.warehouse.read_arrow(query).to_pylist()]


def duckdb_deployment(folder: Path) -> Deployment:
    """A new DuckDB file in a folder."""
    path = folder / "cdp.duckdb"
    return Deployment(DuckDBWarehouse(path), "duckdb", {"CDP_DUCKDB_PATH": str(path)}, folder)


DEPLOYMENTS = {"duckdb": duckdb_deployment}
"""How to make one of each warehouse the models are tested on."""
