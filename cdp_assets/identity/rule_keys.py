"""The keys of a rule in SQL: which records have them, and with which values."""

from collections.abc import Sequence

from sqlglot import exp

from cdp_assets.identity.contracts import MATCH_KEYS, RECORDS
from cdp_assets.identity.keys import LISTS
from cdp_assets.tables import Table

NUMBER = "record_number"
HASH = "record_hash"
KEY = "rule_key"
_AGREEING, _FORBIDDEN = "key", "forbidden"
BETWEEN = "\x1f"  # normalised values hold no control characters


def forbidden(must_not_differ: Sequence[str]) -> list[str]:
    """The columns that hold the keys that must not differ."""
    return [f"{_FORBIDDEN}_{place}" for place in range(len(must_not_differ))]


def keyed(agree: Sequence[str], must_not_differ: Sequence[str] = (), among: Table | None = None) -> exp.Select:
    """The records that have every key of `agree`: number, hash, and a row each combination of their values.

    `rule_key` is the values of `agree` as one text. A key of `must_not_differ` that a record lacks is null. `among` has
    a `record_number`: only those are looked at.
    """
    free = zip(_values(must_not_differ, _FORBIDDEN), forbidden(must_not_differ), strict=True)
    columns = [exp.column(NUMBER, "r"), exp.column(HASH, "r"), as_one(_values(agree, _AGREEING)).as_(KEY)]
    query = exp.select(*columns, *(value.as_(name) for value, name in free))
    query = query.from_(exp.alias_(RECORDS.table.expression(), "r", table=True))
    query = _with_lists(_with_lists(query, agree, _AGREEING, "INNER"), must_not_differ, _FORBIDDEN, "LEFT")
    for key in agree:
        if key not in LISTS:
            known = exp.not_(exp.Is(this=exp.column(key, "r"), expression=exp.null()))
            query = query.where(known, copy=False)
    if among is not None:
        numbers = exp.select(NUMBER).from_(among.expression())
        query = query.where(exp.column(NUMBER, "r").isin(query=numbers), copy=False)
    return query


def having_same(agree: Sequence[str], among: Table) -> exp.Select:
    """The number of each record with the same values of all keys of `agree` as one of those in the table `among`.

    A record with several values may come again.
    """
    wanted = exp.select(KEY).from_(keyed(agree, among=among).subquery("wanted"))
    return exp.select(NUMBER).from_(keyed(agree).subquery("k")).where(exp.column(KEY, "k").isin(query=wanted))


def _values(keys: Sequence[str], prefix: str) -> list[exp.Column]:
    """Where the value of each key is: in the record's row, or in a row of the key's own."""
    return [
        exp.column("value", f"{prefix}_values_{place}") if key in LISTS else exp.column(key, "r")
        for place, key in enumerate(keys)
    ]


def as_one(values: Sequence[exp.Expr]) -> exp.Expr:
    """Values as one text, with what is in none of them in between.

    Joined value by value, a warehouse may begin with the one that everybody shares, such as a first name.
    """
    one, *others = (exp.cast(value, exp.DType.TEXT) for value in values)
    text: exp.Expr = one
    for other in others:
        text = exp.DPipe(this=exp.DPipe(this=text, expression=exp.Literal.string(BETWEEN)), expression=other)
    return text


def _with_lists(query: exp.Select, keys: Sequence[str], prefix: str, join: str) -> exp.Select:
    """The records joined with those keys of which they may have several values."""
    for place, key in enumerate(keys):
        if key in LISTS:
            alias = f"{prefix}_values_{place}"
            own = exp.column(NUMBER, alias).eq(exp.column(NUMBER, "r"))
            of_key = exp.column("key", alias).eq(exp.Literal.string(key))
            table = exp.alias_(MATCH_KEYS.table.expression(), alias, table=True)
            query = query.join(table, on=exp.and_(own, of_key), join_type=join, copy=False)
    return query
