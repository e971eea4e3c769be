"""Runs one sync from the command line, under the same lock as Dagster's runs, and tells Dagster of it."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from uuid import uuid4

import dagster as dg

from cdp_assets.activation.configured import configured_sync
from cdp_assets.activation.dry_run import DryRun, dry_run
from cdp_assets.activation.engine import run_sync
from cdp_assets.activation.lock import only_run
from cdp_assets.activation.plan import Part
from cdp_assets.activation.result import SyncResult
from cdp_assets.activation.sync import Sync
from cdp_assets.as_of import read_as_of
from cdp_assets.audiences.sizes import check_size
from cdp_assets.components.sync import counts_of, opened_destination
from cdp_assets.orchestration.instance import open_instance
from cdp_assets.settings import Settings
from cdp_assets.stages import Stage
from cdp_assets.warehouses import open_warehouse

_EVERY_SECONDS = 2.0


def send(name: str, part: Part) -> SyncResult:
    """Run a sync, or a part of it.

    Raises:
        DataError: the audience has not the size that is expected of it.
        ConfigurationError, DataError, DestinationError: as `run_sync` does.
    """
    settings = Settings.from_env()
    with _opened(name, settings) as sync:
        source = sync.definition.source_table
        if source.schema == Stage.AUDIENCES:
            check_size(sync.warehouse, source.name)  # as the check that keeps Dagster from beginning
        as_of, run_id = read_as_of(sync.warehouse), f"cli-{uuid4()}"
        result = run_sync(
            sync.warehouse, sync.definition, sync.destination, sync.secret_key, as_of, run_id, _told(), part=part
        )
    if part.is_whole:
        key = dg.AssetKey([Stage.ACTIVATION.value, name])
        with open_instance(settings) as instance:
            instance.report_runless_asset_event(dg.AssetMaterialization(key, metadata=counts_of(result)))
    return result


def preview(name: str, part: Part) -> DryRun:
    """What a run would do; nothing is sent.

    Raises:
        ConfigurationError, DataError: as `dry_run` does.
    """
    with _opened(name, Settings.from_env()) as sync:
        return dry_run(sync, read_as_of(sync.warehouse), datetime.now(UTC), part)


@contextmanager
def _opened(name: str, settings: Settings) -> Iterator[Sync]:
    definition = configured_sync(name)
    with (
        opened_destination(definition, settings) as destination,
        only_run(settings.sync_locks, name, settings.lock_timeout),
        closing(open_warehouse(settings)) as warehouse,
    ):
        yield Sync(warehouse, definition, destination, settings.secret_key())


def _told() -> Callable[[int, int], None]:
    """Says on the terminal how far a run is, every few seconds."""
    last = time.monotonic()

    def progress(done: int, planned: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _EVERY_SECONDS:
            last = time.monotonic()
            print(f"{done:,} of {planned:,} rows sent", file=sys.stderr)  # noqa: T201 - for people who wait

    return progress
