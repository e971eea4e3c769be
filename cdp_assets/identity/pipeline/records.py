"""Keeps `identity.records` and `identity.match_keys` up to date with records that came, changed or went."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import polars as pl
import pyarrow as pa
from sqlglot import exp

from cdp_assets.identity.contracts import MATCH_KEYS, RECORDS
from cdp_assets.identity.keys import LISTS, KeyList, values_by
from cdp_assets.identity.pipeline.worktables import NUMBER, delete_numbers, work_table
from cdp_assets.tables import Contract
from cdp_assets.warehouses.base import Warehouse, WriteMode

_KEY = ["source", "record_id"]
_ROWS_A_BATCH = 100_000
WORD = "name_word"
_RowsOf = Callable[[pl.DataFrame], pl.DataFrame]


def store_records(warehouse: Warehouse, built: pl.DataFrame, named: pl.DataFrame) -> int:
    """Put what became of the named records in the place of what was known of them; returns how many were known.

    Args:
        warehouse: holds the tables, made here if need be.
        built: those that are live, as `records.build_records`; `source_hash` if there is one.
        named: `source`, `record_id` of all that came, changed or went.
    """
    warehouse.ensure(RECORDS, MATCH_KEYS)
    before = _known(warehouse, named)
    numbered = _numbered(warehouse, built, before)
    with work_table(warehouse, "records", before.select(NUMBER)) as gone, warehouse.transaction():
        for contract in (RECORDS, MATCH_KEYS) if before.height else ():
            delete_numbers(warehouse, contract.table, gone)
        for contract, kinds in ((RECORDS, (_rows,)), (MATCH_KEYS, _KEYS)):
            warehouse.write_arrow(contract.table, _batches(contract, numbered, kinds), WriteMode.APPEND)
    return before.height


def _known(warehouse: Warehouse, named: pl.DataFrame) -> pl.DataFrame:
    """`source`, `record_id`, `record_number` of the named records that the tables hold."""
    columns = [exp.column(column, "r") for column in (*_KEY, NUMBER)]
    query = exp.select(*columns).from_(RECORDS.table.expression().as_("r"))
    if warehouse.row_count(RECORDS.table) == 0:
        return pl.DataFrame(warehouse.read_arrow(query))
    with work_table(warehouse, "named", named.select(_KEY).unique()) as table:
        same = exp.and_(*(exp.column(column, "n").eq(exp.column(column, "r")) for column in _KEY))
        return pl.DataFrame(warehouse.read_arrow(query.join(table.expression().as_("n"), on=same)))


def _numbered(warehouse: Warehouse, built: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """The records with the number each was given once; new ones count on."""
    last = exp.select(exp.Max(this=exp.column(NUMBER)).as_("last")).from_(RECORDS.table.expression())
    highest = warehouse.read_arrow(last)["last"][0].as_py() or 0
    joined = built.join(before, on=_KEY, how="left", maintain_order="left")
    new = pl.col(NUMBER).is_null()
    numbers = pl.coalesce(NUMBER, highest + new.cast(pl.Int64).cum_sum())
    with_hash = joined if "source_hash" in joined.columns else joined.with_columns(source_hash=pl.lit(None, pl.String))
    return with_hash.with_columns(numbers.alias(NUMBER))


def _batches(contract: Contract, records: pl.DataFrame, kinds: Sequence[_RowsOf]) -> pa.RecordBatchReader:
    """The rows a table gets of the records, kind by kind and some at a time: all at once they would be held twice."""

    def batches() -> Iterator[pa.RecordBatch]:
        for rows_of in kinds:
            for some in records.iter_slices(_ROWS_A_BATCH):
                named = rows_of(some).select(column.name for column in contract.columns)
                yield from named.to_arrow().cast(contract.schema).to_batches()

    return pa.RecordBatchReader.from_batches(contract.schema, batches())


def _rows(records: pl.DataFrame) -> pl.DataFrame:
    return records


def _words(records: pl.DataFrame) -> pl.DataFrame:
    """The words of the names, those that nicknames are short for among them: what swapped and short names share."""
    names = pl.concat_str("first_name", "last_name", "name_forms", separator=" ", ignore_nulls=True)
    words = records.select(NUMBER, pl.lit(WORD).alias("key"), value=names.str.split(" ").list.unique()).explode("value")
    return words.filter(pl.col("value") != "")


def _values(entry: KeyList, records: pl.DataFrame) -> pl.DataFrame:
    return values_by(records, entry, [NUMBER])


_KEYS: tuple[_RowsOf, ...] = (*(partial(_values, entry) for entry in LISTS.values()), _words)
"""Key by key, so that what is read together lies together."""
