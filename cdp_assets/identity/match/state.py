"""The state of incremental runs of `cdp match`: a DuckDB file of its own, looked at before it is used."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
from sqlglot import exp

from cdp_assets.code_version import code_version
from cdp_assets.errors import DataError
from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.contracts import (
    APPLIED_DECISIONS,
    CLUSTERS,
    COMPARED_RECORDS,
    CUSTOMER_IDS,
    DECISIONS,
    EDGES,
    ID_HISTORY,
    MATCH_KEYS,
    PAIRS,
    RECORDS,
)
from cdp_assets.identity.pipeline.records import store_records
from cdp_assets.identity.pipeline.worktables import NUMBER, work_table
from cdp_assets.identity.scoring.model import MatchModel
from cdp_assets.stages import Stage
from cdp_assets.tables import Table
from cdp_assets.warehouses.base import Warehouse

STATE, MODEL = "state.duckdb", "model.json"
_KEY = ["source", "record_id"]
_WORK = "work__"  # what a killed run left behind
_CONTRACTS = (
    *(RECORDS, MATCH_KEYS, PAIRS, COMPARED_RECORDS, EDGES, CLUSTERS, DECISIONS, APPLIED_DECISIONS),
    *(CUSTOMER_IDS, ID_HISTORY),
)
_MAGIC, _MAGIC_AT = b"DUCK", 8
"""What a DuckDB file has after its first checksum. DuckDB itself would open other databases too."""


def check_file(path: Path) -> None:
    """See to it that the file, if it is there, is a DuckDB file.

    Raises:
        DataError: there is something else in its place.
    """
    if not path.exists():
        return
    if path.is_file():
        with path.open("rb") as file:
            if file.read(_MAGIC_AT + len(_MAGIC))[_MAGIC_AT:] == _MAGIC:
                return
    raise DataError(f"{path} is no DuckDB file; name the folder of a state, or one that is not there yet.")


def check_tables(warehouse: Warehouse) -> None:
    """See to it that a state has the tables this version of the program keeps, or none yet.

    Raises:
        DataError: it is of another version, or something else.
    """
    known = {contract.table: [column.name for column in contract.columns] for contract in _CONTRACTS}
    for table, columns in warehouse.catalogue().items():
        if table in known and known[table] != list(columns):
            raise DataError(
                f"{warehouse.location} was kept by another version of this program: {table} has other columns; name a"
                " folder that is not there yet, and give all records."
            )
        if table not in known and not table.name.startswith(_WORK):
            raise DataError(
                f"{warehouse.location} is no state of `cdp match`: it holds {table}; name the folder of a state, or one"
                " that is not there yet."
            )


def normalised_with(config: IdentityConfig, model: MatchModel) -> str:
    """The version of all that decides about a record's match keys and is not in the record."""
    content = config.model_dump_json(include={"junk", "phone_regions", "date_orders"})
    text = "\n".join([code_version("cdp_assets.identity.normalise"), content, json.dumps(list(model.junk))])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def check_normalised(warehouse: Warehouse, keys: pl.DataFrame, version: str) -> None:
    """See to it that no record would stay that was normalised otherwise than those that are to be stored.

    Raises:
        DataError: some would.
    """
    stale = records_beyond(warehouse, keys, exp.column("source_hash").neq(exp.Literal.string(version)))
    if stale:
        raise DataError(
            f"{stale:,} records of {warehouse.location} were normalised with another model, another version of this"
            " program, or other junk, phone_regions or date_orders; give all records once, and their ids stay."
        )


@contextmanager
def kept_if_refused(warehouse: Warehouse, keys: pl.DataFrame) -> Iterator[None]:
    """Put the records of a state that `keys` (`source`, `record_id`) name back if what is done meanwhile is refused."""
    warehouse.ensure(RECORDS)
    former = Table(Stage.IDENTITY, f"{_WORK}former")
    known = keys if warehouse.row_count(RECORDS.table) else keys.clear()
    with work_table(warehouse, "sent", known) as sent:
        same = exp.and_(*(exp.column(column, "s").eq(exp.column(column, "r")) for column in _KEY))
        there = exp.Exists(this=exp.select("1").from_(sent.expression().as_("s")).where(same))
        rows = exp.select("*").from_(RECORDS.table.expression().as_("r")).where(there)
        warehouse.write_select(former, rows)
    try:
        yield
    except DataError:
        rows = exp.select("*").from_(former.expression())
        store_records(warehouse, pl.DataFrame(warehouse.read_arrow(rows)).drop(NUMBER), keys)
        raise
    finally:
        warehouse.drop(former)


def records_beyond(warehouse: Warehouse, keys: pl.DataFrame, where: exp.Expr | None = None) -> int:
    """How many records of the state (of those `where` holds for) are not among `keys`: `source`, `record_id`."""
    if not warehouse.exists(RECORDS.table):
        return 0
    query = exp.select(*_KEY).from_(RECORDS.table.expression())
    kept = pl.DataFrame(warehouse.read_arrow(query if where is None else query.where(where)))
    return kept.join(keys, on=_KEY, how="anti").height
