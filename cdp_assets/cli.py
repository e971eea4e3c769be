"""The command `cdp`. Heavy libraries are imported by the command that needs them."""

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import click

from cdp_assets.identity.commands import COMMANDS as IDENTITY_COMMANDS
from cdp_assets.orchestration.audience_commands import COMMANDS as AUDIENCE_COMMANDS
from cdp_assets.orchestration.sync_commands import COMMANDS as ACTIVATION_COMMANDS
from cdp_assets.settings import Settings


class _OneLineErrors(click.Group):
    """Shows a user's mistake as one line, and a traceback with `--debug` alone."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.ClickException, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if ctx.params.get("debug"):
                raise
            from cdp_assets.orchestration.explain import explain

            said = explain(error) or f"unexpected {type(error).__name__}; run with --debug to see where it comes from."
            raise click.ClickException(said) from error


@click.group(cls=_OneLineErrors)
@click.option("--debug", is_flag=True, help="Show the traceback of a failure.")
def main(debug: bool) -> None:  # noqa: ARG001 - read by _OneLineErrors
    """A customer data platform made of Dagster assets."""
    warnings.filterwarnings("ignore", module=r"dagster\.")  # it announces its own beta classes, one by one
    warnings.filterwarnings("ignore", message=r".*is currently in beta")


@main.command()
@click.option("--people", default=5000, show_default=True, type=click.IntRange(min=1), help="How many people.")
@click.option("--seed", default=20260630, show_default=True, help="Another seed, another population.")
def sample(people: int, seed: int) -> None:
    """Write sample exports into the landing folder, and the truth beside it."""
    from cdp_assets.sample.write import write_sample

    settings = Settings.from_env()
    summary = write_sample(settings.landing_dir, settings.sample_truth_path, people, seed)
    for name, count in summary.files.items():
        click.echo(f"{name}: {count:,} rows")
    click.echo(f"written to {settings.landing_dir}; the truth is in {settings.sample_truth_path}")


@main.command()
@click.option("--select", help="Stages, tables or a Dagster selection, separated by commas.")
@click.option("--full", is_flag=True, help="Run what is selected whether stale or not.")
@click.option("--as-of", help="The moment to count from: a date, an ISO 8601 moment, or `sample`.")
def run(select: str | None, full: bool, as_of: str | None) -> None:
    """Load what landed and make what is out of date."""
    from cdp_assets.as_of import parse_as_of

    settings = Settings.from_env()
    moment = parse_as_of(as_of) if as_of is not None else None
    from cdp_assets.orchestration.run import run as run_stale
    from cdp_assets.orchestration.summary import print_summary

    report = run_stale(settings, select, full, moment)
    print_summary(settings, report)
    if report.failures or report.blocked:
        sys.exit(1)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(as_json: bool) -> None:
    """Rows a table, the last runs, and the checks that failed."""
    from cdp_assets.orchestration.status import read_status
    from cdp_assets.orchestration.summary import print_status

    found = read_status(Settings.from_env())
    if as_json:
        click.echo(json.dumps(found.as_json(), indent=2))
    else:
        print_status(found)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def doctor(as_json: bool) -> None:
    """What is configured, what is missing, and how to fix it."""
    from cdp_assets.orchestration.doctor import examine, print_findings

    findings = examine(Settings.from_env())
    if as_json:
        click.echo(json.dumps([finding.as_json() for finding in findings], indent=2))
    else:
        print_findings(findings)
    if not all(finding.ok for finding in findings):
        sys.exit(1)


@main.command()
@click.option("--port", default=3000, show_default=True, help="Port of the UI on 127.0.0.1.")
def dev(port: int) -> None:
    """Open the Dagster UI, with its daemon, on this deployment's runs."""
    import os

    from cdp_assets.orchestration.instance import prepare_home
    from cdp_assets.settings import PROJECT_ROOT

    prepare_home(Settings.from_env())
    dagster = Path(sys.executable).with_name("dagster")
    os.chdir(PROJECT_ROOT)
    os.execv(dagster, [str(dagster), "dev", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)])  # noqa: S606


for _command in (*IDENTITY_COMMANDS, *AUDIENCE_COMMANDS, *ACTIVATION_COMMANDS):
    main.add_command(_command)
