"""Populations that several tests only read."""

from pathlib import Path

import pytest

from cdp_assets.identity.explain.explain import explanation
from cdp_assets.identity.explain.explanation import Explanation
from cdp_assets_tests.unit.identity.explain.people import FAMILY
from cdp_assets_tests.unit.identity.explain.population import Population


@pytest.fixture(scope="session")
def family(tmp_path_factory: pytest.TempPathFactory) -> Population:
    """`FAMILY`, matched by rules and by a model; to be read, not changed."""
    population = Population(Path(tmp_path_factory.mktemp("family")))
    population.match(FAMILY)
    return population


@pytest.fixture(scope="session")
def anna(family: Population) -> Explanation:
    """The answer about `crm:1`, Anna's first record."""
    return explanation(family.warehouse, "crm:1", family.model)
