"""The commands of those who define audiences. Heavy libraries are imported by the command that needs them."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cdp_assets.errors import ConfigurationError
from cdp_assets.identity.opened import opened_warehouse
from cdp_assets.orchestration.terminal import echo_table

if TYPE_CHECKING:
    from cdp_assets.audiences.configured import Configured
    from cdp_assets.audiences.definition import AudienceDefinition
    from cdp_assets.audiences.preview import Preview

_as_json = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.group()
def audience() -> None:
    """Look at audiences before and after they are made."""


@audience.command()
def schema() -> None:
    """The JSON Schema of an audience, for editors and builders."""
    from cdp_assets.audiences.definition import AudienceDefinition

    click.echo(json.dumps(AudienceDefinition.model_json_schema(by_alias=True), indent=2))


@audience.command("preview")
@click.argument("audience", metavar="FILE|NAME")
@_as_json
def preview_audience(audience: str, as_json: bool) -> None:
    """How many would be in it, whom each condition leaves out, and who can be reached; nothing is written."""
    from cdp_assets.as_of import read_as_of
    from cdp_assets.audiences.configured import configured
    from cdp_assets.audiences.order import levels
    from cdp_assets.audiences.preview import preview
    from cdp_assets.definition_files import located

    there = configured(leave_out=lambda error: click.echo(f"left out: {error}", err=True))
    definition, path = _definition(audience, there)
    with opened_warehouse() as warehouse:
        try:
            levels([*(there.audiences | {definition.name: definition}).values()])  # none may read itself in a circle
            found = preview(warehouse, definition, there.catalogue.of(warehouse), read_as_of(warehouse))
        except ConfigurationError as error:
            raise ConfigurationError(located(path, str(error)) if path else str(error)) from error
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2, ensure_ascii=False, default=str))
    else:
        _echo_preview(found)


@audience.command()
@click.argument("name")
@click.option("--as-of", help="A date or moment; unset, the latest run's.")
@_as_json
def members(name: str, as_of: str | None, as_json: bool) -> None:
    """The ids of who is, or was, in an audience; it need not be defined any longer."""
    from cdp_assets.as_of import parse_as_of, read_as_of
    from cdp_assets.audiences.configured import configured
    from cdp_assets.audiences.history import has_history, members_at

    with opened_warehouse() as warehouse:
        if not (known := has_history(warehouse, name)):
            configured().audience(name)
        at = parse_as_of(as_of) if as_of is not None else read_as_of(warehouse)
        rows = warehouse.read_arrow(members_at(name, at)).to_pylist() if known else []
    plain = [{**row, "since": row["since"].isoformat()} for row in rows]
    if as_json:
        click.echo(json.dumps(plain, indent=2))
        return
    for row in plain:
        click.echo(row["customer_id"])
    click.echo(f"{len(plain):,} members of {name} at {at.isoformat()}", err=True)


@audience.command()
@click.argument("name")
@click.option("--metric", type=click.Choice(["conversion", "orders", "revenue"]), default="revenue", show_default=True)
@click.option(
    "--detect", type=click.FloatRange(min=0, min_open=True), help="The change that samples are to tell: 0.05."
)
@_as_json
def lift(name: str, metric: str, detect: float | None, as_json: bool) -> None:
    """What each arm of an audience brought more than its holdout, since it was given."""
    from cdp_assets.as_of import read_as_of
    from cdp_assets.audiences.configured import configured
    from cdp_assets.audiences.lift import Metric, measure

    definition = configured().audience(name)
    with opened_warehouse() as warehouse:
        found = measure(warehouse, definition, Metric(metric), read_as_of(warehouse), detect)
    if as_json:
        click.echo(json.dumps([{**asdict(one), "is_significant": one.is_significant} for one in found], indent=2))
        return
    echo_table(
        ["arm", "customers", f"{metric} each", "holdout", "difference", "95 % interval", "each side needs"],
        [
            [
                *(one.arm, one.customers, f"{one.mean:.4f}", f"{one.holdout_mean:.4f}"),
                f"{one.difference:+.4f}" + ("" if one.relative is None else f" ({one.relative:+.1%})"),
                f"{one.low:+.4f} to {one.high:+.4f}",
                "-" if one.needed is None else one.needed,
            ]
            for one in found
        ],
    )


@audience.command()
@click.argument("name")
def accept(name: str) -> None:
    """Take the size an audience has now for expected."""
    from cdp_assets.audiences.configured import configured
    from cdp_assets.audiences.sizes import accept_size

    configured().audience(name)
    with opened_warehouse() as warehouse:
        size = accept_size(warehouse, name)
    click.echo(
        f"{name}: {size:,} members are as expected; `cdp run --full --select audiences.{name}` lets syncs go on."
    )


def _definition(text: str, there: "Configured") -> tuple["AudienceDefinition", Path | None]:
    """The audience in a file, or the deployment's of that name, and its file if it has one."""
    from cdp_assets.audiences.definition import AudienceDefinition
    from cdp_assets.definition_files import read_definition

    path = Path(text)
    if path.suffix in {".yaml", ".yml"} or path.is_file():
        return read_definition(path, AudienceDefinition), path
    return there.audience(text), there.files.get(text)


def _echo_preview(found: "Preview") -> None:
    click.echo(f"{found.name}: {found.members:,} members")
    before: list[Any] = [None, *(count for _, count in found.funnel)]
    echo_table(
        ["condition", "left", "removed"],
        [
            [path, count, "" if last is None else last - count]
            for (path, count), last in zip(found.funnel, before, strict=False)
        ],
    )
    reached = ", ".join(f"{share:.0%} with {name}" for name, share in found.identifiers.items())
    click.echo(f"of the members, {reached}")
    for purpose, states in found.consents.items():
        click.echo(f"{purpose}: " + ", ".join(f"{count:,} {state}" for state, count in states.items()))
    if found.sample:
        echo_table(list(found.sample[0]), [[value or "" for value in row.values()] for row in found.sample])
    click.echo(found.sql)


COMMANDS = (audience,)
