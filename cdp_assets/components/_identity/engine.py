"""What the assets of the identity stage have in common: the configuration, their specs, and when state is of no use.

Assets import what works on records when they run: that brings DuckDB and Splink, which loading definitions can do
without.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dagster as dg

from cdp_assets.code_version import code_version
from cdp_assets.components.full import is_full
from cdp_assets.components.table_asset import asset_key, contract_spec
from cdp_assets.identity.config import IdentityConfig
from cdp_assets.settings import Settings
from cdp_assets.tables import Contract, Table
from cdp_assets.warehouses.base import Warehouse

if TYPE_CHECKING:
    from cdp_assets.identity.scoring.workbench import Limits

PACKAGE = "cdp_assets.identity"
CODE = "cdp/identity_code"
"""Metadata of an asset that keeps state: the code that made it."""


@dataclass(frozen=True)
class Engine:
    """The configured engine."""

    config: IdentityConfig

    def spec(
        self,
        contract: Contract,
        deps: Sequence[Table],
        *,
        read_only: Sequence[Table] = (),
        parts: Sequence[str] = (),
        kinds: Sequence[str] = ("python",),
    ) -> dg.AssetSpec:
        """The asset of a contract; `parts` are the fields of the configuration that its content depends on."""
        used = IdentityConfig(**{name: getattr(self.config, name) for name in parts})
        version = code_version(PACKAGE, used)
        return contract_spec(contract, deps=deps, read_only_deps=read_only, kinds=set(kinds), code_version=version)

    def begins_anew(self, context: dg.AssetExecutionContext, contract: Contract) -> bool:
        """Whether what a run before made is not to be built on: the run is a full one, or other code made it."""
        key = asset_key(contract.table)
        event = context.instance.get_latest_materialization_event(key)
        made = event.asset_materialization if event is not None else None
        return is_full(context.run) or made is None or made.metadata.get(CODE) != dg.MetadataValue.text(self.code)

    @property
    def limits(self) -> "Limits":
        """What comparing records may use."""
        from cdp_assets.identity.scoring.workbench import Limits

        return Limits(memory=Settings.from_env().matching_memory)

    @property
    def code(self) -> str:
        """Changes with the engine's code."""
        return code_version(PACKAGE)


def drop_of_another_shape(warehouse: Warehouse, *contracts: Contract) -> None:
    """Drop the tables if one has other columns than its contract: it was made by another version of this program."""
    shapes = {c.table: [name.lower() for name in warehouse.columns(c.table)] for c in contracts}
    if any(shapes[c.table] not in ([], [column.name for column in c.columns]) for c in contracts):
        for contract in contracts:
            warehouse.drop(contract.table)
