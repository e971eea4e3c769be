"""Nothing that is written down on the way to a destination says who somebody is, or lets others in."""

import logging
import traceback
from typing import Any

import pytest

from cdp_assets.destinations.base import Destination
from cdp_assets.errors import CdpError
from cdp_assets_tests.integration.destinations.steps import PEOPLE, sync, walk
from cdp_assets_tests.integration.destinations.test_braze_faults import PASSING
from cdp_assets_tests.standins.destinations import Running
from cdp_assets_tests.unit.activation import killed_sync
from cdp_assets_tests.unit.activation.world import World

PERSONAL = {email for email, _ in PEOPLE.values()} | {"@example.com", "Lyon"}
SECRET = {killed_sync.BRAZE_KEY, "an0ther-key", "Bearer"}
STOPPING: list[dict[str, Any]] = [
    {"kind": kind, "times": 50, "seconds": 1.5}
    for kind in ("rate_limited", "server_error", "timeout_before", "timeout_after", "dropped_before", "dropped_after")
]


@pytest.mark.slow
def test_no_log_error_or_table_has_an_address_a_value_or_a_key(
    world: World,
    destination: Destination,
    standin: Running,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
):
    caplog.set_level(logging.DEBUG)
    written: list[str] = []

    def run() -> None:
        try:
            written.append(repr(world.run(destination, sync())))
        except CdpError as error:
            written.extend(traceback.format_exception(error))
        written.append(repr(world.everything()))

    for _ in walk(world):
        standin.refuse(refused={"c03": "disallowed"}, poison=("c09",))
        run()
        standin.refuse()
    for number, fault in enumerate([*STOPPING, *PASSING.values()]):
        world.put({key: (email, f"Lyon {number}") for key, (email, _) in PEOPLE.items()})
        standin.fail(**fault)
        run()
        standin.recover()
    destination._client.headers["Authorization"] = "Bearer an0ther-key"
    world.put(PEOPLE)
    run()

    written += [caplog.text, *capfd.readouterr(), standin.log.read_text(), repr(standin.requests())]
    assert any("HTTP 401" in text for text in written)
    assert "gave up on batch" in "".join(written)
    assert "disallowed: {'external_id': 'c03', 'EMAIL': '<EMAIL>', 'CITY': '<CITY>'}" in "".join(written)
    found = {needle for needle in PERSONAL | SECRET for text in written if needle in text}
    assert found == set()
