"""`cdp doctor`: looks at everything a run needs, and says how to mend what is missing."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console

from cdp_assets.components.process import PID_TAG, is_alive
from cdp_assets.dbt_project import prepare_manifest
from cdp_assets.definitions import defs as load_definitions
from cdp_assets.orchestration.arrivals import sources_of
from cdp_assets.orchestration.explain import explain
from cdp_assets.orchestration.instance import open_instance, unfinished_runs
from cdp_assets.orchestration.staleness import failed_checks, table_name
from cdp_assets.settings import Settings
from cdp_assets.sources.load import landing_of
from cdp_assets.stages import Stage
from cdp_assets.warehouses import open_warehouse
from cdp_assets.warehouses._rights import try_rights


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: whether it is well, what was found, and how to mend it when it is not."""

    name: str
    ok: bool
    found: str
    fix: str = ""

    def as_json(self) -> dict[str, object]:
        """The same as plain values."""
        return asdict(self)


def examine(settings: Settings) -> list[Finding]:
    """Look at folders, warehouse, dbt project, definitions, sources and runs, in this order."""
    checks: list[Callable[[Settings], Iterator[Finding]]] = [_folders, _warehouse, _project, _sources, _runs]
    findings: list[Finding] = []
    for check in checks:
        try:
            findings += check(settings)
        except Exception as error:
            said = explain(error)
            if said is None:
                raise
            if said not in {finding.found for finding in findings}:
                findings.append(Finding(check.__name__.strip("_"), False, said, "mend what the message names."))
    return findings


def print_findings(findings: list[Finding]) -> None:
    """One line each; what is wrong comes with its fix."""
    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        console.print(f"{'ok  ' if finding.ok else 'FIX '} {finding.name}: {finding.found}", markup=False)
        if not finding.ok:
            console.print(f"     {finding.fix}", markup=False)


def _folders(settings: Settings) -> Iterator[Finding]:
    folders = {
        "CDP_LANDING_DIR": settings.landing_dir,
        "CDP_OUTBOX_DIR": settings.outbox_dir,
        "DAGSTER_HOME": settings.dagster_home,
        "CDP_DBT_OUTPUT_DIR": settings.dbt_output_dir,
    }
    for name, folder in folders.items():
        nearest = _nearest_existing(folder)
        ok = nearest.is_dir() and os.access(nearest, os.W_OK)
        yield Finding(name, ok, str(folder), f"make {nearest} a folder this user may write to, or set {name}.")


def _nearest_existing(path: Path) -> Path:
    return path if path.exists() else _nearest_existing(path.parent)


def _warehouse(settings: Settings) -> Iterator[Finding]:
    with closing(open_warehouse(settings)) as warehouse, warehouse.session():
        missing = [tried for tried in try_rights(warehouse, list(Stage)) if tried.problem]
        for tried in missing:
            name = f"warehouse: {tried.right}" + (f" in {tried.schema}" if tried.schema else "")
            yield Finding(name, False, tried.problem, tried.grant)
        if not missing:
            tables = warehouse.tables(list(Stage))
            where = f"{settings.warehouse} {warehouse.location}, {len(tables)} tables"
            yield Finding("warehouse", True, f"{where}; creating, writing and reading work")


def _project(settings: Settings) -> Iterator[Finding]:
    manifest = prepare_manifest(settings)
    yield Finding("dbt project", True, f"parsed, manifest in {manifest.parent}")
    graph = load_definitions().resolve_asset_graph()
    yield Finding("definitions", True, f"{len(graph.executable_asset_keys)} assets")


def _sources(settings: Settings) -> Iterator[Finding]:
    matched = set()
    for source in sources_of(load_definitions().resolve_asset_graph()):
        table = source.tables[0]
        arrivals = landing_of(table, settings).arrivals()
        matched |= {arrival.path for arrival in arrivals}
        pattern = table.landing.get("glob", table.landing["type"])
        yield Finding(
            str(source.raw_table(table)),
            bool(arrivals),
            f"{len(arrivals)} files match {pattern}",
            f"drop a file that matches into {settings.landing_dir}, or write the sample: cdp sample.",
        )
    there = {path for path in settings.landing_dir.rglob("*") if path.is_file() and not path.name.startswith(".")}
    others = sorted(path.relative_to(settings.landing_dir).as_posix() for path in there - matched)
    yield Finding(
        "landing folder",
        not others,
        f"{len(others)} files match no source" + (f", such as {others[0]}" if others else ""),
        "rename them as a source's glob says, widen the glob in its defs.yaml, or take them away.",
    )


def _runs(settings: Settings) -> Iterator[Finding]:
    with open_instance(settings) as instance:
        wrong = failed_checks(instance, load_definitions().resolve_asset_graph())
        dead = [run.run_id for run in unfinished_runs(instance) if PID_TAG in run.tags and not is_alive(run.tags)]
    yield Finding("runs", not dead, f"{len(dead)} runs whose process is gone", "start `cdp run`; it clears them first.")
    said = ", ".join(f"{table_name(check.asset_key)}: {check.name}" for check in wrong)
    yield Finding(
        "checks", not wrong, said or "none failed", "look at the check in the UI (cdp dev), mend the data, cdp run."
    )
