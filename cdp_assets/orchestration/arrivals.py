"""What landed and is not loaded yet, for the landing sensor and for `cdp run`."""

import contextlib
import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph

from cdp_assets.components.source import SOURCE_METADATA
from cdp_assets.errors import SourceError
from cdp_assets.settings import Settings
from cdp_assets.sources.definition import SourceDefinition
from cdp_assets.sources.landings.base import Arrival, Landing
from cdp_assets.sources.load import hashes_by_table, landing_of
from cdp_assets.tables import Table
from cdp_assets.warehouses.base import Warehouse

Stamps = dict[str, list[float]]


@dataclass
class NewArrivals:
    """Raw tables with something to load; `seen` are the stamps of all that need not be looked at again."""

    tables: list[Table] = field(default_factory=list)
    seen: dict[str, Stamps] = field(default_factory=dict)
    contents: list[str] = field(default_factory=list)

    @property
    def fingerprint(self) -> str:
        """The same for the same contents meant for the same tables."""
        return hashlib.sha256(" ".join(sorted(self.contents)).encode()).hexdigest()[:16]


def sources_of(asset_graph: BaseAssetGraph[Any]) -> Iterator[SourceDefinition]:
    """The definition, with its one table, of every raw asset."""
    for key in sorted(asset_graph.get_all_asset_keys()):
        found = asset_graph.get(key).metadata.get(SOURCE_METADATA)
        if found is not None:
            value = found.value if isinstance(found, dg.MetadataValue) else found
            yield SourceDefinition.model_validate(value)


def new_arrivals(
    warehouse: Warehouse, sources: Iterator[SourceDefinition], settings: Settings, seen: Mapping[str, Stamps]
) -> NewArrivals:
    """Find what the ledger does not know among the arrivals whose stamp is not in `seen`.

    Arrivals changed less than the settle time ago may still be written to; they are left for the next look.
    """
    result = NewArrivals()
    found: dict[Table, set[str]] = {}
    now = time.time()
    for source in sources:
        raw_table = source.raw_table(source.tables[0])
        landing = landing_of(source.tables[0], settings)
        settled = [one for one in landing.arrivals() if not 0 <= now - one.modified < settings.settle_time]
        known = seen.get(str(raw_table), {})
        changed = [arrival for arrival in settled if known.get(arrival.name) != arrival.stamp]
        result.seen[str(raw_table)] = {arrival.name: arrival.stamp for arrival in settled}
        hashes = _hashes(landing, changed)
        if hashes:
            found[raw_table] = hashes
    known_hashes = hashes_by_table(warehouse) if found else {}
    for raw_table, hashes in found.items():
        new = hashes - known_hashes.get(raw_table.name, set())
        if new:
            result.tables.append(raw_table)
            result.contents += [f"{raw_table}:{content_hash}" for content_hash in new]
    return result


def _hashes(landing: Landing, arrivals: Iterable[Arrival]) -> set[str]:
    """Content hashes of the arrivals that are still there."""
    hashes = set()
    for arrival in arrivals:
        with contextlib.suppress(SourceError):
            hashes.add(landing.content_hash(arrival))
    return hashes
