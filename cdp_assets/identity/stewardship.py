"""Writes a steward's decision down: of records that there are, and not against another decision."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa
from sqlglot import exp

from cdp_assets.errors import ConfigurationError, DataError
from cdp_assets.identity.contracts import DECISIONS
from cdp_assets.identity.decision_conflicts import told
from cdp_assets.identity.decisions import WITHDRAWN, checked, effective, typed
from cdp_assets.identity.record_pairs import PAIR
from cdp_assets.stages import Stage
from cdp_assets.tables import Table
from cdp_assets.warehouses.base import Warehouse, WriteMode

_RECORDS = Table(Stage.LOOKUP, "customer_records")


class RecordKey(NamedTuple):
    """A source record."""

    source: str
    record_id: str

    @classmethod
    def parse(cls, text: str) -> "RecordKey":
        """`"crm:42"` → `RecordKey("crm", "42")`; all after the first colon is the record's id.

        Raises:
            ConfigurationError: it is no such text.
        """
        source, colon, record_id = text.partition(":")
        if not (source and colon and record_id):
            raise ConfigurationError(
                f"{text!r} does not name a record; write source:record_id, such as crm:42. A decision is made of"
                " records, whose customer may change; those of a customer are in identity.customer_ids."
            )
        return cls(source, record_id)

    def __str__(self) -> str:
        return f"{self.source}:{self.record_id}"


class Pair(NamedTuple):
    """Two records, in their order."""

    left: RecordKey
    right: RecordKey

    @classmethod
    def of(cls, one: RecordKey, other: RecordKey) -> "Pair":
        """The two in order.

        Raises:
            ConfigurationError: they are one record.
        """
        if one == other:
            raise ConfigurationError(f"{one} is named twice; a decision needs two records.")
        return cls(*sorted((one, other)))


def read_decisions(warehouse: Warehouse) -> pl.DataFrame:
    """`identity.decisions`, without rows when the table is not there yet."""
    if not warehouse.exists(DECISIONS.table):
        return pl.DataFrame(DECISIONS.empty())
    return pl.DataFrame(warehouse.read_arrow(exp.select("*").from_(DECISIONS.table.expression())))


def decide(warehouse: Warehouse, pair: Pair, decision: str, reason: str, by: str, at: datetime) -> list[RecordKey]:
    """Append a decision; returns the records that are deleted at their source, of which it has no effect for now.

    Args:
        warehouse: where `identity.decisions` is; the table is made when it is not there.
        pair: of what.
        decision: `always`, `never` or `withdrawn`.
        reason: why.
        by: who.
        at: the moment of the decision.

    Raises:
        DataError: a record of a new link is not in `lookup.customer_records`, there is nothing to withdraw, or another
            decision stands against it; nothing is written then.
    """
    deleted = [] if decision == WITHDRAWN else _deleted(warehouse, pair)
    warehouse.ensure(DECISIONS)
    with warehouse.transaction():
        before = typed(read_decisions(warehouse))
        _refuse(effective(before), pair, decision)
        row: dict[str, Any] = dict(zip(PAIR, [*pair.left, *pair.right], strict=True))
        row |= {"decision": decision, "reason": reason, "decided_by": by, "decided_at": _moment(before, at)}
        added = pa.Table.from_pylist([row], DECISIONS.schema)
        if decision != WITHDRAWN:  # of several conflicts in a table filled by hand, one is undone after the other
            checked(pl.concat([before, pl.DataFrame(added)]))
        warehouse.write_arrow(DECISIONS.table, added, WriteMode.APPEND)
    return deleted


def _refuse(holding: pl.DataFrame, pair: Pair, decision: str) -> None:
    """A pair is decided anew only after the standing decision was undone: nobody overrules another unawares."""
    standing = _standing(holding, pair)
    if decision == WITHDRAWN and standing is None:
        raise DataError(f"nothing is decided of {pair.left} and {pair.right}; `cdp decisions` lists what is.")
    if decision != WITHDRAWN and standing is not None:
        said = f"decided already: {told(standing)}"
        if standing["decision"] == decision:
            raise DataError(f"{said}; there is nothing to add.")
        raise DataError(
            f"{decision} {pair.left} and {pair.right} conflicts with what is {said}; first --undo that one."
        )


def _standing(holding: pl.DataFrame, pair: Pair) -> dict[str, Any] | None:
    wanted = pl.DataFrame([[*pair.left, *pair.right]], schema=dict.fromkeys(PAIR, pl.String), orient="row")
    found = holding.join(wanted, on=PAIR, how="semi")
    return found.row(0, named=True) if found.height else None


def _moment(before: pl.DataFrame, at: datetime) -> datetime:
    """The moment, or just after the last one noted, should that clock have been ahead: the latest row holds."""
    last = before["decided_at"].max()
    return max(at, last + timedelta(microseconds=1)) if isinstance(last, datetime) else at


def _deleted(warehouse: Warehouse, records: Sequence[RecordKey]) -> list[RecordKey]:
    if not warehouse.exists(_RECORDS):
        raise DataError(f"{_RECORDS} is not there yet; start `cdp run`, which makes it.")
    keys = [
        exp.and_(*(exp.column(name).eq(exp.Literal.string(part)) for name, part in record._asdict().items()))
        for record in records
    ]
    query = exp.select("source", "record_id", "is_deleted").from_(_RECORDS.expression()).where(exp.or_(*keys))
    found = {(row["source"], row["record_id"]): row["is_deleted"] for row in warehouse.read_arrow(query).to_pylist()}
    for record in records:
        if record not in found:
            raise DataError(f"{record} is no record of {_RECORDS}; check the source's name and the record's id.")
    return [record for record in records if found[record]]
