"""Tables for the terminal: what a run made, and what there is."""

from rich.console import Console
from rich.table import Table as Grid

from cdp_assets.orchestration.run import RunReport
from cdp_assets.orchestration.status import Status, read_status
from cdp_assets.settings import Settings


def print_summary(settings: Settings, report: RunReport) -> None:
    """What the stages hold after a run, and how long each run took."""
    print_status(read_status(settings, last_runs=max(1, len(report.executions))))
    seconds = sum(execution.seconds for execution in report.executions)
    outbox = sorted(path for path in settings.outbox_dir.rglob("*") if path.is_file())
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{len(report.made)} tables made in {seconds:.1f} s; {len(outbox)} files in {settings.outbox_dir}")


def print_status(status: Status) -> None:
    """Stages, tables, rows; then runs and failed checks."""
    console = Console(highlight=False)
    grid = Grid("stage", "table", title=f"as of {status.as_of or 'nothing yet'}", title_justify="left")
    grid.add_column("rows", justify="right")
    for stage, tables in status.stages.items():
        for position, (name, rows) in enumerate(tables.items()):
            grid.add_row(stage if position == 0 else "", name, "-" if rows is None else f"{rows:,}")
        if not tables:
            grid.add_row(stage, "(nothing yet)", "")
    console.print(grid)
    for run in status.runs:
        seconds = f"{run.seconds:.1f} s" if run.seconds is not None else ""
        console.print(f"run {run.run_id[:8]}  {run.status:<9} {run.started_at or '':<26} {seconds}")
    for line in status.failed_checks:
        console.print(f"failed check  {line}", markup=False)
    for line in status.warnings:
        console.print(f"warning       {line}", markup=False)
    if status.note:
        console.print(status.note, markup=False, soft_wrap=True)
