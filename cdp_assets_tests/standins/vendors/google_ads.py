"""Google customer match in the suites that every vendor's destination goes through."""

import hashlib

from cdp_assets.sample.standins.google_ads import GoogleAdsStandIn
from cdp_assets_tests.standins.people import PEOPLE
from cdp_assets_tests.standins.vendors.base import SECRET, Held, Vendor

ADDRESSES = {key: hashlib.sha256(email.encode()).hexdigest() for key, (email, _) in PEOPLE.items()}


def _wanted(step: str) -> dict[str, dict[str, str]]:
    return {address: {"kind": "email"} for address in ADDRESSES.values()} if step == "add" else {}


def _follows(held: Held, email: str) -> None:
    expected = {address for key, address in ADDRESSES.items() if key > "c01"}
    assert set(held) == expected | {hashlib.sha256(email.encode()).hexdigest()}


VENDOR = Vendor(
    "google_ads",
    GoogleAdsStandIn.variables,
    _wanted,
    _follows,
    settings={"terms_accepted": True, "poll_seconds": 0.01, "longest_wait_seconds": 2.0, "concurrency": 1},
    sync={"mapping": {"email": "master.customers.email"}},
    steps=("add", "remove"),
    address=ADDRESSES.__getitem__,
    calls=4,  # the request, two looks at its state, and the request once more without a row that is refused
    asides=1,
    secrets=frozenset({SECRET, "Bearer", "cl1ent-secret", "ya29."}),
)
