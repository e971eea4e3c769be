"""The inner ring is plain Python: it imports neither Dagster nor pandas, and `cdp --help` nothing heavy."""

import json
import pkgutil
import subprocess
import sys

import pytest

import cdp_assets

OUTER_RING = ("components", "defs", "orchestration", "definitions")


def modules_after(code: str) -> set[str]:
    """Top-level modules that a new interpreter has imported after it ran some code."""
    told = f"{code}\nimport json, sys\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture(scope="module")
def inner_ring() -> list[str]:
    names = [module.name for module in pkgutil.walk_packages(cdp_assets.__path__, "cdp_assets.")]
    return [name for name in names if name.split(".")[1] not in OUTER_RING and not name.endswith("__main__")]


def test_the_inner_ring_is_found_whole(inner_ring):
    assert {"cdp_assets.cli", "cdp_assets.sources.formats.csv", "cdp_assets.warehouses.duckdb"} <= set(inner_ring)


def test_importing_the_inner_ring_imports_neither_dagster_nor_pandas(inner_ring):
    imported = modules_after("\n".join(f"import {name}" for name in inner_ring))

    assert "sqlglot" in imported
    assert not {name for name in imported if name.startswith("dagster")}
    assert "pandas" not in imported


def test_help_is_told_without_anything_heavy():
    code = "from cdp_assets.cli import main\ntry: main(['--help'])\nexcept SystemExit as end: assert end.code == 0"
    imported = modules_after(code)

    heavy = {"dagster", "dbt", "polars", "duckdb", "splink", "pyarrow", "sqlglot", "pandas", "sklearn", "lightgbm"}
    assert "click" in imported
    assert not heavy & imported
