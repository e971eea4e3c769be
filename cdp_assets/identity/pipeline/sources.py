"""What changed among the source records since `identity.records` was last made, and only that."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import polars as pl
from sqlglot import exp

from cdp_assets.identity.contracts import RECORDS
from cdp_assets.identity.normalise.inputs import IDENTIFIERS, KEY, TEXTS
from cdp_assets.sql.functions import call
from cdp_assets.stages import Stage
from cdp_assets.tables import Table
from cdp_assets.warehouses.base import Warehouse

CUSTOMER_RECORDS, FURTHER = Table(Stage.LOOKUP, "customer_records"), Table(Stage.LOOKUP, "identifiers")
SOURCE_HASH = "source_hash"
_HASHED = tuple(name for name in (*TEXTS, "date_of_birth") if name not in KEY)


@dataclass(frozen=True)
class ChangedSources:
    """`records`: rows of `lookup.customer_records` that are new or changed, with `source_hash`; `identifiers`: their
    rows of `lookup.identifiers`; `gone`: `source`, `record_id` of known records that are gone."""

    records: pl.DataFrame
    identifiers: pl.DataFrame
    gone: pl.DataFrame


def count_live(warehouse: Warehouse) -> int:
    """How many source records there are that are not deleted."""
    query = exp.select(exp.Count(this=exp.Star()).as_("n")).from_(CUSTOMER_RECORDS.expression().as_("r"))
    return int(warehouse.read_arrow(query.where(_is_live("r")))["n"][0].as_py())


def live_sources(warehouse: Warehouse) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All live rows of `lookup.customer_records`, and all of `lookup.identifiers`."""
    records = _records().where(_is_live("r"))
    return pl.DataFrame(warehouse.read_arrow(records)), pl.DataFrame(warehouse.read_arrow(_further()))


def changed_sources(warehouse: Warehouse, version: str, *, anew: bool = False) -> ChangedSources:
    """The live records whose hash is not that of `identity.records`, and the known ones that are not live.

    The hashes are computed and compared in the warehouse: what did not change does not travel.

    Args:
        warehouse: holds `lookup.customer_records`, `lookup.identifiers` and `identity.records`.
        version: goes into every hash, so that another one makes every record a changed one.
        anew: take every record for changed.
    """
    with _made(
        warehouse, Table(Stage.IDENTITY, "work__sources"), _hashed(version) if anew else _changed(version)
    ) as changed:
        beside, same = changed.expression().as_("c"), _same("r", "c")
        records = _records().select(exp.column(SOURCE_HASH, "c")).join(beside, on=same)
        identifiers = _further().join(beside.copy(), on=same.copy())
        found = [pl.DataFrame(warehouse.read_arrow(query)) for query in (records, identifiers, _gone())]
    return ChangedSources(*found)


def _records() -> exp.Select:
    columns = [exp.column(name, "r") for name in (*TEXTS, "date_of_birth")]
    return exp.select(*columns).from_(CUSTOMER_RECORDS.expression().as_("r"))


def _further() -> exp.Select:
    return exp.select(*(exp.column(name, "r") for name in IDENTIFIERS)).from_(FURTHER.expression().as_("r"))


@contextmanager
def _made(warehouse: Warehouse, table: Table, query: exp.Query) -> Iterator[Table]:
    """A table of the query's rows, which never leave the warehouse, gone afterwards."""
    warehouse.write_select(table, query)
    try:
        yield table
    finally:
        warehouse.drop(table)


def _changed(version: str) -> exp.Select:
    """`source`, `record_id`, `source_hash`."""
    same = exp.and_(_same("h", "i"), exp.column(SOURCE_HASH, "h").eq(exp.column(SOURCE_HASH, "i")))
    query = exp.select(*(exp.column(name, "h") for name in (*KEY, SOURCE_HASH))).from_(_hashed(version).subquery("h"))
    query = query.join(RECORDS.table.expression().as_("i"), on=same, join_type="left")
    return query.where(exp.column("source", "i").is_(exp.null()))


def _gone() -> exp.Select:
    query = exp.select(*(exp.column(name, "i") for name in KEY)).from_(RECORDS.table.expression().as_("i"))
    live = exp.select(*(exp.column(name, "r") for name in KEY)).from_(CUSTOMER_RECORDS.expression().as_("r"))
    query = query.join(live.where(_is_live("r")).subquery("l"), on=_same("i", "l"), join_type="left")
    return query.where(exp.column("source", "l").is_(exp.null()))


def _hashed(version: str) -> exp.Select:
    """`source`, `record_id`, `source_hash` of each live record, over its match keys and its further identifiers.

    Each value is hashed with its length before it, and a null as no length: no two rows are the same text.
    """
    digests = call("cdp_joined", call("cdp_sha256", _text([exp.column(name) for name in ("type", "value")])))
    further = exp.select(*KEY, digests.as_("digests")).from_(FURTHER.expression()).group_by(*KEY)
    own = _text([*(exp.column(name, "r") for name in _HASHED), exp.column("digests", "f")])
    digest = call("cdp_sha256", exp.DPipe(this=exp.Literal.string(version), expression=own))
    query = exp.select(*(exp.column(name, "r") for name in KEY), digest.as_(SOURCE_HASH))
    query = query.from_(CUSTOMER_RECORDS.expression().as_("r"))
    return query.join(further.subquery("f"), on=_same("r", "f"), join_type="left").where(_is_live("r"))


def _text(columns: list[exp.Column]) -> exp.Expr:
    parts: list[exp.Expr] = []
    for column in columns:
        value = exp.cast(column, exp.DType.TEXT)
        length = exp.cast(exp.Length(this=value.copy()), exp.DType.TEXT)
        parts.append(exp.func("COALESCE", _joined([length, exp.Literal.string(":"), value]), exp.Literal.string("-")))
    return _joined(parts)


def _joined(parts: list[exp.Expr]) -> exp.Expr:
    joined = parts[0]
    for part in parts[1:]:
        joined = exp.DPipe(this=joined, expression=part)
    return joined


def _is_live(alias: str) -> exp.Expr:
    return exp.not_(exp.func("COALESCE", exp.column("is_deleted", alias), exp.false()))


def _same(left: str, right: str) -> exp.Expr:
    return exp.and_(*(exp.column(name, left).eq(exp.column(name, right)) for name in KEY))
