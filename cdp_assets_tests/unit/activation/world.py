"""A small warehouse, syncs over it, and a destination that answers as told."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from pydantic import BaseModel
from sqlglot import exp

from cdp_assets.activation.contracts import SUPPRESSIONS
from cdp_assets.activation.definition import SyncDefinition
from cdp_assets.activation.engine import run_sync
from cdp_assets.activation.result import SyncResult
from cdp_assets.activation.retry import RetryPolicy
from cdp_assets.destinations.base import Batch, Destination, Limits, Operation, PermanentError, RowResult
from cdp_assets.settings import Settings
from cdp_assets.tables import TEXT, TIMESTAMP, Table
from cdp_assets.validation import validated
from cdp_assets.warehouses.base import Warehouse
from cdp_assets.warehouses.duckdb import DuckDBWarehouse

AS_OF = datetime(2026, 6, 30, tzinfo=UTC)
KEY = b"a key for tests"
HISTORY = pa.schema([("happened_at", TIMESTAMP), ("event", TEXT), ("customer_id", TEXT), ("other_customer_id", TEXT)])


def definition(**changes: Any) -> SyncDefinition:
    values: dict[str, Any] = {
        "name": "crm",
        "source": "audiences.vip",
        "destination": "fake",
        "mapping": {"EMAIL": "master.customers.email", "CITY": "master.customers.city"},
        "purpose": "email_marketing",
    }
    given = {name: value for name, value in (values | changes).items() if value is not None}
    return validated(SyncDefinition, given, "the sync")


@dataclass
class World:
    """A warehouse with customers, consents, an audience; `people` is customer id → (email, city)."""

    warehouse: Warehouse
    runs: int = 0
    _held: duckdb.DuckDBPyConnection | None = None

    @classmethod
    def at(cls, folder: Path) -> "World":
        return cls(DuckDBWarehouse(folder / "w.duckdb", lock_timeout=10))

    @contextmanager
    def kept_open(self) -> Iterator[None]:
        """Keep the file open between the operations on it, which is quicker, but where `let_go` lets others open it."""
        self._held = duckdb.connect(self.warehouse.location)
        try:
            yield
        finally:
            if self._held is not None:
                self._held.close()

    @contextmanager
    def let_go(self) -> Iterator[None]:
        """Have the file closed for as long as another process works on it."""
        if self._held is None:
            yield
            return
        self._held.close()
        self._held = None
        try:
            yield
        finally:
            self._held = duckdb.connect(self.warehouse.location)

    def put(
        self,
        people: Mapping[str, tuple[str | None, str | None]],
        members: Sequence[str | None] | None = None,
        granted: Sequence[str] | None = None,
    ) -> None:
        with self.warehouse.session():
            self._put(
                people, list(people) if members is None else members, list(people) if granted is None else granted
            )

    def _put(
        self,
        people: Mapping[str, tuple[str | None, str | None]],
        members: Sequence[str | None],
        granted: Sequence[str],
    ) -> None:
        customers = {
            "customer_id": list(people),
            "email": [email for email, _ in people.values()],
            "city": [city for _, city in people.values()],
        }
        text = pa.schema([(name, TEXT) for name in customers])
        self.warehouse.write_arrow(Table("master", "customers"), pa.table(customers, schema=text))
        consents = [
            {"customer_id": key, "purpose": "email_marketing", "state": "granted" if key in granted else "denied"}
            for key in people
        ]
        schema = pa.schema([("customer_id", TEXT), ("purpose", TEXT), ("state", TEXT)])
        self.warehouse.write_arrow(Table("master", "consents"), pa.Table.from_pylist(consents, schema=schema))
        self.warehouse.write_arrow(
            Table("audiences", "vip"), pa.table({"customer_id": members}, schema=pa.schema([("customer_id", TEXT)]))
        )

    def suppress(self, *keys: str) -> None:
        """Put customers on the suppression list, in the place of those that are there."""
        rows = [{"customer_id": key, "reason": "asked to be left alone", "added_at": AS_OF} for key in keys]
        self.warehouse.write_arrow(SUPPRESSIONS.table, pa.Table.from_pylist(rows, schema=SUPPRESSIONS.schema))

    def forget_consents(self, *keys: str) -> None:
        """Have customers never have said anything."""
        for key in keys:
            gone = exp.column("customer_id").eq(exp.Literal.string(key))
            self.warehouse.execute(exp.delete(Table("master", "consents").expression()).where(gone))

    def merge(self, *pairs: tuple[str, str]) -> None:
        """Record that each first customer disappeared into the second."""
        events = [
            {"happened_at": AS_OF, "event": "merged", "customer_id": old, "other_customer_id": new}
            for old, new in pairs
        ]
        self.warehouse.write_arrow(Table("identity", "id_history"), pa.Table.from_pylist(events, schema=HISTORY))

    def run(self, destination: Destination, sync: SyncDefinition | None = None, **options: Any) -> SyncResult:
        self.runs += 1
        options.setdefault("run_id", f"run-{self.runs}")
        options.setdefault("sleep", lambda _: None)
        options.setdefault("policy", RetryPolicy(attempts=3, first_wait=0.01))
        return run_sync(self.warehouse, sync or definition(), destination, KEY, AS_OF, **options)

    def rows(self, table: str, *columns: str) -> list[dict[str, Any]]:
        found = self.warehouse.read_arrow(f"SELECT * FROM activation.{table}").to_pylist()
        chosen = [{name: row[name] for name in columns or row} for row in found]
        return sorted(chosen, key=lambda row: tuple(str(value) for value in row.values()))

    def everything(self) -> dict[str, list[dict[str, Any]]]:
        """Every table of the stage with its rows."""
        return {str(t): self.rows(t.name) for t in self.warehouse.tables() if t.schema == "activation"}

    def held(self) -> set[str]:
        return {row["row_key"] for row in self.rows("sync_state")}


class NoSettings(BaseModel):
    pass


@dataclass
class FakeDestination(Destination):
    """Holds what it accepted; `faults` are raised, one a call, before it looks at a batch.

    A batch with a key of `poison` is refused whole; a row whose key is in `picky` is refused alone.
    """

    batch_size: int = 4
    addressed_by_key: bool = False
    concurrency: int = 1
    applies_once: bool = False
    poison: set[str] = field(default_factory=set)
    picky: set[str] = field(default_factory=set)
    faults: list[Exception] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    content: dict[str, dict[str, Any]] = field(default_factory=dict)
    on_send: Callable[[Batch], None] = lambda _: None
    settings_model = NoSettings

    target: str = "somewhere"

    @property
    def limits(self) -> Limits:
        return Limits(
            self.batch_size,
            addressed_by_key=self.addressed_by_key,
            concurrency=self.concurrency,
            applies_once=self.applies_once,
        )

    @classmethod
    def from_settings(cls, values: Mapping[str, Any], settings: Settings, env: Mapping[str, str]) -> "FakeDestination":
        raise NotImplementedError((values, settings, env))

    def payload(self, batch: Batch) -> object:
        return [dict(row.fields) | {"key": row.key} for row in batch.rows]

    def send(self, batch: Batch) -> list[RowResult]:
        self.batches.append(batch)
        self.on_send(batch)
        if self.faults:
            raise self.faults.pop(0)
        if bad := self.poison & {row.key for row in batch.rows}:
            raise PermanentError(f"{len(bad)} rows cannot be read")
        results = [RowResult(row.key, row.key not in self.picky, f"no good: {dict(row.fields)}") for row in batch.rows]
        for row in batch.rows:
            if row.key not in self.picky:
                if row.previous_key:
                    self.content.pop(row.previous_key, None)
                if batch.operation is Operation.REMOVE:
                    self.content.pop(row.key, None)
                else:
                    self.content[row.key] = dict(row.fields)
        return results

    def sent(self) -> list[tuple[str, str]]:
        """(operation, key) of every row sent since the last call, in order."""
        found = [(str(batch.operation), row.key) for batch in self.batches for row in batch.rows]
        self.batches.clear()
        return found


def ticking() -> Callable[[], datetime]:
    """A clock that moves a second a look."""
    looks = iter(range(10**6))
    return lambda: AS_OF + timedelta(seconds=next(looks))
