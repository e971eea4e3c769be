"""One sync as its parts see it: where from, where to, and by which key its checksums are made."""

from dataclasses import dataclass, field
from functools import cached_property

from sqlglot import exp

from cdp_assets.activation.definition import SyncDefinition
from cdp_assets.activation.worktables import WorkTables
from cdp_assets.destinations.base import Destination, IdentifierDestination
from cdp_assets.warehouses.base import Warehouse


@dataclass(frozen=True)
class Sync:
    """A sync with what it works on."""

    warehouse: Warehouse
    definition: SyncDefinition
    destination: Destination
    secret_key: bytes = field(repr=False)
    is_dry: bool = False
    """Whether it only looks: it then has work tables of its own, which no run picks up."""

    @property
    def name(self) -> str:
        return self.definition.name

    @property
    def work(self) -> WorkTables:
        return WorkTables.of(f"{self.name}__dry" if self.is_dry else self.name)

    @cached_property
    def identifies(self) -> IdentifierDestination | None:
        """The destination, if it knows identifiers instead of rows."""
        return self.destination if isinstance(self.destination, IdentifierDestination) else None

    @cached_property
    def has_customers(self) -> bool:
        """Whether the source says whose its rows are."""
        return "customer_id" in self.warehouse.columns(self.definition.source_table)

    def mine(self, table: str = "") -> exp.EQ:
        """The rows of this sync in a table of the stage."""
        return exp.column("sync", table or None).eq(exp.Literal.string(self.name))
