"""The records that share a blocking key with changed ones: what has to travel to be compared with them."""

from collections.abc import Sequence

import duckdb
import polars as pl
from sqlglot import exp

from cdp_assets.identity.contracts import MATCH_KEYS, RECORDS
from cdp_assets.identity.pipeline.records import WORD
from cdp_assets.identity.pipeline.worktables import NUMBER
from cdp_assets.identity.rule_keys import BETWEEN, as_one
from cdp_assets.identity.scoring.blocking import members_of
from cdp_assets.identity.scoring.blocking_rules import BlockingRule
from cdp_assets.tables import Table

_MULTIPLE = {"email": "email", "phone": "phone", "word": WORD, "form": "name_forms"}
_PREFIXES = {
    "area": ("postal_code", 3),
    "year": ("date_of_birth", 4),
    "given_start": ("first_name", 2),
    "last_start": ("last_name", 2),
    "street_start": ("street", 6),
}


def blocks(connection: duckdb.DuckDBPyConnection, rules: Sequence[BlockingRule]) -> pl.DataFrame:
    """`rule` (its place), `block` (its values as one text): the blocks of `nodes`, none that is passed over."""
    found = [pl.DataFrame(schema={"rule": pl.Int64, "block": pl.String})]
    for place, rule in enumerate(rules):
        rows = pl.DataFrame(members_of(connection, rule).to_arrow_table())
        block = pl.concat_str(*rule.keys, separator=BETWEEN).alias("block")
        found.append(rows.select(pl.lit(place, pl.Int64).alias("rule"), block).unique())
    return pl.concat(found)


def in_blocks(rules: Sequence[BlockingRule], blocks: Table) -> exp.Query:
    """`record_number`, once each, of the records of `identity.records` that are in one of the blocks."""
    found = [_in_blocks(rule, place, blocks) for place, rule in enumerate(rules)]
    return found[0] if len(found) == 1 else exp.union(*found, distinct=True, copy=False)


def _in_blocks(rule: BlockingRule, place: int, blocks: Table) -> exp.Select:
    query = exp.select(exp.column(NUMBER, "r")).distinct().from_(RECORDS.table.expression().as_("r"))
    for at, key in enumerate(rule.keys):
        if key in _MULTIPLE:
            same = exp.column(NUMBER, f"k{at}").eq(exp.column(NUMBER, "r"))
            kind = exp.column("key", f"k{at}").eq(exp.Literal.string(_MULTIPLE[key]))
            query = query.join(MATCH_KEYS.table.expression().as_(f"k{at}"), on=exp.and_(same, kind))
    here = exp.column("rule").eq(exp.Literal.number(place))
    wanted = exp.select("block").from_(blocks.expression()).where(here)
    return query.where(as_one([_value(key, f"k{at}") for at, key in enumerate(rule.keys)]).isin(query=wanted))


def _value(key: str, alias: str) -> exp.Expr:
    """How the warehouse says a key of a blocking rule; `blocking` says the same to the workbench."""
    if key in _MULTIPLE:
        return exp.column("value", alias)
    if key == "mailbox":
        email = exp.column("email", "r")
        before = exp.Sub(
            this=exp.StrPosition(this=email, substr=exp.Literal.string("@")), expression=exp.Literal.number(1)
        )
        return exp.Left(this=email.copy(), expression=before)
    column, length = _PREFIXES.get(key, (key, 0))
    text: exp.Expr = exp.column(column, "r")
    if column == "date_of_birth":
        text = exp.cast(text, "TEXT")
    return exp.Left(this=text, expression=exp.Literal.number(length)) if length else text
