"""Loads what arrived into a raw table: each content once, each file whole or not at all."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
from sqlglot import exp, select

from cdp_assets.errors import SourceError
from cdp_assets.registry import find_plugin
from cdp_assets.settings import Settings
from cdp_assets.sources.contracts import LOAD_ID, LOADED_AT, LOADS, REJECTED_ROWS, SOURCE_ROW, TECHNICAL_COLUMNS
from cdp_assets.sources.definition import LANDINGS, SourceDefinition, SourceTable
from cdp_assets.sources.formats._text import printable
from cdp_assets.sources.formats.base import Batch
from cdp_assets.sources.landings.base import Arrival, Landing
from cdp_assets.tables import TEXT, TIMESTAMP, Table
from cdp_assets.warehouses.base import Warehouse, WriteMode

Progress = Callable[[str], None]
_FEW = 10


@dataclass
class LoadReport:
    """What one run loaded into a raw table."""

    files: list[str] = field(default_factory=list)
    rows: int = 0
    rejected: int = 0
    undeclared_columns: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def landing_of(table: SourceTable, settings: Settings) -> Landing:
    """The landing a table's definition names."""
    plugin = find_plugin(LANDINGS, str(table.landing["type"]), Landing)
    return plugin.from_options(table.landing, settings)


def loaded_hashes(warehouse: Warehouse, raw_table: Table) -> set[str]:
    """Hashes of the contents a raw table already holds."""
    return hashes_by_table(warehouse).get(raw_table.name, set())


def hashes_by_table(warehouse: Warehouse) -> dict[str, set[str]]:
    """Hashes of the contents each raw table, by its name, already holds: the whole ledger in one read."""
    if not warehouse.exists(LOADS.table):
        return {}
    ledger = warehouse.read_arrow(select("raw_table", "content_hash").from_(LOADS.table.expression()))
    hashes: dict[str, set[str]] = {}
    for row in ledger.to_pylist():
        hashes.setdefault(row["raw_table"], set()).add(row["content_hash"])
    return hashes


