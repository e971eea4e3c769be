"""Resolves a file of records on a DuckDB of its own: the engine without Dagster, and without a warehouse."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from sqlglot import exp

from cdp_assets.errors import DataError
from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.contracts import CUSTOMER_IDS
from cdp_assets.identity.junk import frequency_junk
from cdp_assets.identity.masking import mask_junk
from cdp_assets.identity.match import memory, state
from cdp_assets.identity.match.files import check_out, read_records, write_ids, write_model
from cdp_assets.identity.normalise.inputs import record_keys
from cdp_assets.identity.pipeline.clusters import update_clusters
from cdp_assets.identity.pipeline.ids import update_ids
from cdp_assets.identity.pipeline.models import configured
from cdp_assets.identity.pipeline.pairs import update_pairs
from cdp_assets.identity.pipeline.records import store_records
from cdp_assets.identity.records import hashed, normalised
from cdp_assets.identity.scoring.model import MatchModel
from cdp_assets.identity.scoring.train import train_model
from cdp_assets.identity.scoring.workbench import Limits
from cdp_assets.warehouses.duckdb import DuckDBWarehouse, Option

_KEY = ("source", "record_id")
_NO_IDENTIFIERS = pl.DataFrame(schema=dict.fromkeys((*_KEY, "type", "value"), pl.String))
_JUNK = {"key": pl.String, "value": pl.String, "reason": pl.String}
_IDS = (*_KEY, "customer_id", "matched_by", "match_probability")
Say = Callable[[str], None]


@dataclass(frozen=True)
class MatchJob:
    """One call of `cdp match`: what it reads, writes, and may use.

    Attributes:
        records: Parquet in contract columns: all records, or with `state` new, changed and deleted ones.
        out: Parquet to write: the customer of every record.
        config: rules and limits.
        state: folder that incremental runs keep; none forgets everything.
        model: file of the frozen model: read when it is there, else trained and written.
        limits: threads, and memory for DuckDB, of which the state takes a part.
        lock_timeout: seconds to wait for another call that uses the state.
    """

    records: Path
    out: Path
    config: IdentityConfig
    state: Path | None = None
    model: Path | None = None
    limits: Limits = field(default_factory=Limits)
    lock_timeout: float = 120.0

    @property
    def memory(self) -> str:
        """What DuckDB may use in all."""
        return memory.DEFAULT if self.limits.memory is None else self.limits.memory


def match(job: MatchJob, say: Say) -> int:
    """Resolve the records and write the customer of each; returns how many there are.

    Raises:
        CdpError: a file cannot be used; nothing was written, and the state is as it was or as after a whole step.
    """
    of_state = {f"--state, {name}": job.state and job.state / name for name in (state.STATE, state.MODEL)}
    check_out(job.out, {"RECORDS": job.records, "--model": job.model, **of_state})
    with memory.enough(job.memory), _warehouse(job) as warehouse:
        say("reading and normalising")
        sent, unread = read_records(job.records)
        if unread:
            say(f"not read, for the contract has no such columns: {', '.join(unread)}")
        keys = record_keys(sent, str(job.records))
        plain = normalised(sent, _NO_IDENTIFIERS, job.config, str(job.records))
        del sent
        with warehouse.session():
            state.check_tables(warehouse)
            model, records, saved = _with_model(job, warehouse, plain, keys, say)
            del plain
            version = state.normalised_with(job.config, model)
            state.check_normalised(warehouse, keys, version)
            for place in _model_files(job):
                if place != saved:
                    write_model(place, model)
            used = configured(model, job.config)
            _, to_compare = memory.shares(job.memory)
            with state.kept_if_refused(warehouse, keys):
                say(f"storing {records.height:,} records")
                store_records(warehouse, records.with_columns(source_hash=pl.lit(version)), keys)
                del records
                say("comparing")
                changed = update_pairs(warehouse, used, Limits(job.limits.threads, to_compare))
            return _resolved(job, warehouse, used, changed, say)


def _resolved(job: MatchJob, warehouse: DuckDBWarehouse, model: MatchModel, changed: int, say: Say) -> int:
    say(f"clustering what {changed:,} new or changed records touch")
    update_clusters(warehouse, job.config, model, with_edges=False)
    moment = datetime.now(UTC)
    update_ids(warehouse, moment, f"match-{moment:%Y%m%dT%H%M%S}")
    say("writing")
    query = exp.select(*_IDS).from_(CUSTOMER_IDS.table.expression()).order_by(*_KEY)
    with warehouse.read_batches(query) as rows:
        return write_ids(job.out, rows)


def _model_files(job: MatchJob) -> list[Path]:
    return [place for place in (job.model, job.state and job.state / state.MODEL) if place is not None]


def _with_model(
    job: MatchJob, warehouse: DuckDBWarehouse, plain: pl.DataFrame, keys: pl.DataFrame, say: Say
) -> tuple[MatchModel, pl.DataFrame, Path | None]:
    """The frozen model, the records as it masks them, and the file it was read from; none when it is new.

    Raises:
        DataError: a model cannot be read, or a state has records and no model: a few new ones teach nothing.
    """
    saved = next((place for place in _model_files(job) if place.exists()), None)
    model = MatchModel.from_file(saved) if saved is not None else None
    if model is None or (not model.is_trained and saved != job.model):
        if not state.records_beyond(warehouse, keys):
            # A state that began with too little to learn from learns from the first file that holds all it knows.
            saved = model = None
        elif model is None:
            raise DataError(f"{warehouse.location} lacks its model; name it with --model, or give all records once.")
    if model is None:
        junk = frequency_junk(plain, job.config.junk)
        records = hashed(mask_junk(plain, junk))
        say("training the match model")
        model = train_model(records, junk, job.config, datetime.now(UTC), job.limits)
    else:
        junk = pl.DataFrame(list(model.junk), schema=_JUNK, orient="row")
        records = hashed(mask_junk(plain, junk))
    _say_why_not(job, configured(model, job.config), say)
    return model, records, saved


def _say_why_not(job: MatchJob, model: MatchModel, say: Say) -> None:
    if not job.config.probabilistic.enabled:
        say(f"by rules alone: {model.reason}")
    elif model.reason:
        later = "; once there are more, give all records in one file to learn from them" if job.state else ""
        say(f"by rules alone, for nothing was learned: {model.reason}{later}")


@contextlib.contextmanager
def _warehouse(job: MatchJob) -> Iterator[DuckDBWarehouse]:
    of_state, _ = memory.shares(job.memory)
    options: dict[str, Option] = {"preserve_insertion_order": "false", "memory_limit": of_state}
    if job.limits.threads:
        options["threads"] = job.limits.threads
    with contextlib.ExitStack() as stack:
        folder = job.state or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cdp-match-")))
        state.check_file(folder / state.STATE)
        yield DuckDBWarehouse(folder / state.STATE, job.lock_timeout, options)
