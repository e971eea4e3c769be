"""Blocking: which pairs of records are compared at all, as tables of the workbench."""

from collections.abc import Sequence

import duckdb
import polars as pl
from sqlglot import exp, select

from cdp_assets.errors import DataError
from cdp_assets.identity.scoring.blocking_rules import BlockingRule, hash_of, keys_of

LARGEST_BLOCK = 200
"""Records in a block at training that are still compared: what more records than this share tells nobody apart."""
_BURST = 10 * LARGEST_BLOCK
"""Records in a block that was small at training, beyond which its pairs would be too many to compare."""


def find_pairs(
    connection: duckdb.DuckDBPyConnection, rules: Sequence[BlockingRule], *, only_changed: bool = False
) -> None:
    """Make the table `pairs` (`number_l` < `number_r`, `rules`: a bit for each that finds it) from `nodes`.

    Args:
        connection: holds `nodes`, and `oversized` (`block`): blocks to pass over.
        rules: at most 62.
        only_changed: only pairs of which one record `is_changed`, a column of `nodes` then.

    Raises:
        DataError: a block has grown out of all proportion since training.
    """
    find_members(connection, rules, only_changed=only_changed)
    _refuse_bursts(connection, rules)
    pair_members(connection, only_changed=only_changed)


def find_members(
    connection: duckdb.DuckDBPyConnection, rules: Sequence[BlockingRule], *, only_changed: bool = False
) -> None:
    """Make the table `members`: the `block`s of each rule of each record (`number`), those passed over left out.

    A block's number means one session only; no two rules share one.
    """
    kept = ", is_changed" if only_changed else ""
    found = [
        f"SELECT {at}::UTINYINT AS rule, {_block(rule)} AS block, place{kept} FROM"
        f" ({keys_of(rule, is_changed=only_changed).sql('duckdb')})"
        for at, rule in enumerate(rules)
    ]
    every = " UNION ALL ".join(found)
    connection.execute(f"CREATE OR REPLACE TABLE members AS FROM ({every}) ANTI JOIN oversized USING (block)")


def pair_members(connection: duckdb.DuckDBPyConnection, *, only_changed: bool = False) -> None:
    """Make the table `pairs`, as `find_pairs` does, from `members`, which is gone then."""
    connection.execute(_CHANGED_PAIRS if only_changed else _ALL_PAIRS)
    connection.execute("DROP TABLE members")


def members_of(connection: duckdb.DuckDBPyConnection, rule: BlockingRule) -> duckdb.DuckDBPyRelation:
    """`number`, `block` and the values of the rule's keys, of every record of `nodes` in a block not passed over."""
    keyed = f"SELECT *, {_block(rule)} AS block FROM ({keys_of(rule).sql('duckdb')})"
    return connection.sql(f"FROM ({keyed}) ANTI JOIN oversized USING (block)")


def count_blocks(connection: duckdb.DuckDBPyConnection, rules: Sequence[BlockingRule]) -> None:
    """Make the table `counted` (`block`, `records`) of the blocks with several records of `nodes`.

    `nodes` then are the table `counting`, which `oversized` looks into.
    """
    find_members(connection, rules)
    connection.execute(_COUNT)


def pairs_by_size(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """`rule` (its place), `records`, `pairs`: how many pairs of `members` are in blocks of which so many records were
    counted (none: at most one), in order."""
    return pl.DataFrame(connection.sql(_PAIRS_BY_SIZE).to_arrow_table())


def drop_larger(connection: duckdb.DuckDBPyConnection, largest: Sequence[int | None]) -> None:
    """Leave out of `members` the blocks of which more records were counted than `largest` says for their rule; with
    none, all of them."""
    limits = ", ".join(f"({place}, {records})" for place, records in enumerate(largest) if records is not None)
    connection.execute(_DROP_LARGER.format(limits=limits or "(NULL, NULL)"))


def oversized(connection: duckdb.DuckDBPyConnection, rule: BlockingRule, largest: int) -> list[list[str]]:
    """The blocks of a rule with more than `largest` records in `counting`, each as the values of its keys, in order."""
    keys = keys_of(rule, nodes="counting").subquery()
    counted = select(*rule.keys).from_(keys).group_by(*rule.keys).order_by(*rule.keys)
    found = counted.having(exp.Count(this=exp.Star()) > largest).sql("duckdb")
    return [list(row) for row in connection.execute(found).fetchall()]


def _block(rule: BlockingRule) -> str:
    return hash_of(f"'{rule.name}'", *rule.keys)


def _refuse_bursts(connection: duckdb.DuckDBPyConnection, rules: Sequence[BlockingRule]) -> None:
    found = connection.execute(_LARGEST).fetchall()
    for rule, records in found:
        if records > _BURST:
            raise DataError(
                f"{records:,} records agree on {rules[rule].name}, which were few when the match model was trained; at"
                f" most {_BURST:,} are compared with each other. Leave them out, or train it again: in the warehouse,"
                " launch identity/match_model with retrain: true and adopt: true, as docs/identity.md says; with `cdp"
                " match`, delete the model's file (--model's, and model.json in --state) and give all records once."
            )


_LARGEST = """
SELECT any_value(rule), count(*) AS records FROM members GROUP BY block ORDER BY records DESC LIMIT 1
"""
_COUNT = """
CREATE OR REPLACE TABLE counted AS
SELECT block, count(*) AS records FROM members GROUP BY block HAVING count(*) > 1;
ALTER TABLE nodes RENAME TO counting
"""
_PAIRS_BY_SIZE = """
SELECT rule::BIGINT AS rule, coalesce(records, 1) AS records, sum(here * (here - 1) // 2)::BIGINT AS pairs
FROM (SELECT any_value(rule) AS rule, block, count(*) AS here FROM members GROUP BY block HAVING count(*) > 1)
LEFT JOIN counted USING (block) GROUP BY ALL ORDER BY ALL
"""
_DROP_LARGER = """
CREATE OR REPLACE TABLE members AS
SELECT members.* FROM members JOIN (VALUES {limits}) AS limits (rule, largest) USING (rule)
LEFT JOIN counted USING (block) WHERE coalesce(records, 1) <= largest
"""
_ALL_PAIRS = """
CREATE OR REPLACE TABLE pairs AS
SELECT l.place AS place_l, r.place AS place_r, bit_or(1::BIGINT << l.rule::BIGINT) AS rules
FROM members AS l JOIN members AS r ON l.block = r.block AND l.place < r.place
GROUP BY ALL ORDER BY place_l, place_r
"""
_CHANGED_PAIRS = """
CREATE OR REPLACE TABLE pairs AS
SELECT least(l.place, r.place) AS place_l, greatest(l.place, r.place) AS place_r,
    bit_or(1::BIGINT << l.rule::BIGINT) AS rules
FROM members AS l JOIN members AS r ON l.block = r.block AND l.place <> r.place
WHERE l.is_changed
GROUP BY ALL ORDER BY place_l, place_r
"""
