"""Compiles conditions on what customers did: aggregates of a scan, the first or last fact, one thing after another."""

from collections.abc import Sequence as Items
from dataclasses import dataclass

from sqlglot import exp

from cdp_assets.audiences.comparison import compile_comparison
from cdp_assets.audiences.declared import EVENTS, LINES, TRANSACTIONS, FactTable
from cdp_assets.audiences.expressions import aliased, column, same
from cdp_assets.audiences.leaves import (
    AGGREGATES,
    Aggregate,
    Bounds,
    Facts,
    Occurrences,
    Sequence,
    Step,
    TransactionFacts,
)
from cdp_assets.audiences.operators import Comparison, duration
from cdp_assets.audiences.reading import Reading
from cdp_assets.audiences.sources import KEY, Source, Sources
from cdp_assets.audiences.values import literal, moment, number
from cdp_assets.sql.functions import call
from cdp_assets.tables import Table

_ZERO_WITHOUT_ROWS = {"count", "sum", "distinct"}
_HOUR = 3600


@dataclass(frozen=True)
class Did:
    """A condition's predicate, the source it reads, and the features of it if that is a scan."""

    predicate: exp.Expr
    source: Source
    features: frozenset[str] = frozenset()


def table_of(facts: Facts) -> FactTable:
    """The table a condition on facts is about."""
    if not isinstance(facts, TransactionFacts):
        return EVENTS
    return LINES if facts.of == "lines" else TRANSACTIONS


def compile_facts(facts: Facts, reading: Reading, sources: Sources, path: str) -> Did:
    """Whether an aggregate of a customer's facts is within its bounds, or the first or last fact is as asked.

    Facts that are deleted, have no customer, or lie after `as_of` are left out.
    """
    of, comparison = table_of(facts), facts.first or facts.last
    if comparison is not None:
        return _outermost(facts, of, comparison, reading, sources, path)
    source, scan = sources.scan(of.table, _always(of, reading, of.table.name))
    name, bounds = asked(facts)
    met = _met(facts, of, reading, of.table.name, path)
    condition = exp.and_(*met) if met else None
    value = aggregate(name, bounds, of.table, of.table.name, condition, reading, f"{path}.{name}")
    feature = scan.feature(value, condition)
    return Did(within(name, bounds, column(feature, source.alias)), source, frozenset({feature}))


def asked(question: Aggregate) -> tuple[str, Bounds]:
    """The aggregate that is asked for, and its bounds."""
    return next((name, getattr(question, name)) for name in AGGREGATES if getattr(question, name) is not None)


def aggregate(
    name: str, bounds: Bounds, table: Table, alias: str, condition: exp.Expr | None, reading: Reading, path: str
) -> exp.Expr:
    """An aggregate over the rows a condition holds of, or over all."""

    def among(value: exp.Expr) -> exp.Expr:
        return value if condition is None else exp.case().when(condition.copy(), value)

    if name == "count":
        return exp.Count(this=exp.Star() if condition is None else among(exp.Literal.number(1)))
    field, here = bounds.field, f"{path}.field"  # type: ignore[attr-defined] # all but count have FieldBounds
    if name == "distinct":
        value = among(reading.value(table, field, alias, here))
        return exp.Count(this=exp.Distinct(expressions=[value]))
    read = reading.number(table, field, alias, here)
    if name == "avg":
        # The average of decimals has another precision in each warehouse; that of doubles has one.
        return exp.Avg(this=exp.cast(among(read), "double"))
    return {"sum": exp.Sum, "min": exp.Min, "max": exp.Max}[name](this=among(read))


def within(name: str, bounds: Bounds, value: exp.Expr) -> exp.Expr:
    """Whether a joined aggregate, null for customers without such rows, is within its bounds."""
    if name in _ZERO_WITHOUT_ROWS:
        value = exp.Coalesce(this=value, expressions=[exp.Literal.number(0)])
    low, high = bounds.ends
    if low is not None and low == high:
        return exp.EQ(this=value, expression=number(low))
    ends = ((exp.GTE, low), (exp.LTE, high))
    return exp.and_(*(test(this=value.copy(), expression=number(end)) for test, end in ends if end is not None))


def compile_sequence(sequence: Sequence, reading: Reading, sources: Sources, path: str) -> Did:
    """Whether a customer did one thing and another later, or not in the time there was; never unknown."""
    end = "then" if sequence.then is not None else "then_not"
    first = _step(sequence.did, reading, "a", f"{path}.did")
    later = _step(sequence.end, reading, "b", f"{path}.{end}")
    start, then = (column("occurred_at", alias) for alias in ("first", "later"))
    same = exp.EQ(this=column(KEY, "later"), expression=column(KEY, "first"))
    follows = [same, exp.GT(this=then, expression=start)]
    over: list[exp.Expr] = []
    if sequence.within is not None:
        hours = int(duration(sequence.within).total_seconds()) // _HOUR
        until = call("cdp_add_hours", start.copy(), exp.Literal.number(hours))
        follows.append(exp.LTE(this=then.copy(), expression=until))
        over = [exp.LTE(this=until.copy(), expression=moment(reading.as_of))]
    query = exp.select(column(KEY, "first")).distinct().from_(aliased(first, "first"))
    if sequence.then is not None:
        query = query.join(aliased(later, "later"), on=exp.and_(*follows))
    else:
        query = query.join(aliased(later, "later"), on=exp.and_(*follows), join_type="left")
        query = query.where(exp.Is(this=column(KEY, "later"), expression=exp.null()), *over)
    source = sources.select(query, "sequence")
    return Did(exp.not_(exp.Is(this=column(KEY, source.alias), expression=exp.null())), source)


