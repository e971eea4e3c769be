"""The commands of those who look after customer ids. Heavy libraries are imported by the command that needs them."""

import getpass
import json
from datetime import UTC, datetime

import click

from cdp_assets.errors import ConfigurationError
from cdp_assets.identity.explain.command import explain
from cdp_assets.identity.match.command import match
from cdp_assets.identity.opened import opened_warehouse
from cdp_assets.identity.preview_command import identity

_MEANING = {
    "always": "are always one customer",
    "never": "are never one customer",
    "withdrawn": "are up to the rules and the model again",
}
_as_json = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.command()
@click.argument("one", metavar="A")
@click.argument("other", metavar="B")
@click.option("--always", is_flag=True, help="They are one customer, whatever the rules and the model say.")
@click.option("--never", is_flag=True, help="They are not.")
@click.option("--undo", is_flag=True, help="Take back what was decided of them.")
@click.option("--why", required=True, help="The reason, kept with the decision.")
@click.option("--by", help="Who decides.  [default: the user of this session]")
def link(one: str, other: str, always: bool, never: bool, undo: bool, why: str, by: str | None) -> None:
    """Decide whether two source records, each as source:record_id, are one customer."""
    from cdp_assets.identity.stewardship import Pair, RecordKey, decide

    chosen = [word for word, given in (("always", always), ("never", never), ("withdrawn", undo)) if given]
    if len(chosen) != 1:
        raise click.UsageError("give one of --always, --never and --undo.")
    if not why.strip():
        raise ConfigurationError("--why is empty; say in a few words why, for those who look at it later.")
    pair, decision, who = Pair.of(RecordKey.parse(one), RecordKey.parse(other)), chosen[0], by or _user()
    with opened_warehouse() as warehouse:
        deleted = decide(warehouse, pair, decision, " ".join(why.split()), who, datetime.now(UTC))
    click.echo(f"noted, by {who}: {pair.left} and {pair.right} {_MEANING[decision]}. The next `cdp run` applies it.")
    for record in deleted:
        click.echo(f"{record} is deleted at its source: this has no effect until it is back.")


@click.command()
@_as_json
def decisions(as_json: bool) -> None:
    """What stewards decided of pairs of records, as it holds now."""
    from cdp_assets.identity.decisions import checked, effective
    from cdp_assets.identity.record_pairs import named
    from cdp_assets.identity.stewardship import read_decisions

    with opened_warehouse() as warehouse:
        every = read_decisions(warehouse)
    rows = effective(every).to_dicts()
    if as_json:
        plain = [{**row, "decided_at": row["decided_at"].isoformat()} for row in rows]
        click.echo(json.dumps(plain, indent=2, ensure_ascii=False))
    else:
        for row in rows:
            when, who = f"{row['decided_at']:%Y-%m-%d %H:%M}", row["decided_by"] or "-"
            click.echo(
                f"{row['decision']:<6}  {named(row, 'l')}  {named(row, 'r')}  {when}  {who}  {row['reason'] or '-'}"
            )
        if not rows:
            click.echo("nothing is decided")
    checked(every)


@click.command("id")
@click.argument("customer_id", metavar="OLD")
@_as_json
def id_(customer_id: str, as_json: bool) -> None:
    """What became of a customer id, whenever it was issued."""
    from cdp_assets.identity.id_lookup import look_up

    with opened_warehouse() as warehouse:
        story = look_up(warehouse, customer_id)
    if as_json:
        click.echo(json.dumps(story.as_json(), indent=2, ensure_ascii=False))
        return
    click.echo(f"{customer_id} is now {', '.join(story.current) or 'nobody: all its records are gone'}")
    for event in story.events:
        moved = " -> ".join(filter(None, (event["customer_id"], event["other_customer_id"])))
        click.echo(f"{event['happened_at']:%Y-%m-%d %H:%M}  {event['event']:<7}  {moved}  {event['reason']}")


COMMANDS = (match, link, decisions, id_, explain, identity)
"""What `cdp` offers of these."""


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:
        raise ConfigurationError("this session has no user name; say with --by who decides.") from error
