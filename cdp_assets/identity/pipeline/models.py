"""The match models of a deployment: which is in force, when another is trained, and what is adopted."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import log2
from typing import Any

import pyarrow as pa
from sqlglot import exp

from cdp_assets.errors import ConfigurationError, DataError
from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.contracts import MATCH_MODEL
from cdp_assets.identity.scoring.model import MatchModel
from cdp_assets.warehouses.base import Warehouse, WriteMode

_FACTS = ("version", "trained_at", "is_trained", "records", "trained_with", "adopted_at")
_JUNK_BY_FREQUENCY = {
    *("placeholder_birth_share", "fewest_same_births", "most_names_per_value", "most_records_per_value"),
}
_SWITCHED_OFF = "probabilistic matching is switched off"
_JUST_AFTER = timedelta(microseconds=1)


@dataclass(frozen=True)
class Stored:
    """A row of `identity.match_model`, its content apart."""

    version: str
    trained_at: datetime
    is_trained: bool
    records: int
    trained_with: str
    adopted_at: datetime | None


def stored_models(warehouse: Warehouse) -> list[Stored]:
    """The models there are, in the order in which they were trained."""
    if not warehouse.exists(MATCH_MODEL.table):
        return []
    query = exp.select(*_FACTS).from_(MATCH_MODEL.table.expression())
    rows = warehouse.read_arrow(query).to_pylist()
    return sorted((Stored(**row) for row in rows), key=lambda one: (one.trained_at, one.version))


def in_force(models: Sequence[Stored]) -> Stored | None:
    """The adopted model with the latest `adopted_at`; none before the first."""
    adopted = [(one.adopted_at, one) for one in models if one.adopted_at is not None]
    return max(adopted, key=lambda pair: pair[0])[1] if adopted else None


def candidate(models: Sequence[Stored]) -> Stored | None:
    """The model trained last, when it waits to be adopted: nothing was adopted since."""
    current = in_force(models)
    if not models or models[-1].adopted_at is not None:
        return None
    since = current.adopted_at if current else None
    return models[-1] if since is None or models[-1].trained_at >= since else None


def model_in_force(warehouse: Warehouse) -> MatchModel:
    """The model that all runs use until another is adopted.

    Raises:
        ConfigurationError: none was adopted yet.
        DataError: it was written by another version of this program.
    """
    found = in_force(stored_models(warehouse))
    if found is None:
        raise ConfigurationError(f"{MATCH_MODEL.table} has no adopted model yet; start `cdp run`, which trains one.")
    return load_model(warehouse, found.version)


def load_model(warehouse: Warehouse, version: str) -> MatchModel:
    """The model with a version.

    Raises:
        ConfigurationError: there is none.
        DataError: it was written by another version of this program.
    """
    return MatchModel.from_json(_row(warehouse, version)["model_json"], f"{MATCH_MODEL.table}, version {version},")


def store_model(warehouse: Warehouse, model: MatchModel, config: IdentityConfig, adopted_at: datetime | None) -> None:
    """Keep a model, as a candidate when it is not adopted, whatever was made of the same version before."""
    row: dict[str, Any] = {
        "version": model.version,
        "trained_at": model.trained_at,
        "is_trained": model.is_trained,
        "reason": model.reason,
        "records": model.records,
        "threshold": model.threshold,
        "model_json": model.to_json(),
        "trained_with": trained_with(config),
        "adopted_at": adopted_at,
    }
    _write(warehouse, row)


def adopt(warehouse: Warehouse, version: str, as_of: datetime) -> None:
    """Put a model in force, at the moment of the run.

    Raises:
        ConfigurationError: there is no such version.
        DataError: it was written by another version of this program.
    """
    load_model(warehouse, version)
    moment = next_moment(stored_models(warehouse), as_of)
    _write(warehouse, _row(warehouse, version) | {"adopted_at": moment})


def next_moment(models: Sequence[Stored], as_of: datetime) -> datetime:
    """The moment of the run, or just after all that happened to models before: the latest counts."""
    happened = [at for one in models for at in (one.trained_at, one.adopted_at) if at is not None]
    return max([as_of, *(at + _JUST_AFTER for at in happened)])


def configured(model: MatchModel, config: IdentityConfig) -> MatchModel:
    """The model that a configuration makes of a frozen one: without anything to score by where matching is switched
    off, else with the threshold it gives, if it does. What else is in `probabilistic` only training looks at."""
    options = config.probabilistic
    if not options.enabled:
        return MatchModel(model.trained_at, model.records, junk=model.junk, reason=_SWITCHED_OFF)
    if options.threshold is None or not model.is_trained:
        return model
    weight = round(log2(options.threshold / (1 - options.threshold)), 6)
    return replace(model, threshold=weight, threshold_from="the configuration")


def takes_training(before: str, config: IdentityConfig) -> bool:
    """Whether a configuration asks for more than `configured` gives, of models trained as the hash `before` says."""
    options = config.probabilistic
    variants = [{"enabled": options.enabled, "threshold": options.threshold}]
    variants += [{"enabled": True, "threshold": threshold} for threshold in (None, options.threshold)]
    same = (config.model_copy(update={"probabilistic": options.model_copy(update=one)}) for one in variants)
    return before not in {trained_with(one) for one in same}


def trained_with(config: IdentityConfig) -> str:
    """Changes with the part of the configuration that training alone looks at."""
    content = config.probabilistic.model_dump_json() + config.junk.model_dump_json(include=_JUNK_BY_FREQUENCY)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def readable(warehouse: Warehouse, version: str) -> bool:
    """Whether this version of the program can use a model."""
    try:
        load_model(warehouse, version)
    except DataError:
        return False
    return True


def _row(warehouse: Warehouse, version: str) -> dict[str, Any]:
    every = exp.select("*").from_(MATCH_MODEL.table.expression())
    rows = warehouse.read_arrow(every.where(exp.column("version").eq(exp.Literal.string(version)))).to_pylist()
    if not rows:
        known = ", ".join(one.version for one in stored_models(warehouse)) or "none"
        raise ConfigurationError(f"{MATCH_MODEL.table} has no version {version!r}; there are: {known}.")
    return dict(rows[0])


def _write(warehouse: Warehouse, row: dict[str, Any]) -> None:
    table = pa.Table.from_pylist([row], MATCH_MODEL.schema)
    warehouse.write_arrow(MATCH_MODEL.table, table, WriteMode.MERGE, MATCH_MODEL.key)
