"""Deployments of a test's own: one that is materialised, one with nothing in it; and `cdp match` without any."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from cdp_assets.cli import main
from cdp_assets_tests.deployment import SEEDS, Deployment
from cdp_assets_tests.integration.matching import RULES_ALONE, Match


@pytest.fixture
def deployment(materialised: Callable[[int], Deployment], tmp_path: Path) -> Deployment:
    """A materialised deployment of the test's own."""
    return materialised(SEEDS[0]).copy_to(tmp_path / "deployment")


@pytest.fixture
def empty(tmp_path: Path) -> Deployment:
    """A deployment with nothing in it."""
    return Deployment(tmp_path)


@pytest.fixture
def match(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Match:
    """`cdp match RECORDS --out ids.parquet <options>` in a folder of the test's own, in this process.

    Records are a path or a frame. By rules alone, which `options` may say otherwise.
    """
    monkeypatch.chdir(tmp_path)
    Path("rules.yaml").write_text(RULES_ALONE)

    def run(records: pl.DataFrame | str, *options: str) -> Result:
        if not isinstance(records, str):
            records.write_parquet("records.parquet")
            records = "records.parquet"
        given = ("--out", "ids.parquet", "--rules", "rules.yaml", *options)
        return CliRunner().invoke(main, ["match", records, *given])

    return run
