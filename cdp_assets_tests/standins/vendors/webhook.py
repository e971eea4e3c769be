"""A webhook in the suites that every destination over HTTP goes through."""

from typing import Any

from cdp_assets.sample.standins.webhook import WebhookStandIn
from cdp_assets_tests.standins.people import PEOPLE
from cdp_assets_tests.standins.vendors.base import Held, Vendor


def _wanted(step: str) -> dict[str, dict[str, Any]]:
    match step:
        case "add":
            return {key: {"EMAIL": email, "CITY": city} for key, (email, city) in PEOPLE.items()}
        case "change":
            return {key: {"EMAIL": email} for key, (email, _) in PEOPLE.items()}
        case _:
            return {}


def _follows(held: Held, email: str) -> None:
    assert held["c00"]["EMAIL"] == email
    assert "c01" not in held
    assert {key: held[key] for key in PEOPLE if key > "c01"} == {k: v for k, v in _wanted("add").items() if k > "c01"}


SETTINGS = {"token_variable": "CDP_WEBHOOK_TOKEN", "timeout_seconds": 0.3}
VENDOR = Vendor("webhook", WebhookStandIn.variables, _wanted, _follows, settings=SETTINGS)
