"""Groups of records that agree on a rule's keys are taken apart where they differ in a key that must not.

A group is parted by the value of the first such key, each part by that of the next, and so on. A record without a value
goes with the first record that has one. So no two records of a part differ in any of the keys, and each part is linked
to its first record. What was kept apart is told by links with an objection: of the first record with each value to the
first record of all that have one. For keys of single values no chain of a rule's links within a group joins two records
that differ; of those with several, a record in two parts joins them.
"""

from collections.abc import Iterator, Sequence

from sqlglot import exp

from cdp_assets.identity.contracts import MATCH_KEYS
from cdp_assets.identity.keys import LISTS
from cdp_assets.identity.rule_keys import HASH, KEY, NUMBER, forbidden

PLACE = "place"
_DIGITS = 18


def place(table: str | None = None) -> exp.Expr:
    """What records are put in order by: the hash of their content, then their number, as text of one length.

    The hash makes the order the same whatever numbers records were given; the number makes it total.
    """
    padded = exp.Add(this=exp.Literal.number(10**_DIGITS), expression=exp.column(NUMBER, table))
    return exp.DPipe(this=exp.column(HASH, table), expression=exp.cast(padded, exp.DType.TEXT))


def number_at(place: exp.Expr) -> exp.Expr:
    """The number of the record at a place."""
    return exp.cast(exp.Right(this=place, expression=exp.Literal.number(_DIGITS)), exp.DType.BIGINT)


def parted(rows: exp.Select, must_not_differ: Sequence[str]) -> exp.Select:
    """The rows with `head_n` and `home_n` for each forbidden key, as places with a value behind them, null if unknown.

    `head_n` is the first record with the row's value, in the row's part so far; `home_n` the first with any value.
    """
    query = rows
    for n, value in enumerate(forbidden(must_not_differ)):
        within = [exp.column(KEY), *_parts(n)]
        head = _first(_with_value(n), [*within, exp.column(value)]).as_(f"head_{n}")
        home = _first(_with_value(n), within).as_(f"home_{n}")
        query = exp.select("*", head, home).from_(query.subquery(f"level_{n}"))
    return query


def links_within(parts: str, must_not_differ: Sequence[str]) -> exp.Select:
    """`one` and `other`: each row of the table `parts`, made by `parted`, and the first record of its part."""
    within = [exp.column(KEY), *_parts(len(must_not_differ))]
    other = number_at(_first(exp.column(PLACE), within))
    return exp.select(exp.column(NUMBER).as_("one"), other.as_("other")).from_(parts)


def objections(parts: str, must_not_differ: Sequence[str]) -> Iterator[tuple[str, exp.Select]]:
    """For each forbidden key, `one` and `other`: records of the table `parts`, made by `parted`, that differ in it."""
    for n, key in enumerate(must_not_differ):
        head, home = exp.column(f"head_{n}"), exp.column(f"home_{n}")
        home_place = exp.Left(this=home, expression=exp.Length(this=exp.column(PLACE)))
        apart = exp.select(exp.column(NUMBER).as_("one"), number_at(home_place).as_("other")).from_(parts)
        apart = apart.where(_with_value(n).eq(head), head.neq(home)).distinct()
        yield key, _sharing_none(apart, key) if key in LISTS else apart


def _parts(count: int) -> list[exp.Expr]:
    return [exp.Coalesce(this=exp.column(f"head_{n}"), expressions=[exp.column(f"home_{n}")]) for n in range(count)]


def _with_value(n: int) -> exp.Expr:
    value = exp.cast(exp.column(f"forbidden_{n}"), exp.DType.TEXT)
    return exp.DPipe(this=exp.column(PLACE), expression=value)


def _first(value: exp.Expr, within: Sequence[exp.Expr]) -> exp.Window:
    return exp.Window(this=exp.Min(this=value), partition_by=list(within))


def _sharing_none(pairs: exp.Select, key: str) -> exp.Select:
    """The pairs without a common value: records of several values may share one and not the one that parted them."""
    query = exp.select("one", "other").from_(pairs.subquery("pairs"))
    for side, also in (("one", []), ("other", [exp.column("value", "of_other").eq(exp.column("value", "of_one"))])):
        alias = f"of_{side}"
        own = exp.column(NUMBER, alias).eq(exp.column(side, "pairs"))
        of_key = exp.column("key", alias).eq(exp.Literal.string(key))
        table = exp.alias_(MATCH_KEYS.table.expression(), alias, table=True)
        query = query.join(table, on=exp.and_(own, of_key, *also), join_type="LEFT", copy=False)
    shared = exp.Count(this=exp.column("value", "of_other"))
    return query.group_by("one", "other").having(shared.eq(0))
