"""A run whose process was killed is failed and its slot freed; a run that is at work is left alone."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import pytest

from cdp_assets.components.warehouse import WAREHOUSE_POOL
from cdp_assets.orchestration.instance import clear_dead_runs, open_instance
from cdp_assets_tests.deployment import Deployment

CLAIMS_A_SLOT = """
import sys, time
import dagster as dg
from cdp_assets.components.process import process_tags
from cdp_assets.orchestration.instance import open_instance
from cdp_assets.settings import Settings

@dg.asset(pool=sys.argv[1])
def working():
    print("working", flush=True)
    time.sleep(300)

with open_instance(Settings.from_env()) as instance:
    dg.materialize([working], instance=instance, tags=process_tags())
"""


@pytest.fixture
def instance(scratch: Deployment) -> Iterator[dg.DagsterInstance]:
    with open_instance(scratch.settings) as opened:
        opened.event_log_storage.set_concurrency_slots(WAREHOUSE_POOL, 1)
        yield opened


@contextmanager
def working_process() -> Iterator[subprocess.Popen[str]]:
    """A process in the middle of a step that holds the pool's one slot."""
    command = [sys.executable, "-W", "ignore", "-c", CLAIMS_A_SLOT, WAREHOUSE_POOL]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            assert "working\n" in iter(process.stdout.readline, "")
            yield process
        finally:
            process.kill()


def test_a_run_whose_process_was_killed_is_failed_and_the_next_run_has_its_slot(instance: dg.DagsterInstance):
    with working_process():
        (run,) = instance.get_runs()
    assert instance.get_run_by_id(run.run_id).status is dg.DagsterRunStatus.STARTED
    assert _claimed(instance) == {run.run_id}

    assert clear_dead_runs(instance) == [run.run_id]

    assert instance.get_run_by_id(run.run_id).status is dg.DagsterRunStatus.FAILURE
    assert _claimed(instance) == set()
    assert clear_dead_runs(instance) == []

    @dg.asset(pool=WAREHOUSE_POOL)
    def next_one() -> None: ...

    assert dg.materialize([next_one], instance=instance).success


def test_a_run_of_a_living_process_is_left_alone(instance: dg.DagsterInstance):
    with working_process():
        (run,) = instance.get_runs()
        assert clear_dead_runs(instance) == []
        assert instance.get_run_by_id(run.run_id).status is dg.DagsterRunStatus.STARTED
        assert _claimed(instance) == {run.run_id}


def test_a_process_id_that_another_process_was_given_since_does_not_keep_a_run_alive(instance: dg.DagsterInstance):
    with working_process() as process:
        (run,) = instance.get_runs()
        instance.add_run_tags(run.run_id, {"cdp/pid_started": "1"})
        assert process.poll() is None
        assert clear_dead_runs(instance) == [run.run_id]


def test_a_run_that_was_never_given_a_process_is_left_to_run_monitoring(instance: dg.DagsterInstance):
    @dg.job
    def nothing() -> None: ...

    run = instance.create_run_for_job(nothing, status=dg.DagsterRunStatus.STARTED)
    assert clear_dead_runs(instance) == []
    assert instance.get_run_by_id(run.run_id).status is dg.DagsterRunStatus.STARTED


def _claimed(instance: dg.DagsterInstance) -> set[str]:
    return set(instance.event_log_storage.get_concurrency_info(WAREHOUSE_POOL).active_run_ids)
