"""Materialised deployments, each made once a test session and copied by the tests that change them."""

import fcntl
from collections.abc import Callable
from pathlib import Path

import pytest

from cdp_assets.sample.write import write_sample
from cdp_assets_tests.integration.deployment import Deployment

PEOPLE = 1500
SEEDS = (101, 202, 303)
"""Populations that nothing was tuned on."""


@pytest.fixture(scope="session")
def materialised(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Callable[[int], Deployment]:
    """A seed's sample with every stage made from it, to be read and copied, never changed.

    The first test process that asks makes it; the others wait for that one.
    """
    base = tmp_path_factory.getbasetemp()
    shared = (base if worker_id == "master" else base.parent) / "deployments"
    shared.mkdir(exist_ok=True)

    def make(seed: int) -> Deployment:
        deployment = Deployment(shared / str(seed))
        ready = shared / f"{seed}.ready"
        with (shared / f"{seed}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not ready.exists():
                deployment.folder.mkdir()
                write_sample(deployment.landing, deployment.truth, PEOPLE, seed)
                deployment.run_well("run", "--as-of", "sample")
                ready.touch()
        return deployment

    return make


@pytest.fixture
def deployment(materialised: Callable[[int], Deployment], tmp_path: Path) -> Deployment:
    """A materialised deployment of the test's own."""
    return materialised(SEEDS[0]).copy_to(tmp_path / "deployment")


@pytest.fixture
def empty(tmp_path: Path) -> Deployment:
    """A deployment with nothing in it."""
    return Deployment(tmp_path)
