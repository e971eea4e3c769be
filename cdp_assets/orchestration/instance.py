"""The Dagster instance of this deployment: one home, shared by the command line, the UI and the daemon."""

import os
import shutil
from collections.abc import Mapping

import dagster as dg
import psutil

from cdp_assets.settings import PROJECT_ROOT, Settings

PID_TAG, PID_STARTED_TAG = "cdp/pid", "cdp/pid_started"
_UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The instance, with this project's `dagster.yaml` in its home."""
    prepare_home(settings)
    return dg.DagsterInstance.get()


def prepare_home(settings: Settings) -> None:
    """Make DAGSTER_HOME and point this process, and those it starts, at it."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    ours, theirs = PROJECT_ROOT / "dagster.yaml", settings.dagster_home / "dagster.yaml"
    if not theirs.exists() or theirs.read_bytes() != ours.read_bytes():
        draft = theirs.with_name(f"dagster.yaml.{os.getpid()}")
        shutil.copyfile(ours, draft)
        draft.replace(theirs)
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)


def process_tags() -> dict[str, str]:
    """Tags that say which process a run lives in; a process id alone is used again by others."""
    process = psutil.Process()
    return {PID_TAG: str(process.pid), PID_STARTED_TAG: f"{process.create_time():.0f}"}


def clear_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Fail the runs whose process is gone, and free the pool slots they hold; returns their ids."""
    dead = []
    for run in instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED)):
        if PID_TAG in run.tags and not _alive(run.tags):
            instance.report_run_failed(run, "the process of this run is gone; its slots are freed.")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            dead.append(run.run_id)
    return dead


def _alive(tags: Mapping[str, str]) -> bool:
    try:
        process = psutil.Process(int(tags[PID_TAG]))
        return f"{process.create_time():.0f}" == tags.get(PID_STARTED_TAG) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
