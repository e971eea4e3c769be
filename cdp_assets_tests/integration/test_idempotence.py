"""The same inputs give the same tables, however often they are run."""

from collections.abc import Callable

import pytest

from cdp_assets_tests.deployment import FACTS_OF_A_RUN, SEEDS, Deployment, differing

pytestmark = pytest.mark.slow


@pytest.fixture
def original(materialised: Callable[[int], Deployment]) -> Deployment:
    return materialised(SEEDS[0])


def test_a_second_run_finds_nothing_new_and_changes_nothing(deployment: Deployment) -> None:
    before, sent = deployment.contents(), deployment.sent()
    again = deployment.run_well("run")
    assert "nothing is new; no stage was run." in again.stdout
    assert differing(before, deployment.contents()) == []
    assert deployment.sent() == sent


def test_the_same_as_of_is_not_news(deployment: Deployment) -> None:
    assert "nothing is new; no stage was run." in deployment.run_well("run", "--as-of", "sample").stdout


def test_a_full_run_makes_every_table_again_and_the_same(original: Deployment, deployment: Deployment) -> None:
    with deployment.opened_to_write() as connection:
        connection.execute("DELETE FROM identity.pairs WHERE match_weight > 0")
        connection.execute("UPDATE identity.records SET last_name = 'nobody'")
        connection.execute("UPDATE identity.clusters SET cluster = component")
    full = deployment.run_well("run", "--full")
    assert "65 tables made" in full.stdout
    assert differing(original.contents(FACTS_OF_A_RUN), deployment.contents(FACTS_OF_A_RUN)) == []
    assert len(deployment.sent()) == len(original.sent()), "nothing is sent twice"
