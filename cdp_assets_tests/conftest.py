"""Materialised deployments, each made once a test session, whichever process asks first, and empty warehouses."""

import fcntl
import gc
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cdp_assets.sample.write import write_sample
from cdp_assets_tests.deployment import PEOPLE, Deployment
from cdp_assets_tests.warehouse_choice import Environment, environments

# A developer's own deployment is none of the tests' business.
for _name in [
    name for name in os.environ if name.startswith("CDP_") and not name.startswith(("CDP_TEST_", "CDP_UPDATE_"))
]:
    del os.environ[_name]


def pytest_collection_finish() -> None:
    """Take all that was imported and collected out of the collector's sight: a fifth of the time went into it."""
    gc.collect()
    gc.freeze()


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


@pytest.fixture(scope="session")
def empty_environment() -> Iterator[Callable[[str, Path], Environment]]:
    """Makes an empty warehouse of a kind; its server is started by the first test that needs it."""
    with ExitStack() as servers:
        started: dict[str, Callable[[Path], Environment]] = {}

        def make(name: str, folder: Path) -> Environment:
            if name not in started:
                started[name] = servers.enter_context(environments(name))
            return started[name](folder)

        yield make
