"""`kill -9` at any stage: the same command finishes the work, once."""

import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cdp_assets.sample.write import write_sample
from cdp_assets_tests.deployment import FACTS_OF_A_RUN, PEOPLE, SEEDS, Deployment, differing, kill_group, wait_for

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Kill:
    """When to kill: `reached` holds, in the middle of `stage`. `alone` leaves the children of `cdp run` alive."""

    stage: str
    reached: Callable[[Deployment], bool]
    alone: bool = False


def _step_began(name: str) -> Callable[[Deployment], bool]:
    def began(deployment: Deployment) -> bool:
        return any(_has_begun(path, name) for path in (deployment.home / "history" / "runs").glob("*-*.db"))

    return began


def _has_begun(path: Path, step: str) -> bool:
    query = "SELECT count(*) FROM event_logs WHERE step_key = ? AND dagster_event_type = 'STEP_START'"
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as log:
            return bool(log.execute(query, [step]).fetchone()[0])
    except sqlite3.OperationalError:  # the run's database is being made
        return False


def _dbt_made(model: str) -> Callable[[Deployment], bool]:
    def made(deployment: Deployment) -> bool:
        logs = (deployment.home / "cdp_logs").glob("run-*.log")
        return any(f"OK created sql table model {model}" in path.read_text(errors="replace") for path in logs)

    return made


def _file_written(deployment: Deployment) -> bool:
    return bool(deployment.sent())


KILLS = [
    Kill("raw", _step_began("raw__shop__orders")),
    Kill("staging", _dbt_made("staging.stg_shop"), alone=True),
    Kill("identity", _step_began("identity__edges")),
    Kill("master", _dbt_made("master.")),
    Kill("churn", _step_began("churn__model"), alone=True),
    Kill("activation", _file_written, alone=True),
]


def test_a_run_killed_in_every_stage_is_finished_by_the_same_command(
    empty: Deployment, materialised: Callable[[int], Deployment]
) -> None:
    write_sample(empty.landing, empty.truth, PEOPLE, SEEDS[0])
    for kill in KILLS:
        process = empty.start("run", "--as-of", "sample")

        def reached(kill: Kill = kill, process: "subprocess.Popen[str]" = process) -> bool:
            assert process.poll() is None, f"the run ended before {kill.stage}: {process.communicate()[0]}"
            return kill.reached(empty)

        wait_for(reached, kill.stage)
        if kill.alone:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        else:
            kill_group(process)
    empty.run_well("run", "--as-of", "sample")
    uninterrupted = materialised(SEEDS[0])
    expected, found = uninterrupted.contents(FACTS_OF_A_RUN), empty.contents(FACTS_OF_A_RUN)
    told_once_more = {"activation.sync_runs"}
    assert [line for line in differing(expected, found) if line.split(":")[0] not in told_once_more] == []
    assert _lines(empty) == _lines(uninterrupted), "every row was accepted exactly once"
    runs = empty.query("SELECT sync, outcome, count(*) AS n FROM activation.sync_runs GROUP BY ALL")
    assert set(runs["outcome"]) <= {"finished", "interrupted"}
    assert set(runs["n"]) == {1}, "once a run was finished there was nothing left to do"
    assert "nothing is new" in empty.run_well("run").stdout


def _lines(deployment: Deployment) -> list[bytes]:
    return sorted(line for path in deployment.sent() for line in path.read_bytes().splitlines())
