"""Tables that people fill, beside the runs: a version of what each says, by which a run notices a change."""

import hashlib
from collections.abc import Callable, Mapping

import polars as pl
from sqlglot import exp

from cdp_assets.identity.contracts import DECISIONS, LABELS
from cdp_assets.identity.decisions import checked, version_of
from cdp_assets.identity.labels import checked_labels
from cdp_assets.tables import Contract, Table
from cdp_assets.warehouses.base import Warehouse

WRITTEN: Mapping[Table, Contract] = {contract.table: contract for contract in (DECISIONS, LABELS)}


def written_version(warehouse: Warehouse, table: Table) -> str:
    """The same for the same content, whatever the order of its rows; that of a table that is not there is of an
    empty one.

    Raises:
        DataError: people wrote what cannot be used, or decisions that cannot all hold.
    """
    if warehouse.exists(table):
        rows = pl.DataFrame(warehouse.read_arrow(exp.select("*").from_(table.expression())))
    else:
        rows = pl.DataFrame(WRITTEN[table].empty())
    return _VERSIONS[table](rows)


def _version_of_decisions(decisions: pl.DataFrame) -> str:
    checked(decisions)
    return version_of(decisions)


def _version_of_labels(labels: pl.DataFrame) -> str:
    return hashlib.sha256(repr(checked_labels(labels).rows()).encode()).hexdigest()[:16]


_VERSIONS: Mapping[Table, Callable[[pl.DataFrame], str]] = {
    DECISIONS.table: _version_of_decisions,
    LABELS.table: _version_of_labels,
}
