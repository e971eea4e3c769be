from collections.abc import Iterator

import pytest

from cdp_assets.destinations.marketo import MarketoDestination
from cdp_assets.sample.standins._server import StandInServer
from cdp_assets.sample.standins.marketo import MarketoStandIn
from cdp_assets_tests.contracts.destinations.marketo.client import SECRET, marketo
from cdp_assets_tests.standins.destinations import in_a_thread


@pytest.fixture
def standin() -> MarketoStandIn:
    return MarketoStandIn(SECRET)


@pytest.fixture
def server(standin: MarketoStandIn) -> Iterator[StandInServer]:
    with in_a_thread(standin) as found:
        yield found


@pytest.fixture
def destination(server: StandInServer) -> Iterator[MarketoDestination]:
    made = marketo(server.url)
    yield made
    made.close()


@pytest.fixture
def on_a_list(server: StandInServer) -> Iterator[MarketoDestination]:
    made = marketo(server.url, list_id=1001)
    yield made
    made.close()