def loaded_version(warehouse: Warehouse, raw_table: Table) -> str:
    """A version of a raw table that changes when, and only when, a file is loaded into it."""
    return hashlib.sha256("".join(sorted(loaded_hashes(warehouse, raw_table))).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Rejections:
    """Rows set aside among those met by the latest load."""

    rejected: int
    met: int

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return self.rejected / self.met if self.met else 0.0

    def too_many(self, allowed_share: float) -> bool:
        """Whether the load is to be doubted; a few bad rows of a small file are no reason while most are good."""
        return self.share > allowed_share and (self.rejected >= _FEW or self.share > 0.5)


def latest_rejections(warehouse: Warehouse, raw_table: Table) -> Rejections:
    """What was set aside of what was loaded last: it stays until a better file comes."""
    of_table = exp.column("raw_table").eq(exp.Literal.string(raw_table.name))
    latest = select("MAX(loaded_at)").from_(LOADS.table.expression()).where(of_table)
    loads = select("rows", "rejected").from_(LOADS.table.expression())
    loads = loads.where(of_table, exp.column("loaded_at").eq(latest.subquery()))
    counts = warehouse.read_arrow(loads)
    rejected = sum(counts["rejected"].to_pylist())
    return Rejections(rejected, rejected + sum(counts["rows"].to_pylist()))


def load_table(
    warehouse: Warehouse,
    source: SourceDefinition,
    table: SourceTable,
    settings: Settings,
    now: datetime,
    progress: Progress = lambda _: None,
) -> LoadReport:
    """Load every arrival of a table that the ledger does not know; of equal contents the first.

    A file that cannot be read does not stop the others: it is named in the report's `failures` and tried again
    by the next run.
    """
    raw_table = source.raw_table(table)
    report = LoadReport()
    warehouse.ensure(LOADS, REJECTED_ROWS)
    _ensure_columns(warehouse, raw_table, table)
    landing = landing_of(table, settings)
    known = loaded_hashes(warehouse, raw_table)
    for arrival in landing.arrivals():
        try:
            content_hash = landing.content_hash(arrival)
            if content_hash in known:
                continue
            known.add(content_hash)
            rows, rejected = _Load(warehouse, source, table, landing, arrival, content_hash, now).run()
        except SourceError as error:
            report.failures.append(str(error))
            continue
        progress(f"{arrival.name}: {rows:,} rows, {rejected:,} rejected")
        report.files.append(arrival.name)
        report.rows += rows
        report.rejected += rejected
    if table.columns:
        declared = {name.lower() for name in [*table.declared_columns, *TECHNICAL_COLUMNS]}
        report.undeclared_columns = [c for c in warehouse.columns(raw_table) if c.lower() not in declared]
    return report


def _ensure_columns(warehouse: Warehouse, raw_table: Table, table: SourceTable) -> None:
    """Create the raw table, or give it the declared columns it lacks, so that staging finds them all."""
    fields = [(name, TEXT) for name in table.declared_columns]
    technical = [(LOAD_ID, TEXT), (SOURCE_ROW, TEXT), (LOADED_AT, TIMESTAMP)]
    present = {name.lower() for name in warehouse.columns(raw_table)}
    if not all(name.lower() in present for name, _ in [*fields, *technical]):
        warehouse.write_arrow(raw_table, pa.schema([*fields, *technical]).empty_table(), WriteMode.APPEND)


@dataclass
class _Load:
    """One file on its way into one table, inside one transaction."""

    warehouse: Warehouse
    source: SourceDefinition
    table: SourceTable
    landing: Landing
    arrival: Arrival
    content_hash: str
    now: datetime

    def run(self) -> tuple[int, int]:
        rows = rejected = 0
        with self.warehouse.transaction():
            for batch in self.landing.batches(self.arrival, self.table.required):
                if batch.lines:
                    rows += self.warehouse.write_arrow(self.raw_table, self._rows(batch), WriteMode.APPEND)
                if batch.rejected:
                    rejected += self.warehouse.write_arrow(REJECTED_ROWS.table, self._rejected(batch), WriteMode.APPEND)
            if not self.landing.unchanged(self.arrival):
                raise SourceError(f"{self.arrival.name} changed while it was read; the next run reads it again.")
            self.warehouse.write_arrow(LOADS.table, self._ledger_row(rows, rejected), WriteMode.APPEND)
        return rows, rejected

    @property
    def raw_table(self) -> Table:
        return self.source.raw_table(self.table)

    @property
    def load_id(self) -> str:
        return hashlib.sha256(f"{self.raw_table}:{self.content_hash}".encode()).hexdigest()[:16]

    def _rows(self, batch: Batch) -> pa.Table:
        reserved = sorted(name for name in batch.columns if name.lower() in TECHNICAL_COLUMNS)
        if reserved:
            raise SourceError(
                f"{self.arrival.name} has a column {reserved[0]}, a name the platform keeps for itself; rename it."
            )
        count = len(batch.lines)
        rows_of = [f"{self.arrival.name}:{line}" for line in batch.lines]
        columns = {self._spelled(name): pa.array(values, TEXT) for name, values in batch.columns.items()}
        columns[LOAD_ID] = pa.array([self.load_id] * count, TEXT)
        columns[SOURCE_ROW] = pa.array(rows_of, TEXT)
        columns[LOADED_AT] = pa.array([self.now] * count, TIMESTAMP)
        return pa.table(columns)

    def _spelled(self, name: str) -> str:
        """The name as the table spells it: warehouses do not tell upper from lower case."""
        return {known.lower(): known for known in self.table.declared_columns}.get(name.lower(), name)

    def _rejected(self, batch: Batch) -> pa.Table:
        rows = [
            self._about() | {"line": bad.line, "reason": bad.reason, "row": printable(bad.row)}
            for bad in batch.rejected
        ]
        return pa.Table.from_pylist(rows, REJECTED_ROWS.schema)

    def _ledger_row(self, rows: int, rejected: int) -> pa.Table:
        facts = {"content_hash": self.content_hash, "rows": rows, "rejected": rejected, "loaded_at": self.now}
        return pa.Table.from_pylist([self._about() | facts], LOADS.schema)

    def _about(self) -> dict[str, object]:
        return {
            "load_id": self.load_id,
            "source": self.source.name,
            "raw_table": self.raw_table.name,
            "file": self.arrival.name,
        }
