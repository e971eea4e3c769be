"""The commands of those who look after destinations. Heavy libraries are imported by the command that needs them."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click

from cdp_assets.errors import ConfigurationError
from cdp_assets.identity.opened import opened_warehouse
from cdp_assets.orchestration.terminal import echo_table

_as_json = click.option("--json", "as_json", is_flag=True, help="For programs.")


class _SyncByName(click.Group):
    """`cdp sync NAME` is short for `cdp sync run NAME`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        return super().resolve_command(ctx, args if args[0] in self.commands else ["run", *args])


@click.group(cls=_SyncByName, subcommand_metavar="NAME | retry NAME | status")
def sync() -> None:
    """Bring a destination in line with its audience or table: `cdp sync NAME`."""


@sync.command("run")
@click.argument("name")
@click.option("--dry-run", "is_dry", is_flag=True, help="Show what would be sent, values masked; send nothing.")
@click.option("--limit", type=click.IntRange(min=1), help="Only so many operations; the rest stays for the next run.")
@click.option("--only", metavar="KEY", help="Only the row of this key.")
@_as_json
def run(name: str, is_dry: bool, limit: int | None, only: str | None, as_json: bool) -> None:
    """Send what is new, changed or gone since the last run."""
    from cdp_assets.activation.plan import Part
    from cdp_assets.orchestration.sync import preview, send

    part = Part(limit=limit, only=only)
    if is_dry:
        shown = preview(name, part)
        _echo_dry_run(shown, as_json)
        return
    _echo_result(send(name, part), as_json)


@sync.command()
@click.argument("name")
@_as_json
def retry(name: str, as_json: bool) -> None:
    """Send again what the destination refused, and nothing else."""
    from cdp_assets.activation.plan import Part
    from cdp_assets.orchestration.sync import send

    _echo_result(send(name, Part(refused=True)), as_json)


@sync.command()
@_as_json
def status(as_json: bool) -> None:
    """What each sync holds, its last run, and what it could not send."""
    from cdp_assets.activation.configured import configured_syncs
    from cdp_assets.activation.standing import standings

    with opened_warehouse() as warehouse:
        found = standings(warehouse, configured_syncs())
    if as_json:
        click.echo(json.dumps([one.as_json() for one in found], indent=2))
        return
    echo_table(
        ["sync", "holds", "refused", "invalid", "suppressed", "last run"],
        [
            [one.sync, one.held_rows, one.rejected_rows, one.invalid, one.suppressed, _last(one.last_run)]
            for one in found
        ],
    )
    for one in found:
        if one.interrupted:
            click.echo(f"{one.sync}: an interrupted run left {one.interrupted:,} operations; the next run goes on.")


@click.command()
@click.argument("customer_ids", metavar="CUSTOMER_ID...", nargs=-1)
@click.option("--why", help="The reason, kept with the entry; no personal data.")
@click.option("--undo", is_flag=True, help="Take them off the list.")
@_as_json
def suppress(customer_ids: Sequence[str], why: str | None, undo: bool, as_json: bool) -> None:
    """Keep customers out of every sync; without ids, show who is kept out."""
    from cdp_assets.activation.suppressions import release, suppressed
    from cdp_assets.activation.suppressions import suppress as put

    if customer_ids and not undo and not (why or "").strip():
        raise ConfigurationError("--why is missing; say in a few words why, for those who look at it later.")
    with opened_warehouse() as warehouse:
        if customer_ids and undo:
            click.echo(f"{release(warehouse, customer_ids)} taken off the list; the next run of each sync sends them.")
        elif customer_ids:
            put(warehouse, customer_ids, " ".join((why or "").split()), datetime.now(UTC))
            click.echo(
                f"{len(set(customer_ids))} on the list; the next run of each sync takes them away, as its removal says."
            )
        else:
            _echo_list(suppressed(warehouse), as_json)


def _echo_list(rows: Sequence[dict[str, Any]], as_json: bool) -> None:
    plain = [{**row, "added_at": row["added_at"].isoformat()} for row in rows]
    if as_json:
        click.echo(json.dumps(plain, indent=2))
    else:
        echo_table(
            ["customer_id", "since", "why"], [[r["customer_id"], r["added_at"][:10], r["reason"]] for r in plain]
        )


def _echo_dry_run(shown: Any, as_json: bool) -> None:  # noqa: ANN401 - a DryRun, imported with what it needs
    from dataclasses import asdict

    if as_json:
        click.echo(json.dumps(asdict(shown), indent=2, ensure_ascii=False))
        return
    counts = ", ".join(f"{count:,} to {operation}" for operation, count in shown.planned.items())
    click.echo(
        f"{shown.sync}: {counts}; {shown.held_rows:,} held, {shown.invalid:,} invalid, {shown.suppressed:,} held back"
    )
    for operation, payload in shown.payloads.items():
        click.echo(f"{operation}, as it would be posted, values masked:")
        click.echo(json.dumps(payload, indent=2, ensure_ascii=False, default=str))
    click.echo(f"a run would stop: {shown.stopped_by}" if shown.stopped_by else "nothing was sent.")


def _echo_result(result: Any, as_json: bool) -> None:  # noqa: ANN401 - a SyncResult, imported with what it needs
    counts = {
        "planned": result.planned,
        "accepted": result.tally.succeeded.total(),
        "rejected": result.tally.failed.total(),
        "invalid": result.tally.invalid,
        "suppressed": result.tally.suppressed,
        "held_rows": result.held_rows,
    }
    if as_json:
        click.echo(json.dumps({"sync": result.sync, "run_id": result.run_id, **counts}, indent=2))
        return
    said = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items())
    click.echo(f"{result.sync}: {said}, {result.rows_per_second:,.0f} rows a second")
    if counts["rejected"]:
        click.echo("what was refused, and why, is in activation.rejected_rows; `cdp sync retry` sends it again.")


def _last(run: Any) -> str:  # noqa: ANN401 - a row of sync_runs
    return f"{run['outcome']} {run['started_at']:%Y-%m-%d %H:%M}" if run else "never"


COMMANDS = (sync, suppress)
