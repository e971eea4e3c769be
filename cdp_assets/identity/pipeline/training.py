"""When a match model is trained, and what becomes of it: in force at once, or a candidate somebody may adopt."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl
from sqlglot import exp

from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.contracts import LABELS, MATCH_MODEL
from cdp_assets.identity.junk import frequency_junk
from cdp_assets.identity.labels import checked_labels
from cdp_assets.identity.masking import mask_junk
from cdp_assets.identity.pipeline.models import (
    Stored,
    adopt,
    candidate,
    in_force,
    model_in_force,
    next_moment,
    readable,
    store_model,
    stored_models,
    trained_with,
)
from cdp_assets.identity.pipeline.sources import count_live, live_sources
from cdp_assets.identity.records import hashed, normalised
from cdp_assets.identity.scoring.model import MatchModel
from cdp_assets.identity.scoring.train import train_model
from cdp_assets.identity.scoring.workbench import Limits
from cdp_assets.warehouses.base import Warehouse


@dataclass(frozen=True)
class Wish:
    """What a person asks of a run: train anew, adopt what is trained, adopt the model of a version."""

    retrain: bool = False
    adopt: bool = False
    adopt_version: str | None = None


@dataclass(frozen=True)
class Renewal:
    """The model in force, why one was trained in this run (null when none was), and the version that waits."""

    model: MatchModel
    trained_because: str | None
    candidate: str | None


def renew_model(warehouse: Warehouse, config: IdentityConfig, wish: Wish, as_of: datetime, limits: Limits) -> Renewal:
    """Train and adopt what is due or wished for; mostly nothing is.

    A first model is in force at once. A later one is a candidate until somebody adopts it, for it changes customers of
    whom nothing is new. The one in force, found once more, stays and dismisses a candidate; any other that was in force
    before is a candidate again.

    Raises:
        ConfigurationError: there is no model of the version to adopt.
        DataError: a model is due, and `identity.labels` cannot be used.
    """
    _ensure(warehouse)
    if wish.adopt_version:
        adopt(warehouse, wish.adopt_version, as_of)
    models = stored_models(warehouse)
    current = in_force(models)
    lost = current is not None and not readable(warehouse, current.version)
    why = _why_train(models, count_live(warehouse), config, lost=lost, asked=wish.retrain)
    if why:
        moment = next_moment(models, as_of)
        at_once = wish.adopt or lost or not config.probabilistic.enabled or current is None or not current.is_trained
        trained = train(warehouse, config, moment, limits)
        at_once = at_once or (current is not None and trained.version == current.version)
        store_model(warehouse, trained, config, moment if at_once else None)
    waiting = candidate(stored_models(warehouse))
    return Renewal(model_in_force(warehouse), why, waiting.version if waiting else None)


def train(warehouse: Warehouse, config: IdentityConfig, moment: datetime, limits: Limits) -> MatchModel:
    """A model of today's records: what is junk among them by its frequency, and what matches look like without it.

    Raises:
        DataError: `identity.labels` cannot be used.
    """
    labels = _labels(warehouse)
    clean = normalised(*live_sources(warehouse), config)
    junk = frequency_junk(clean, config.junk)
    return train_model(hashed(mask_junk(clean, junk)), junk, config, moment, limits, labels)


def _labels(warehouse: Warehouse) -> pl.DataFrame:
    """What people judged of pairs; nothing when there is no such table."""
    written = LABELS.table.expression()
    rows = warehouse.read_arrow(exp.select("*").from_(written)) if warehouse.exists(LABELS.table) else LABELS.empty()
    return checked_labels(pl.DataFrame(rows))


def _why_train(
    models: list[Stored], live_records: int, config: IdentityConfig, *, lost: bool, asked: bool
) -> str | None:
    """Never because records merely changed: the model is frozen, so that customers stay as they are."""
    if not models:
        return "there was none"
    last = models[-1]
    reasons = {
        "asked for": asked,
        "the one in force was written by another version of this program": lost,
        "the configuration of the training changed": last.trained_with != trained_with(config),
        "there was too little to learn from, and now there is more": (
            not last.is_trained and config.probabilistic.enabled and live_records > last.records
        ),
        "the records have doubled": live_records >= 2 * max(last.records, 1),
    }
    return next((why for why, holds in reasons.items() if holds), None)


def _ensure(warehouse: Warehouse) -> None:
    """Make the table if need be; one whose models have other columns is of no use any more."""
    columns = [name.lower() for name in warehouse.columns(MATCH_MODEL.table)]
    if columns and columns != [column.name for column in MATCH_MODEL.columns]:
        warehouse.drop(MATCH_MODEL.table)
    warehouse.ensure(MATCH_MODEL)
