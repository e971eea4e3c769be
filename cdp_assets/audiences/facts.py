"""Compiles conditions on what customers did: one aggregate a customer over transactions or events."""

from datetime import datetime

from sqlglot import exp

from cdp_assets.audiences.catalogue import OCCURRED_AT, Catalogue, Column, Kind
from cdp_assets.audiences.comparison import compile_comparison
from cdp_assets.audiences.definition import Facts, FieldBounds
from cdp_assets.audiences.operators import duration
from cdp_assets.audiences.values import literal, moment, number
from cdp_assets.errors import ConfigurationError
from cdp_assets.tables import Table

_AGGREGATES = {"sum": exp.Sum, "average": exp.Avg, "minimum": exp.Min, "maximum": exp.Max}
_ZERO_WITHOUT_FACTS = {"count", "sum"}


def aggregate_query(
    facts: Facts, table: Table, catalogue: Catalogue, as_of: datetime, path: str
) -> tuple[exp.Select, list[Column]]:
    """A SELECT of `customer_id` and `value`, one row a customer with such facts, and the columns it reads.

    Facts that are deleted, have no customer, or lie after `as_of` are left out.
    """
    name, bounds = facts.aggregate
    owner = catalogue.column(table, "customer_id", path)
    time = catalogue.column(table, OCCURRED_AT, path)
    deleted = catalogue.column(table, "is_deleted", path)
    used = [owner, time, deleted]
    if isinstance(bounds, FieldBounds):
        column = catalogue.column(table, bounds.field, f"{path}.{name}.field")
        if column.kind is not Kind.NUMBER:
            raise ConfigurationError(f"{path}.{name}.field: {column} holds {column.kind} values; it must hold numbers.")
        used.append(column)
        # The average of decimals has another precision in each warehouse; that of doubles has one.
        read = exp.cast(_column(column), "double") if name == "average" else _column(column)
        value: exp.Expr = _AGGREGATES[name](this=read)
    else:
        value = exp.Count(this=exp.Star())
    predicates: list[exp.Expr] = [
        exp.not_(exp.Is(this=_column(owner), expression=exp.null())),
        exp.not_(exp.Coalesce(this=_column(deleted), expressions=[exp.false()])),
        exp.LTE(this=_column(time), expression=moment(as_of)),
    ]
    if facts.within_last:
        since = moment(as_of - duration(facts.within_last))
        predicates.append(exp.GT(this=_column(time), expression=since))
    if facts.between:
        low, high = (literal(end, time, f"{path}.between") for end in facts.between)
        predicates.append(exp.Between(this=_column(time), low=low, high=high))
    for n, comparison in enumerate(facts.where):
        here = f"{path}.where.{n}"
        column = catalogue.column(table, comparison.field, f"{here}.field")
        used.append(column)
        predicates.append(compile_comparison(comparison, column, _column(column), as_of, here))
    query = exp.select(_column(owner), value.as_("value", quoted=True)).from_(table.expression())
    return query.where(*predicates).group_by(_column(owner)), used


def within_bounds(facts: Facts, value: exp.Expr) -> exp.Expr:
    """Whether a joined aggregate, null for customers without such facts, is within its bounds."""
    name, bounds = facts.aggregate
    if name in _ZERO_WITHOUT_FACTS:
        value = exp.Coalesce(this=value, expressions=[exp.Literal.number(0)])
    tests = [
        operator(this=value.copy(), expression=number(limit))
        for operator, limit in (
            (exp.EQ, bounds.exactly),
            (exp.GTE, bounds.at_least),
            (exp.LTE, bounds.at_most),
        )
        if limit is not None
    ]
    return exp.and_(*tests)


def _column(column: Column) -> exp.Column:
    return exp.column(column.name, quoted=True)
