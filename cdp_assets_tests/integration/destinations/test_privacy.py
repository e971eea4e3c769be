"""Nothing that is written down on the way to a destination says who somebody is, or lets others in."""

import hashlib
import logging
import traceback
from typing import Any

import pytest

from cdp_assets.destinations.base import Destination
from cdp_assets.errors import CdpError
from cdp_assets_tests.integration.destinations.steps import Case
from cdp_assets_tests.integration.destinations.test_faults import PASSING
from cdp_assets_tests.standins.people import PEOPLE

EMAILS = {email for email, _ in PEOPLE.values()}
PERSONAL = EMAILS | {"@example.com", "Lyon"} | {hashlib.sha256(email.encode()).hexdigest() for email in EMAILS}
STOPPING: list[dict[str, Any]] = [
    {"kind": kind, "times": 50, "seconds": 1.5}
    for kind in ("rate_limited", "server_error", "timeout_before", "timeout_after", "dropped_before", "dropped_after")
]


@pytest.mark.slow
def test_no_log_error_or_table_has_an_address_a_hash_a_value_or_a_secret(
    case: Case,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
):
    caplog.set_level(logging.DEBUG)
    written: list[str] = []

    def run(destination: Destination = case.destination) -> None:
        try:
            written.append(repr(case.run(destination)))
        except CdpError as error:
            written.extend(traceback.format_exception(error))
        written.append(
            repr({name: rows for name, rows in case.world.everything().items() if "sync_identifiers" not in name})
        )

    for _ in case.walk():
        case.standin.refuse(refused={case.at.address("c03"): "disallowed"}, poison=(case.at.address("c09"),))
        run()
        case.standin.refuse()
    for number, fault in enumerate([*STOPPING, *PASSING.values()]):
        case.world.put({key: (f"{number}.{email}", f"Lyon {number}") for key, (email, _) in PEOPLE.items()})
        case.standin.fail(**fault)
        run()
        case.standin.recover()
    stranger = case.at.make(case.standin.url, secret="an0ther-key")
    case.world.put(PEOPLE)
    run(stranger)
    stranger.close()

    written += [caplog.text, *capfd.readouterr(), case.standin.log.read_text(), repr(case.standin.requests())]
    assert any("refused the credentials" in text for text in written)
    assert "gave up on batch" in "".join(written)
    assert case.at.refused in "".join(written)
    found = {needle for needle in PERSONAL | case.at.secrets | {"an0ther-key"} for text in written if needle in text}
    assert found == set()
