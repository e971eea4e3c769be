"""The Dagster instance of this deployment: one home, shared by the command line, the UI and the daemon."""

import os
import shutil

import dagster as dg

from cdp_assets.components.process import PID_TAG, is_alive
from cdp_assets.settings import DEFAULT_HOME, PROJECT_ROOT, Settings

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
    """Make DAGSTER_HOME and point this process, and those it starts, at it.

    The default home follows this project's `dagster.yaml`; in a home of the user's own, theirs is left alone.
    """
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    ours, theirs = PROJECT_ROOT / "dagster.yaml", settings.dagster_home / "dagster.yaml"
    outdated = settings.dagster_home == DEFAULT_HOME and theirs.exists() and theirs.read_bytes() != ours.read_bytes()
    if outdated or not theirs.exists():
        draft = theirs.with_name(f"dagster.yaml.{os.getpid()}")
        shutil.copyfile(ours, draft)
        draft.replace(theirs)
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)


def unfinished_runs(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    """Runs that began, or were about to, and have not ended."""
    return list(instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED)))


def clear_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Fail the runs whose process is gone, and free the pool slots they hold; returns their ids."""
    dead = []
    for run in unfinished_runs(instance):
        if PID_TAG in run.tags and not is_alive(run.tags):
            instance.report_run_failed(run, "the process of this run is gone; its slots are freed.")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            dead.append(run.run_id)
    return dead
