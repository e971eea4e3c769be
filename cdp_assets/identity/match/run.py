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
from cdp_assets.identity.match.files import read_records, write_ids
from cdp_assets.identity.pipeline.clusters import update_clusters
from cdp_assets.identity.pipeline.ids import update_ids
from cdp_assets.identity.pipeline.pairs import update_pairs
from cdp_assets.identity.pipeline.records import store_records
from cdp_assets.identity.records import hashed, normalised
from cdp_assets.identity.scoring.model import MatchModel
from cdp_assets.identity.scoring.train import train_model
from cdp_assets.identity.scoring.workbench import Limits
from cdp_assets.warehouses.duckdb import DuckDBWarehouse, Option

_KEY = ["source", "record_id"]
_NO_IDENTIFIERS = pl.DataFrame(schema=dict.fromkeys((*_KEY, "type", "value"), pl.String))
_JUNK = {"key": pl.String, "value": pl.String, "reason": pl.String}
_STATE_MEMORY, _WORKBENCH_MEMORY = "600MB", "1200MB"
"""What DuckDB may hold of the state and to compare records in; what does not fit goes to temporary files."""
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
        limits: threads and memory.
    """

    records: Path
    out: Path
    config: IdentityConfig
    state: Path | None = None
    model: Path | None = None
    limits: Limits = field(default_factory=Limits)


def match(job: MatchJob, say: Say) -> int:
    """Resolve the records and write the customer of each; returns how many there are.

    Raises:
        CdpError: a file cannot be used; nothing was written, and the state is as it was or as after a whole step.
    """
    limits = Limits(job.limits.threads, job.limits.memory or _WORKBENCH_MEMORY)
    say("reading and normalising")
    sent = read_records(job.records)
    keys = _keys(sent, job.records)
    plain = normalised(sent, _NO_IDENTIFIERS, job.config)
    del sent
    with _warehouse(job) as warehouse, warehouse.session():
        model, records = _with_model(job, plain, say)
        del plain
        say(f"storing {records.height:,} records")
        store_records(warehouse, records, keys)
        del records
        say("comparing")
        changed = update_pairs(warehouse, model, limits)
        say(f"clustering what {changed:,} new or changed records touch")
        update_clusters(warehouse, job.config, model, with_edges=False)
        moment = datetime.now(UTC)
        update_ids(warehouse, moment, f"match-{moment:%Y%m%dT%H%M%S}")
        say("writing")
        query = exp.select(*_IDS).from_(CUSTOMER_IDS.table.expression())
        with warehouse.read_batches(query) as rows:
            return write_ids(job.out, rows)


def _keys(sent: pl.DataFrame, path: Path) -> pl.DataFrame:
    missing = [name for name in _KEY if name not in sent.columns]
    if missing:
        raise DataError(f"{path} lacks {' and '.join(missing)}; each record needs its source and its id there.")
    return sent.select(pl.col(_KEY).cast(pl.String))


def _with_model(job: MatchJob, plain: pl.DataFrame, say: Say) -> tuple[MatchModel, pl.DataFrame]:
    """The frozen model, and the records as it masks them."""
    places = [place for place in (job.model, job.state and job.state / "model.json") if place is not None]
    saved = next((place for place in places if place.exists()), None)
    if saved is not None:
        model = MatchModel.from_file(saved)
        junk = pl.DataFrame(list(model.junk), schema=_JUNK, orient="row")
        records = hashed(mask_junk(plain, junk))
    else:
        junk = frequency_junk(plain, job.config.junk)
        records = hashed(mask_junk(plain, junk))
        say("training the match model")
        model = train_model(records, junk, job.config, datetime.now(UTC), job.limits)
        if model.reason:
            say(f"by rules alone: {model.reason}")
    for place in places:
        if place != saved:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(model.to_json(), encoding="utf-8")
    return model, records


@contextlib.contextmanager
def _warehouse(job: MatchJob) -> Iterator[DuckDBWarehouse]:
    options: dict[str, Option] = {"preserve_insertion_order": "false"}
    if job.limits.threads:
        options["threads"] = job.limits.threads
    options["memory_limit"] = job.limits.memory or _STATE_MEMORY
    with contextlib.ExitStack() as stack:
        folder = job.state or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cdp-match-")))
        yield DuckDBWarehouse(folder / "state.duckdb", options=options)
