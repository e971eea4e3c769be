"""What another configuration or another match model would change, found in a sandbox before anything is changed."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import polars as pl
from sqlglot import exp

from cdp_assets.errors import DataError
from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.contracts import CUSTOMER_IDS, ID_HISTORY
from cdp_assets.identity.masking import mask_junk
from cdp_assets.identity.pipeline.clusters import update_clusters
from cdp_assets.identity.pipeline.ids import update_ids
from cdp_assets.identity.pipeline.pairs import update_pairs
from cdp_assets.identity.pipeline.records import store_records
from cdp_assets.identity.pipeline.sources import live_sources
from cdp_assets.identity.records import hashed, normalised
from cdp_assets.identity.sandbox import sandbox
from cdp_assets.identity.scoring.model import MatchModel
from cdp_assets.identity.scoring.workbench import Limits
from cdp_assets.stages import Stage
from cdp_assets.tables import Table
from cdp_assets.warehouses.base import Warehouse

_KEY = ["source", "record_id"]
_JUNK = {"key": pl.String, "value": pl.String, "reason": pl.String}
_EXAMPLES = 20
_RUN = "preview"
_EVENTS = ("created", "merged", "split", "retired")


@dataclass(frozen=True)
class Impact:
    """What would change, counted.

    Attributes:
        customers_before: customers now.
        customers_after: customers then.
        merged: ids that would be merged into others.
        split: ids of which records would go to other ids.
        created: ids that would be new.
        retired: ids that would be left without a record.
        records_moved: records that would have another customer.
        examples: some merges and some splits: `event`, `customer_id`, `other_customer_id`.
        audiences: per audience how many of its members would be merged into others or split.
    """

    customers_before: int
    customers_after: int
    merged: int
    split: int
    created: int
    retired: int
    records_moved: int
    examples: list[dict[str, str | None]]
    audiences: dict[str, int]

    @property
    def untold(self) -> int:
        """How many ids would be merged or split of which `examples` says nothing."""
        return self.merged + self.split - len({(one["event"], one["customer_id"]) for one in self.examples})

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def impact(warehouse: Warehouse, config: IdentityConfig, model: MatchModel, limits: Limits, moment: datetime) -> Impact:
    """What resolving all records with the configuration and the model would change.

    Args:
        warehouse: is only read.
        config: the one in force, or another.
        model: the one in force, or another.
        limits: of the workbench.
        moment: of the run that is played through.

    Raises:
        DataError: identity was never resolved here.
    """
    if not warehouse.exists(CUSTOMER_IDS.table):
        raise DataError(f"{CUSTOMER_IDS.table} is not there yet; start `cdp run` first.")
    before = _ids(warehouse)
    with sandbox(warehouse) as box:
        _rebuild_records(warehouse, box, config, model)
        update_pairs(box, model, limits)
        update_clusters(box, config, model, with_edges=False)
        update_ids(box, moment, _RUN)
        after = _ids(box)
        history = pl.DataFrame(box.read_arrow(exp.select("*").from_(ID_HISTORY.table.expression())))
    return _counted(before, after, history.filter(pl.col("run_id") == _RUN), _memberships(warehouse))


def _rebuild_records(warehouse: Warehouse, box: Warehouse, config: IdentityConfig, model: MatchModel) -> None:
    """Normalise the source records anew; those whose keys come out the same are not compared again."""
    records, identifiers = live_sources(warehouse)
    junk = pl.DataFrame(list(model.junk), schema=_JUNK, orient="row")
    built = hashed(mask_junk(normalised(records, identifiers, config), junk))
    everything = pl.concat([_ids(box).select(_KEY), built.select(_KEY)]).unique()
    store_records(box, built, everything)


def _ids(warehouse: Warehouse) -> pl.DataFrame:
    query = exp.select(*_KEY, "customer_id").from_(CUSTOMER_IDS.table.expression())
    return pl.DataFrame(warehouse.read_arrow(query))


def _memberships(warehouse: Warehouse) -> dict[str, pl.Series]:
    """The members of each audience that is a table now."""
    found = {}
    for table, columns in sorted(warehouse.catalogue({Stage.AUDIENCES}).items()):
        if {"customer_id", "entered_at"} <= set(columns):
            query = exp.select("customer_id").from_(Table(table.schema, table.name).expression())
            found[table.name] = pl.DataFrame(warehouse.read_arrow(query))["customer_id"]
    return found


def _counted(
    before: pl.DataFrame, after: pl.DataFrame, history: pl.DataFrame, memberships: dict[str, pl.Series]
) -> Impact:
    ids = {event: set(history.filter(pl.col("event") == event)["customer_id"]) for event in _EVENTS}
    moved = before.join(after, on=_KEY, suffix="_then").filter(pl.col("customer_id") != pl.col("customer_id_then"))
    changing = pl.Series(sorted(ids["merged"] | ids["split"] | _joined_by_others(history)), dtype=pl.String)
    told = ["event", "customer_id", "other_customer_id"]
    examples = history.filter(pl.col("event").is_in(["merged", "split"])).select(told).sort(told)
    return Impact(
        customers_before=before["customer_id"].n_unique(),
        customers_after=after["customer_id"].n_unique(),
        merged=len(ids["merged"]),
        split=len(ids["split"]),
        created=len(ids["created"]),
        retired=len(ids["retired"]),
        records_moved=moved.height,
        examples=examples.group_by("event", maintain_order=True).head(_EXAMPLES).to_dicts(),
        audiences={name: int(members.is_in(changing.implode()).sum()) for name, members in memberships.items()},
    )


def _joined_by_others(history: pl.DataFrame) -> set[str]:
    return set(history.filter(pl.col("event").is_in(["merged", "split"]))["other_customer_id"].drop_nulls())
