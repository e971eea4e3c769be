"""Every fault, in every mode, with a kill at every point: a webhook ends up with what the warehouse wants."""

import signal
from itertools import product
from typing import Any

import pytest

from cdp_assets.activation.retry import RetryPolicy
from cdp_assets.destinations.base import Mode
from cdp_assets_tests.contracts.destinations.batches import batch
from cdp_assets_tests.integration.destinations.steps import Case, sync_to
from cdp_assets_tests.integration.destinations.test_faults import PASSING
from cdp_assets_tests.standins.people import BATCHES, PEOPLE
from cdp_assets_tests.standins.vendors.base import Vendor, vendor

KILLS = ("before", "sent", "recorded", "asked", "answered")
BEFORE = {"c00": {"EMAIL": "old@example.com", "CITY": "Lyon"}, "gone": {"EMAIL": "gone@example.com", "CITY": "Lyon"}}
FAULTS = {name: how for name, how in PASSING.items() if how["kind"] != "token_expired"}
ALL = list(product(FAULTS, Mode, KILLS))


@pytest.fixture(scope="module")
def at() -> Vendor:
    return vendor("webhook")


def wanted(mode: Mode) -> dict[str, Any]:
    """What is held in the end: who was there before the sync was, and what the mode makes of the people."""
    everybody = {key: {"EMAIL": email, "CITY": city} for key, (email, city) in PEOPLE.items()}
    return {key: v for key, v in BEFORE.items() if key not in PEOPLE} if mode is Mode.REMOVE else BEFORE | everybody


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "mode", "moment"), ALL, ids=[f"{f}, {m}, {k}" for f, m, k in ALL])
def test_it_holds_what_the_mode_asks_for_and_nothing_accepted_is_sent_again(
    case: Case, fault: str, mode: Mode, moment: str
):
    sync = sync_to(case.at, mode=mode, purpose=None if mode is Mode.REMOVE else "email_marketing")
    case.destination.send(batch(BEFORE))
    case.world.put(PEOPLE)
    counted = case.since()
    case.standin.fail(**(FAULTS[fault] | {"seconds": 0.5, "after": 1}))
    quick = {"definition": sync, "sleep": lambda _: None, "policy": RetryPolicy(attempts=3)}
    assert case.killed("killed", moment, 1, **quick) == -signal.SIGKILL
    case.standin.recover()
    case.world.run(case.destination, sync)
    assert case.standin.held() == wanted(mode)
    assert max(counted()[0].values()) == 1  # an idempotency key seen before is answered, not applied
    assert counted()[1] <= 1 + BATCHES + FAULTS[fault].get("times", 1) + 1
