"""Marketo with a static list: a batch is one call that writes its leads, and one that puts them on the list."""

from typing import Any

from cdp_assets_tests.standins.people import PEOPLE
from cdp_assets_tests.standins.vendors import marketo
from cdp_assets_tests.standins.vendors.base import Held, Vendor

ON_LIST = {"staticLists": ["1001"]}


def _wanted(step: str) -> dict[str, dict[str, Any]]:
    listed = {} if step == "remove" else ON_LIST
    return {key: {**fields, **listed} for key, fields in marketo.wanted(step).items()}


def _follows(held: Held, email: str) -> None:
    assert held["c00"] == {"EMAIL": email, "CITY": "Brest", **ON_LIST}
    assert not held.get("c01")
    assert {key: held[key] for key in PEOPLE if key > "c01"} == {k: v for k, v in _wanted("add").items() if k > "c01"}


VENDOR = Vendor(
    "marketo_list",
    marketo.VENDOR.variables,
    _wanted,
    _follows,
    settings={**marketo.SETTINGS, "list_id": 1001},
    sync={"removal": "clear_fields"},
    calls=2,
    asides=2,
    poisoned="1003",
    secrets=marketo.SECRETS,
    plugin="marketo",
)
