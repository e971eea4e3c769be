"""Every test of the models runs on each warehouse there is a deployment of."""

import pytest

from cdp_assets_tests.integration.dbt.deployment import DEPLOYMENTS, Deployment


@pytest.fixture(scope="module", params=DEPLOYMENTS)
def deployment(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return DEPLOYMENTS[request.param](tmp_path_factory.mktemp(request.param))
