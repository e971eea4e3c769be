"""How a sync sets the destination up, and how fast it may be."""

from typing import Any

import httpx
import pytest

from cdp_assets.destinations._marketo.api import Credentials
from cdp_assets.destinations._rate import RateLimit
from cdp_assets.destinations.marketo import MarketoDestination, MarketoSettings
from cdp_assets.errors import ConfigurationError, DestinationError
from cdp_assets.sample.standins._server import StandInServer
from cdp_assets.settings import Settings
from cdp_assets_tests.contracts.destinations.batches import batch
from cdp_assets_tests.contracts.destinations.marketo.client import ANN, NAMES, SECRET, marketo


def test_each_call_takes_a_turn_of_the_rate_limit(server: StandInServer):
    slept: list[float] = []
    limit = RateLimit(2, 20.0, lambda: 0.0, slept.append)
    client = MarketoDestination(httpx.URL(server.url), Credentials("c", SECRET), MarketoSettings(), limit)
    for _ in range(2):
        client.send(batch({"c1": ANN}, columns=NAMES))
    client.close()
    assert slept == [20.0]


def test_it_says_how_much_it_takes():
    limits = marketo("http://127.0.0.1:9").limits
    assert (limits.batch_size, limits.concurrency, limits.addressed_by_key) == (300, 5, True)
    assert (limits.bulk_batch_size, limits.bulk_above) == (10_000, 10_000)
    assert marketo("http://127.0.0.1:9", bulk_batch_size=None).limits.bulk_batch_size is None


def test_a_mapping_that_names_what_leads_are_known_by_is_refused(
    destination: MarketoDestination, server: StandInServer
):
    with pytest.raises(DestinationError, match="the mapping names cdpCustomerId, id, by which leads are known"):
        destination.send(batch({"c1": {"id": 7, "cdpCustomerId": "c2"}}, columns=("id", "cdpCustomerId")))
    assert server.control.log == []


HERE = {"CDP_MARKETO_BASE_URL": "https://x", "CDP_MARKETO_CLIENT_ID": "i"}


@pytest.mark.parametrize(
    ("values", "env", "message"),
    [
        ({}, {}, "base_url is ''; set it, or CDP_MARKETO_BASE_URL, to an http:// or https:// address"),
        ({"base_url": "x.mktorest.com"}, {}, "base_url is 'x.mktorest.com'"),
        ({}, {"CDP_MARKETO_BASE_URL": "https://x"}, "CDP_MARKETO_CLIENT_ID is not set; it must hold the client id"),
        ({}, HERE, "CDP_MARKETO_CLIENT_SECRET is not set; it must hold the client secret"),
        ({"client_secret_variable": "OTHER"}, HERE, "OTHER is not set"),
        ({"batch_size": 301}, {}, "batch_size is 301; input should be less than or equal to 300"),
        ({"concurrency": 11}, {}, "concurrency is 11; input should be less than or equal to 10"),
        ({"lookup_field": "Id"}, {}, "lookup_field is 'Id'; marketo gives leads their id"),
        ({"lookup_field": "a b"}, {}, "lookup_field is 'a b'"),
        ({"list_id": 0}, {}, "list_id is 0"),
    ],
)
def test_a_wrong_setting_is_named(values: dict[str, Any], env: dict[str, str], message: str):
    with pytest.raises(ConfigurationError, match=message):
        MarketoDestination.from_settings(values, Settings.from_env({}), env)


def test_the_address_may_be_the_one_that_marketo_shows(server: StandInServer):
    env = HERE | {"CDP_MARKETO_BASE_URL": f"{server.url}/rest/", "CDP_MARKETO_CLIENT_SECRET": SECRET}
    client = MarketoDestination.from_settings({}, Settings.from_env({}), env)
    assert client.send(batch({"c1": ANN}, columns=NAMES))[0].accepted
    client.close()


def test_another_list_or_field_is_another_target():
    targets = [marketo("https://x", **settings).target for settings in ({}, {"list_id": 7}, {"lookup_field": "email"})]
    assert len(set(targets)) == 3
    assert targets[1] == "marketo https://x by cdpCustomerId on list 7"
