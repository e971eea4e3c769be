"""One sync as its parts see it: where from, where to, and by which key its checksums are made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import pyarrow as pa
from sqlglot import exp

from cdp_assets.activation.contracts import SYNC_IDENTIFIERS, SYNC_STATE
from cdp_assets.activation.definition import SyncDefinition
from cdp_assets.activation.worktables import WorkTables
from cdp_assets.destinations.base import Destination, IdentifierDestination
from cdp_assets.stages import Stage
from cdp_assets.tables import Contract, Table
from cdp_assets.warehouses.base import Warehouse, WriteMode


@dataclass(frozen=True)
class Sync:
    """A sync with what it works on."""

    warehouse: Warehouse
    definition: SyncDefinition
    destination: Destination
    secret_key: bytes = field(repr=False)
    is_dry: bool = False
    """Whether it only looks: it then works on copies and in tables of its own, which no run picks up."""

    @property
    def name(self) -> str:
        return self.definition.name

    @property
    def work(self) -> WorkTables:
        return WorkTables.of(f"{self.name}__dry" if self.is_dry else self.name)

    @property
    def state(self) -> Table:
        """What the destination is known to hold."""
        return self.work.state if self.is_dry else SYNC_STATE.table

    @property
    def identifiers(self) -> Table:
        """What stands for people at the destination."""
        return self.work.identifiers if self.is_dry else SYNC_IDENTIFIERS.table

    @cached_property
    def identifies(self) -> IdentifierDestination | None:
        """The destination, if it knows identifiers instead of rows."""
        return self.destination if isinstance(self.destination, IdentifierDestination) else None

    @cached_property
    def has_customers(self) -> bool:
        """Whether the source says whose its rows are."""
        return "customer_id" in self.warehouse.columns(self.definition.source_table)

    @cached_property
    def has_splits(self) -> bool:
        """Whether the source is an audience, whose members may be held back."""
        return self.definition.source_table.schema == Stage.AUDIENCES and "split" in self.warehouse.columns(
            self.definition.source_table
        )

    def mine(self, table: str = "") -> exp.EQ:
        """The rows of this sync in a table of the stage."""
        return exp.column("sync", table or None).eq(exp.Literal.string(self.name))

    def held_rows(self) -> int:
        """Rows the destination is known to hold."""
        return self.count(exp.select("row_key").from_(self.state.expression()).where(self.mine()))

    def count(self, query: exp.Select) -> int:
        """Rows of a SELECT."""
        count = exp.select(exp.Count(this=exp.Star()).as_("rows")).from_(query.subquery("q"))
        return int(self.warehouse.read_arrow(count)["rows"][0].as_py())

    def merge(self, contract: Contract, rows: Sequence[dict[str, object]]) -> None:
        """Write rows of a table of the stage over those of the same key."""
        if rows:
            table = pa.Table.from_pylist(list(rows), schema=contract.schema)
            self.warehouse.write_arrow(contract.table, table, WriteMode.MERGE, contract.key)

    def insert(self, contract: Contract, query: exp.Select, known: Mapping[str, exp.Expr]) -> None:
        """Append to a table of the stage, which is there: columns as they are known, else those of a query's tables."""
        names = contract.schema.names
        columns = (known[name].as_(name) if name in known else exp.column(name) for name in names)
        into = contract.table.expression()
        self.warehouse.execute(exp.insert(query.select(*columns), into, columns=[exp.to_identifier(n) for n in names]))

    def delete(self, contract: Contract, *conditions: exp.Expression) -> None:
        """Delete the rows of this sync, of those that meet the conditions, from a table of the stage."""
        self.warehouse.execute(exp.delete(contract.table.expression()).where(self.mine(), *conditions))

    def delete_keys(self, contract: Contract, keys: exp.Select) -> None:
        """Delete the rows of this sync whose key a SELECT of `row_key` has."""
        self.delete(contract, exp.column("row_key").isin(query=keys))
