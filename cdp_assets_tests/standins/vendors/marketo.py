"""Marketo in the suites that every vendor's destination goes through, without a static list."""

from typing import Any

from cdp_assets.sample.standins.marketo import MarketoStandIn
from cdp_assets_tests.standins.people import PEOPLE
from cdp_assets_tests.standins.vendors.base import SECRET, Held, Vendor

SECRETS = frozenset({SECRET, "Bearer", "t0ken-"})
SETTINGS = {"rate_requests": 100_000, "poll_seconds": 0.01, "concurrency": 1}


def wanted(step: str) -> dict[str, dict[str, Any]]:
    """A removal leaves a lead without the mapped values."""
    match step:
        case "add":
            return {key: {"EMAIL": email, "CITY": city} for key, (email, city) in PEOPLE.items()}
        case "change":
            return {key: {"EMAIL": email} for key, (email, _) in PEOPLE.items()}
        case _:
            return {key: {} for key in PEOPLE}


def follows(held: Held, email: str) -> None:
    assert held["c00"]["EMAIL"] == email
    assert not held.get("c01")
    assert {key: held[key] for key in PEOPLE if key > "c01"} == {k: v for k, v in wanted("add").items() if k > "c01"}


VENDOR = Vendor(
    "marketo",
    MarketoStandIn.variables,
    wanted,
    follows,
    settings=SETTINGS,
    sync={"removal": "clear_fields"},
    asides=2,
    poisoned="1003",
    secrets=SECRETS,
)
