"""Compiles conditions on the rows that belong to a customer, over one relation or two."""

from functools import reduce

from sqlglot import exp

from cdp_assets.audiences.declared import CUSTOMERS, Relation
from cdp_assets.audiences.expressions import aliased, column
from cdp_assets.audiences.facts import Did, aggregate, asked, within
from cdp_assets.audiences.leaves import Related
from cdp_assets.audiences.reading import Reading
from cdp_assets.audiences.sources import KEY, Sources
from cdp_assets.tables import Table


def compile_related(related: Related, reading: Reading, sources: Sources, path: str) -> Did:
    """Whether any, all or none of the related rows meets a filter, or an aggregate is within bounds.

    A related row that a filter cannot tell of, because a value is missing, does not meet it.
    """
    joins, table, alias = _joins(related, reading, path)
    owner = reading.plain(CUSTOMERS, KEY, "origin")
    start = aliased(CUSTOMERS, "origin")
    query = reduce(lambda select, join: select.join(join), joins, exp.select(owner).from_(start))
    query = query.group_by(owner.copy())
    kind = next((kind for kind in ("any", "all", "none") if getattr(related, kind) is not None), None)
    if kind is None:
        name, bounds = asked(related)
        met = reading.filters(related.where, table, alias, f"{path}.where")
        value = aggregate(name, bounds, table, alias, exp.and_(*met) if met else None, reading, f"{path}.{name}")
        source = sources.select(query.select(value.as_("value", quoted=True)), "related")
        return Did(within(name, bounds, column("value", source.alias)), source)
    condition = reading.filter(getattr(related, kind), table, alias, f"{path}.{kind}")
    one = exp.Literal.number(1)
    counts = (exp.Count(this=exp.Star()), exp.Count(this=exp.case().when(condition, one)))
    named = (count.as_(name, quoted=True) for count, name in zip(counts, ("rows_found", "rows_met"), strict=True))
    source = sources.select(query.select(*named), "related")
    found, met_rows = (_or_zero(column(name, source.alias)) for name in ("rows_found", "rows_met"))
    zero = exp.Literal.number(0)
    match kind:
        case "any":
            return Did(exp.GT(this=met_rows, expression=zero), source)
        case "none":
            return Did(exp.EQ(this=met_rows, expression=zero), source)
        case _:
            every = exp.EQ(this=met_rows, expression=found.copy())
            return Did(exp.and_(exp.GT(this=found, expression=zero), every), source)


def _joins(related: Related, reading: Reading, path: str) -> tuple[list[exp.Join], Table, str]:
    """The joins from the customers to the related rows, the last table and its alias."""
    joins: list[exp.Join] = []
    table, alias = CUSTOMERS, "origin"
    for number, name in enumerate(related.to):
        relation = reading.catalogue.relation(name, table, f"{path}.to.{number}")
        joins.append(_join(relation, alias, f"hop_{number + 1}", reading))
        table, alias = relation.target, f"hop_{number + 1}"
    return joins, table, alias


def _join(relation: Relation, near: str, far: str, reading: Reading) -> exp.Join:
    same: list[exp.Expr] = [
        exp.EQ(this=reading.plain(relation.target, there, far), expression=reading.plain(relation.source, here, near))
        for here, there in relation.on
    ]
    if relation.is_deleted is not None:
        deleted = reading.plain(relation.target, relation.is_deleted, far)
        same.append(exp.not_(exp.Coalesce(this=deleted, expressions=[exp.false()])))
    target = aliased(relation.target, far)
    return exp.Join(this=target, kind="INNER", on=exp.and_(*same))


def _or_zero(value: exp.Expr) -> exp.Expr:
    return exp.Coalesce(this=value, expressions=[exp.Literal.number(0)])
