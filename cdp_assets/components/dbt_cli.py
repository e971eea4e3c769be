"""dbt's command line as dagster-dbt drives it, without what costs seconds and is not used."""

import os
from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliInvocation, DbtCliResource
from packaging.version import Version

from cdp_assets.dbt_project import dbt_environment, dbt_executable, prepare_target
from cdp_assets.settings import DBT_PROJECT_DIR, Settings


class _LeanDbtCli(DbtCliResource):
    """Asks the installed package for dbt's version instead of a process of its own (3 s), and opens no adapter in
    this process (2 s): it serves `fetch_row_counts` alone, which would leave DuckDB's file locked."""

    @cached_property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:  # noqa: ANN401 - an adapter, were there one
        return None


def start_dbt(
    args: Sequence[str], settings: Settings, context: dg.AssetExecutionContext, name: str
) -> DbtCliInvocation:
    """Start dbt on the context's selection; `name` keeps its artifacts apart from other invocations'."""
    os.environ.update(dbt_environment(settings) | {"CDP_RUN_ID": context.run_id})
    dbt = _LeanDbtCli(
        project_dir=str(DBT_PROJECT_DIR),
        profiles_dir=str(DBT_PROJECT_DIR),
        target=settings.warehouse,
        dbt_executable=str(dbt_executable()),
    )
    return dbt.cli(args, context=context, target_path=prepare_target(settings, name), raise_on_error=False)