def _step(step: Step, reading: Reading, alias: str, path: str) -> exp.Select:
    """`customer_id`, `occurred_at` of each time a step was done."""
    of, done = (TRANSACTIONS, step.transaction) if step.transaction is not None else (EVENTS, step.event)
    kind = "transaction" if step.transaction is not None else "event"
    assert done is not None
    conditions = [*_always(of, reading, alias), *_met(done, of, reading, alias, f"{path}.{kind}")]
    columns = [reading.plain(of.table, name, alias) for name in (of.customer_id, of.occurred_at)]
    return exp.select(*columns).from_(aliased(of.table, alias)).where(*conditions)


def _outermost(
    facts: Facts, of: FactTable, comparison: Comparison, reading: Reading, sources: Sources, path: str
) -> Did:
    """How a field of the first or last fact compares; of facts at one moment, the one of the smaller key is first.

    The moment is found first, by an aggregate: to order all facts of all customers takes several times as long.
    """
    kind, alias = ("first" if facts.first is not None else "last"), of.table.name
    here = f"{path}.{kind}"
    compared = reading.catalogue.column(of.table, comparison.field, f"{here}.field")
    owner, time = (reading.plain(of.table, name, alias) for name in (of.customer_id, of.occurred_at))
    conditions = [*_always(of, reading, alias), *_met(facts, of, reading, alias, path)]
    facts_asked = exp.Select().from_(aliased(of.table, alias)).where(*conditions)
    outermost = (exp.Max if kind == "last" else exp.Min)(this=time)
    moments = facts_asked.select(owner.copy(), outermost.as_("moment", quoted=True)).group_by(owner.copy())
    then = exp.and_(same(KEY, "outermost", of.customer_id, alias), same("moment", "outermost", of.occurred_at, alias))
    ties = [exp.Ordered(this=reading.plain(of.table, name, alias), desc=kind == "last") for name in of.key]
    place = exp.Window(this=exp.RowNumber(), partition_by=[owner], order=exp.Order(expressions=ties))
    ranked = facts_asked.join(aliased(moments, "outermost"), on=then).select(
        owner.copy(), reading.operand(compared, alias).as_("value", quoted=True), place.as_("place", quoted=True)
    )
    chosen = exp.EQ(this=column("place"), expression=exp.Literal.number(1))
    query = exp.select(column(KEY), column("value"))
    source = sources.select(query.from_(aliased(ranked, "ranked")).where(chosen), f"{kind}_{alias}")
    operand = column("value", source.alias)
    return Did(compile_comparison(comparison, compared, operand, reading.as_of, here), source)


def _always(of: FactTable, reading: Reading, alias: str) -> tuple[exp.Expr, ...]:
    """What holds of every fact that counts: it has a customer, is not deleted, and was before the moment."""
    owner, time = (reading.plain(of.table, name, alias) for name in (of.customer_id, of.occurred_at))
    known = exp.not_(exp.Is(this=owner, expression=exp.null()))
    past = exp.LTE(this=time, expression=moment(reading.as_of))
    if of.is_deleted is None:
        return known, past
    deleted = exp.Coalesce(this=reading.plain(of.table, of.is_deleted, alias), expressions=[exp.false()])
    return known, exp.not_(deleted), past


def _met(done: Occurrences, of: FactTable, reading: Reading, alias: str, path: str) -> Items[exp.Expr]:
    """What holds of the facts that were asked for: they are in the window, and meet every filter."""
    time = reading.plain(of.table, of.occurred_at, alias)
    found: list[exp.Expr] = []
    if done.within_last:
        found.append(exp.GT(this=time, expression=moment(reading.as_of - duration(done.within_last))))
    if done.between_ago:
        start, end = (moment(reading.as_of - duration(ago)) for ago in done.between_ago)
        found += [exp.GT(this=time, expression=start), exp.LTE(this=time.copy(), expression=end)]
    if done.between:
        at = reading.catalogue.column(of.table, of.occurred_at, path)
        low, high = (literal(end, at, f"{path}.between") for end in done.between)
        found.append(exp.Between(this=time, low=low, high=high))
    return found + reading.filters(done.where, of.table, alias, f"{path}.where")
