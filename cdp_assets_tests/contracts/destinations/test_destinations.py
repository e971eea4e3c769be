"""What every destination promises, run against each one there is."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from cdp_assets.destinations.base import Destination, Operation
from cdp_assets.errors import ConfigurationError
from cdp_assets.registry import find_plugin, plugin_names
from cdp_assets.sample.standins.base import StandIn
from cdp_assets.settings import Settings
from cdp_assets_tests.contracts.destinations.batches import HOSTILE, batch
from cdp_assets_tests.contracts.destinations.endpoint import Endpoint, serving
from cdp_assets_tests.standins.destinations import in_a_thread

STANDINS = "cdp_assets.sample.standins"
NAMES = plugin_names("cdp_assets.destinations")


@dataclass
class Stand:
    """A destination as a deployment would have it, with the loopback endpoint and the outbox it may use."""

    name: str
    endpoint: Endpoint
    settings: Settings
    env: dict[str, str]

    def make(self, **values: Any) -> Destination:
        return find_plugin("cdp_assets.destinations", self.name, Destination).from_settings(
            values, self.settings, self.env
        )


@pytest.fixture(params=NAMES)
def stand(request, tmp_path: Path) -> Iterator[Stand]:
    with serving() as endpoint, ExitStack() as standins:
        env = {"CDP_OUTBOX_DIR": str(tmp_path / "outbox"), "CDP_WEBHOOK_BASE_URL": endpoint.url}
        if request.param in plugin_names(STANDINS):
            standin = find_plugin(STANDINS, request.param, StandIn)("k3y")
            name = request.param.upper()
            env[f"CDP_{name}_BASE_URL"] = standins.enter_context(in_a_thread(standin)).url
            env[f"CDP_{name}_API_KEY"] = standin.secret
        yield Stand(request.param, endpoint, Settings.from_env(env), env)


@pytest.fixture
def destination(stand: Stand) -> Iterator[Destination]:
    made = stand.make()
    yield made
    made.close()


def test_the_destinations_of_the_platform_are_found():
    assert {"braze", "file", "webhook"} <= set(NAMES)


def test_it_declares_what_it_can_take(destination: Destination):
    assert 1 <= destination.limits.batch_size <= 10_000
    assert destination.limits.modes
    assert destination.limits.removals


@pytest.mark.parametrize("operation", list(Operation))
def test_every_row_gets_exactly_one_result_whatever_is_in_it(destination: Destination, operation: Operation):
    sent = batch(operation=operation)
    results = destination.send(sent)
    assert sorted(result.key for result in results) == sorted(HOSTILE)
    assert all(result.accepted for result in results)


def test_a_batch_sent_again_is_accepted_again(destination: Destination):
    assert destination.send(batch()) == destination.send(batch())


def test_a_removal_without_values_is_accepted(destination: Destination):
    (result,) = destination.send(batch({"c1": {}}, Operation.REMOVE))
    assert result.accepted


def test_an_unknown_setting_is_refused_with_those_there_are(stand: Stand):
    with pytest.raises(ConfigurationError, match=r"there is no option 'colour'; the options are: .*batch_size"):
        stand.make(colour="blue")


def test_a_setting_out_of_range_is_refused_with_its_value(stand: Stand):
    with pytest.raises(ConfigurationError, match="batch_size is 0; "):
        stand.make(batch_size=0)


def test_neither_a_batch_nor_a_result_shows_personal_data_when_printed(destination: Destination):
    sent = batch({"c1": {"EMAIL": "ann@example.com", "NAME": "Ann"}})
    assert "ann@example.com" not in repr(sent) + repr(destination.send(sent))


def test_the_idempotency_key_tells_batches_apart_and_replays_together():
    keys = [
        batch(),
        batch(operation=Operation.CHANGE),
        batch(name="00000000.0"),
        batch(run_id="run/2"),
        batch(sync="other"),
        batch(dict(list(HOSTILE.items())[1:])),
        replace(batch(), rows=tuple(replace(row, checksum="other") for row in batch().rows)),
    ]
    assert len({one.idempotency_key for one in keys}) == len(keys)
    assert batch().idempotency_key == batch().idempotency_key
