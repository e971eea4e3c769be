"""Materialised deployments, each made once a test session, whichever process asks first."""

import fcntl
from collections.abc import Callable

import pytest

from cdp_assets.sample.write import write_sample
from cdp_assets_tests.deployment import PEOPLE, Deployment


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
