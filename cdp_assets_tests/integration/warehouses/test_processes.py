"""Where a warehouse admits several processes, a run's steps are processes of their own."""

import subprocess

import pytest

from cdp_assets_tests.deployment import PATIENCE, differing, tool
from cdp_assets_tests.integration.warehouses.conftest import Days, facts

pytestmark = pytest.mark.slow


def test_steps_in_several_processes_make_the_tables_that_one_process_made(elsewhere: Days) -> None:
    if elsewhere.deployment.settings.warehouse != "postgres":
        pytest.skip("once is enough: which process runs a step does not depend on the warehouse")
    command = [tool("dg"), "launch", "--job", "full_refresh"]
    done = subprocess.run(
        command, env=elsewhere.deployment.environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-3000:]
    assert said.count("STEP_WORKER_STARTED") >= 20
    assert differing(elsewhere.facts[-1], facts(elsewhere.deployment)) == []
