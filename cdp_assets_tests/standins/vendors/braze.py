"""Braze in the suites that every vendor's destination goes through."""

from typing import Any

from cdp_assets.sample.standins.braze import BrazeStandIn
from cdp_assets_tests.standins.people import PEOPLE
from cdp_assets_tests.standins.vendors.base import Held, Vendor


def _wanted(step: str) -> dict[str, dict[str, Any]]:
    """A removal leaves a profile without the mapped attributes."""
    match step:
        case "add":
            return {key: {"EMAIL": email, "CITY": city} for key, (email, city) in PEOPLE.items()}
        case "change":
            return {key: {"EMAIL": email} for key, (email, _) in PEOPLE.items()}
        case _:
            return {key: {} for key in PEOPLE}


def _follows(held: Held, email: str) -> None:
    assert held["c00"]["EMAIL"] == email
    assert not held.get("c01")
    assert {key: held[key] for key in PEOPLE if key > "c01"} == {k: v for k, v in _wanted("add").items() if k > "c01"}


VENDOR = Vendor("braze", BrazeStandIn.variables, _wanted, _follows, sync={"removal": "clear_fields"})
