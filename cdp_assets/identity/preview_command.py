"""`cdp identity diff`: what other rules would change, before they do."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cdp_assets.identity.opened import opened_warehouse
from cdp_assets.settings import Settings

if TYPE_CHECKING:
    from cdp_assets.identity.preview import Impact

_AT_TRAINING = (
    "What training alone looks at of `probabilistic`, or what finds junk by its frequency, differs: the next run trains"
    " a model with it. What that model changes is not shown here; its check says so then."
)
_AT_ADOPTION = (
    "`probabilistic.threshold` differs: shown is what it does with the model in force. The next run trains a candidate"
    " with it, and changes nothing before that is adopted."
)


@click.group()
def identity() -> None:
    """Try identity resolution without changing anything."""


@identity.command()
@click.option(
    "--rules",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="YAML with the rules and limits to try, as defs/identity/defs.yaml.",
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def diff(rules: Path, as_json: bool) -> None:
    """Show which customers other rules would merge and split, and which audiences that touches."""
    from cdp_assets.identity.match.files import SHIPPED_RULES, read_rules
    from cdp_assets.identity.pipeline.models import configured, model_in_force, stored_models, takes_training
    from cdp_assets.identity.preview import impact
    from cdp_assets.identity.scoring.workbench import Limits

    config, present = read_rules(rules), read_rules(SHIPPED_RULES)
    limits = Limits(memory=Settings.from_env().matching_memory)
    with opened_warehouse() as warehouse:
        model = model_in_force(warehouse)
        if takes_training(stored_models(warehouse)[-1].trained_with, config):
            click.echo(_AT_TRAINING, err=True)
        elif config.probabilistic.enabled and configured(model, config).threshold != model.threshold:
            click.echo(_AT_ADOPTION, err=True)
        click.echo("resolving a copy of all records", err=True)
        found = impact(warehouse, config, model, limits, datetime.now(UTC), present)
    if as_json:
        click.echo(json.dumps(found.as_json(), indent=2))
    else:
        _print(found)


def _print(found: "Impact") -> None:
    click.echo(f"customers: {found.customers_before:,} now, {found.customers_after:,} then")
    click.echo(
        f"merged into others: {found.merged:,}; split: {found.split:,}; new: {found.created:,};"
        f" left without a record: {found.retired:,}; records that move: {found.records_moved:,}"
    )
    for change in found.examples:
        click.echo(f"  {change['event']:<7} {change['customer_id']} -> {change['other_customer_id']}")
    if found.untold:
        click.echo(f"  and {found.untold:,} more")
    for rule, keys in found.idle_rules.items():
        click.echo(f"rule {rule} links nothing: no record has {' and '.join(keys)}")
    for name, members in found.audiences.items():
        click.echo(f"audience {name}: {members:,} members would be merged or split")
    click.echo("this was tried on a copy; nothing was changed")
