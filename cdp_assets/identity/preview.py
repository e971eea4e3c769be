"""What another configuration or another match model would change, found in a sandbox before anything is changed."""

from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import polars as pl
from sqlglot import exp

from cdp_assets.errors import DataError
from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.contracts import CUSTOMER_IDS, ID_HISTORY, RECORDS
from cdp_assets.identity.keys import LISTS
from cdp_assets.identity.masking import mask_junk
from cdp_assets.identity.pipeline.clusters import update_clusters
from cdp_assets.identity.pipeline.ids import update_ids
from cdp_assets.identity.pipeline.models import configured, model_in_force
from cdp_assets.identity.pipeline.pairs import update_pairs
from cdp_assets.identity.pipeline.records import store_records
from cdp_assets.identity.pipeline.refresh import source_version
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
_NOW, _THEN = "now", "then"
_EVENTS = ("created", "merged", "split", "retired")


@dataclass(frozen=True)
class Impact:
    """What would change, counted, beside what a run would change anyway.

    Attributes:
        customers_before: customers with the present configuration, data and decisions.
        customers_after: customers then.
        merged: ids that would be merged into others.
        split: ids of which records would go to other ids.
        created: ids that would be new.
        retired: ids that would be left without a record.
        records_moved: records that would have another customer.
        examples: some merges and some splits: `event`, `customer_id`, `other_customer_id`.
        audiences: per audience how many of its members would be merged into others or split.
        idle_rules: rules that can link nothing, each with those of its keys that no record has (all of its keys, when
            no record has all of them).
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
    idle_rules: dict[str, list[str]]

    @property
    def untold(self) -> int:
        """How many ids would be merged or split of which `examples` says nothing."""
        return self.merged + self.split - len({(one["event"], one["customer_id"]) for one in self.examples})

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def impact(
    warehouse: Warehouse,
    config: IdentityConfig,
    model: MatchModel,
    limits: Limits,
    moment: datetime,
    present: IdentityConfig | None = None,
) -> Impact:
    """What resolving all records with the configuration and the model would change.

    It is compared with what the present configuration and the model in force make of the same records and decisions:
    what is new among them is no consequence of either. Where these can resolve nothing, with the ids there are.

    Args:
        warehouse: is only read.
        config: the one in force, or another.
        model: the one in force, or another.
        limits: of the workbench.
        moment: of the run that is played through.
        present: the configuration in force, if `config` is another.

    Raises:
        DataError: identity was never resolved here.
        ConfigurationError: no model is in force.
    """
    if not warehouse.exists(CUSTOMER_IDS.table):
        raise DataError(f"{CUSTOMER_IDS.table} is not there yet; start `cdp run` first.")
    in_force = model_in_force(warehouse)
    now = (config, in_force) if present is None else (present, configured(in_force, present))
    then = (config, configured(model, config))
    with sandbox(warehouse) as box:
        _rebuild_records(warehouse, box, *now)
        with suppress(DataError):
            _resolve(box, *now, limits, moment, _NOW)
        before = _ids(box)
        if source_version(*now) != source_version(*then):
            _rebuild_records(warehouse, box, *then)
        _resolve(box, *then, limits, moment, _THEN)
        history = pl.DataFrame(box.read_arrow(exp.select("*").from_(ID_HISTORY.table.expression())))
        happened = history.filter(pl.col("run_id") == _THEN)
        return _counted(before, _ids(box), happened, _memberships(warehouse), _idle(box, config))


def _resolve(
    box: Warehouse, config: IdentityConfig, model: MatchModel, limits: Limits, moment: datetime, run_id: str
) -> None:
    update_pairs(box, model, limits)
    update_clusters(box, config, model, with_edges=False)
    update_ids(box, moment, run_id)


def _rebuild_records(warehouse: Warehouse, box: Warehouse, config: IdentityConfig, model: MatchModel) -> None:
    """Normalise the source records anew; those whose keys come out the same are not compared again."""
    records, identifiers = live_sources(warehouse)
    junk = pl.DataFrame(list(model.junk), schema=_JUNK, orient="row")
    built = hashed(mask_junk(normalised(records, identifiers, config), junk))
    everything = pl.concat([_ids(box).select(_KEY), built.select(_KEY)]).unique()
    store_records(box, built, everything)


def _idle(box: Warehouse, config: IdentityConfig) -> dict[str, list[str]]:
    """As `Impact.idle_rules`."""
    found: dict[str, list[str]] = {}
    for rule in config.rules:
        columns = [LISTS[key].column if key in LISTS else key for key in rule.agree]
        known = [exp.not_(exp.Is(this=exp.column(column), expression=exp.null())) for column in columns]
        one = exp.Literal.number(1)
        counts = [exp.Count(this=exp.Case().when(each, one.copy())) for each in (exp.and_(*known), *known)]
        named = [count.as_(f"n{place}") for place, count in enumerate(counts)]
        together, *alone = box.read_arrow(exp.select(*named).from_(RECORDS.table.expression())).to_pylist()[0].values()
        if not together:
            lacking: list[str] = [key for key, count in zip(rule.agree, alone, strict=True) if not count]
            found[rule.name] = lacking or [*rule.agree]
    return found


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
    before: pl.DataFrame,
    after: pl.DataFrame,
    history: pl.DataFrame,
    memberships: dict[str, pl.Series],
    idle_rules: dict[str, list[str]],
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
        idle_rules=idle_rules,
    )


def _joined_by_others(history: pl.DataFrame) -> set[str]:
    return set(history.filter(pl.col("event").is_in(["merged", "split"]))["other_customer_id"].drop_nulls())
