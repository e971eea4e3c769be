"""DuckDB admits one process: who waits is told for whom, and is not left waiting."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cdp_assets_tests.deployment import Deployment, kill_group, wait_for

pytestmark = pytest.mark.slow

START_UP = 240.0
"""Seconds that loading definitions may take on a busy machine."""

HOLD = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


@contextmanager
def _held(deployment: Deployment) -> Iterator[int]:
    """Another process holds the file; yields its id."""
    command = [sys.executable, "-c", HOLD, str(deployment.duckdb_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder.pid
        holder.communicate("")


def test_a_run_waits_for_a_bounded_time_and_says_who_holds_the_warehouse(deployment: Deployment) -> None:
    impatient = deployment.with_environment(CDP_LOCK_TIMEOUT_SECONDS="2")
    with _held(impatient) as pid:
        began = time.monotonic()
        done = impatient.run("run")
        assert time.monotonic() - began < START_UP
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f"in use by process {pid} " in line
    assert "within 2 s" in line
    assert "CDP_LOCK_TIMEOUT_SECONDS" in line


def test_a_run_goes_on_once_the_warehouse_is_free(deployment: Deployment) -> None:
    with _held(deployment):
        process = deployment.start("run")
        time.sleep(20.0)
        assert process.poll() is None
    output, _ = process.communicate(timeout=START_UP)
    assert process.returncode == 0
    assert "nothing is new" in output


def test_status_answers_from_the_last_materialisations_while_the_warehouse_is_held(deployment: Deployment) -> None:
    customers = deployment.query("SELECT count(*) AS n FROM master.customers")["n"][0]
    with _held(deployment) as pid:
        began = time.monotonic()
        status = json.loads(deployment.run_well("status", "--json").stdout)
        assert time.monotonic() - began < START_UP
    assert f"process {pid} " in status["note"]
    assert "last materialisations" in status["note"]
    assert status["stages"]["master"]["customers"] == customers


def test_status_answers_during_a_run(deployment: Deployment) -> None:
    deployment.run_well("status")
    process = deployment.start("run", "--full", "--select", "churn")
    try:
        logs = deployment.home / "cdp_logs"
        known = len(list(logs.iterdir()))
        wait_for(lambda: len(list(logs.iterdir())) > known, "the run to begin")
        status = json.loads(deployment.run_well("status", "--json").stdout)
        assert all(status["stages"].values())
        output, _ = process.communicate(timeout=START_UP)
        assert process.returncode == 0, output
    finally:
        if process.poll() is None:
            kill_group(process)
