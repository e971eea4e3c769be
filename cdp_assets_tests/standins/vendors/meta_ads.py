"""Meta's custom audiences in the suites that every vendor's destination goes through."""

import hashlib

from cdp_assets.sample.standins.meta_ads import MetaAdsStandIn
from cdp_assets_tests.standins.people import PEOPLE
from cdp_assets_tests.standins.vendors.base import SECRET, Held, Vendor


def _hashed(email: str) -> str:
    return hashlib.sha256(email.encode()).hexdigest()


def _address(customer: str) -> str:
    """An entry has no name but the digest of the e-mail."""
    return _hashed(PEOPLE[customer][0])


def _wanted(step: str) -> dict[str, dict[str, str]]:
    """A removal leaves nothing."""
    return {} if step == "remove" else {_address(key): {"kind": "EMAIL"} for key in PEOPLE}


def _follows(held: Held, email: str) -> None:
    staying = {_address(key) for key in PEOPLE if key > "c01"}
    assert set(held) == staying | {_hashed(email)}


VENDOR = Vendor(
    "meta_ads",
    MetaAdsStandIn.variables,
    _wanted,
    _follows,
    settings={"concurrency": 1},
    sync={"mapping": {"email": "master.customers.email"}},
    steps=("add", "remove"),
    address=_address,
    secrets=frozenset({SECRET, "access_token="}),
)
