"""Deployments of a test's own: one that is materialised, one with nothing in it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cdp_assets_tests.deployment import SEEDS, Deployment


@pytest.fixture
def deployment(materialised: Callable[[int], Deployment], tmp_path: Path) -> Deployment:
    """A materialised deployment of the test's own."""
    return materialised(SEEDS[0]).copy_to(tmp_path / "deployment")


@pytest.fixture
def empty(tmp_path: Path) -> Deployment:
    """A deployment with nothing in it."""
    return Deployment(tmp_path)
