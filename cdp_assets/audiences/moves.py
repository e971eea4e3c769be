"""What becomes of members when audiences are refreshed, as SELECTs over the work tables of the refresh."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from sqlglot import exp

from cdp_assets.audiences.definition import AudienceDefinition
from cdp_assets.audiences.expressions import aliased, column, known, same, together
from cdp_assets.audiences.splits import Dealing, held_by_all
from cdp_assets.audiences.values import moment
from cdp_assets.identity.merges import merges
from cdp_assets.sql.render import template
from cdp_assets.tables import Table

_TEMPLATE = Path(__file__).with_name("transitions.sql")


def transitions(names: Sequence[str], found: Table, has_history: bool) -> exp.Query:
    """What became of each member of some audiences; the columns of the work table `moves`."""
    query = template(_TEMPLATE)
    former = (
        exp.select(
            _text(name).as_("audience", quoted=True), *map(column, ("customer_id", "entered_at", "split"))
        ).from_(Table("audiences", name).expression())
        for name in names
    )
    current = exp.select(column("audience"), column("customer_id")).from_(found.expression())
    parameters: dict[str, exp.Expr] = {"former": together(list(former)), "current_members": current}
    if has_history:
        parameters["merges"] = merges()
    for cte in query.find_all(exp.CTE):
        if cte.alias in parameters:
            cte.set("this", parameters[cte.alias])
    return query


def members_now(definitions: Sequence[AudienceDefinition], moves: Table, percent: Decimal, at: datetime) -> exp.Query:
    """The audiences as they are now; a member who absorbed others has been in since the first of them entered."""
    undealt = [one.name for one in definitions if one.splits is None]
    parts = [
        _members([one.name], moves, percent, at, Dealing(one, one.splits, moves)) for one in definitions if one.splits
    ]
    if undealt:
        parts.append(_members(undealt, moves, percent, at, None))
    return together(parts)


def changes(
    definitions: Sequence[AudienceDefinition], moves: Table, after: Table, at: datetime, sequence: int
) -> exp.Select:
    """The rows a refresh adds to the log."""
    change = (
        exp.case()
        .when(column("is_merged", "m"), exp.Literal.string("merged"))
        .when(known("former_id", "m"), exp.Literal.string("exit"))
        .else_(exp.Literal.string("enter"))
    )
    version = exp.case()
    for one in definitions:
        version = version.when(_is_of(one.name, "m"), exp.Literal.string(one.version))
    values: dict[str, exp.Expr] = {
        "audience": column("audience", "m"),
        "customer_id": exp.Coalesce(this=column("former_id", "m"), expressions=[column("current_id", "m")]),
        "at": moment(at),
        "change": change,
        "split": _split_told(),
        "definition_version": version,
        "merged_into": exp.case().when(column("is_merged", "m"), column("current_id", "m")),
        "sequence": exp.cast(exp.Literal.number(sequence), "bigint"),
    }
    stayed = exp.and_(known("former_id", "m"), known("current_id", "m"), exp.not_(column("is_merged", "m")))
    theirs = exp.and_(same("audience", "a", "audience", "m"), same("customer_id", "a", "current_id", "m"))
    return (
        exp.select(*(value.as_(name, quoted=True) for name, value in values.items()))
        .from_(aliased(moves, "m"))
        .join(aliased(after, "a"), on=theirs, join_type="left")
        .where(exp.not_(stayed))
    )


def counts(moves: Table) -> exp.Select:
    """`audience`, `members`, `entered`, `exited`, `merged` of each audience with anybody now or before."""
    none = exp.null()

    def number(condition: exp.Expr) -> exp.Expr:
        return exp.Count(this=exp.case().when(condition, exp.Literal.number(1)))

    former_is_null = exp.Is(this=column("former_id"), expression=none)
    current_is_null = exp.Is(this=column("current_id"), expression=none.copy())
    found = {
        "members": exp.Count(this=exp.Distinct(expressions=[column("current_id")])),
        "entered": number(former_is_null),
        "exited": number(current_is_null),
        "merged": number(column("is_merged")),
    }
    query = exp.select(column("audience"), *(value.as_(name, quoted=True) for name, value in found.items()))
    return query.from_(moves.expression()).group_by(column("audience"))


def _members(names: Sequence[str], moves: Table, percent: Decimal, at: datetime, dealing: Dealing | None) -> exp.Select:
    here = column("audience").isin(*(exp.Literal.string(name) for name in names))
    entered = exp.Coalesce(this=exp.Min(this=column("entered_at")), expressions=[moment(at)])
    keys = (column("audience"), column("current_id"))
    inner = (
        exp.select(*keys, entered.as_("entered_at", quoted=True))
        .from_(moves.expression())
        .where(here, known("current_id"))
    )
    inner = inner.group_by(*(key.copy() for key in keys))
    held = held_by_all(column("current_id", "n"), percent)
    split: exp.Expr = held if dealing is None else exp.Coalesce(this=held, expressions=[column("arm", "g")])
    query = exp.select(
        column("audience", "n"),
        column("current_id", "n").as_("customer_id", quoted=True),
        column("entered_at", "n"),
        split.as_("split", quoted=True),
    ).from_(aliased(inner, "n"))
    if dealing is None:
        return query
    return query.join(aliased(dealing.given(), "g"), on=same("customer_id", "g", "current_id", "n"), join_type="left")


def _split_told() -> exp.Expr:
    """The arm of who left; else of the member there is now, whose id a merged one is."""
    left = exp.and_(known("former_id", "m"), exp.not_(column("is_merged", "m")))
    return exp.case().when(left, column("former_split", "m")).else_(column("split", "a"))


def _text(value: str) -> exp.Expr:
    return exp.cast(exp.Literal.string(value), "text")


def _is_of(name: str, alias: str) -> exp.Expr:
    return column("audience", alias).eq(exp.Literal.string(name))
