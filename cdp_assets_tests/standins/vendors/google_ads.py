"""Google customer match in the suites that every vendor's destination goes through."""

import hashlib
import json

from cdp_assets_tests.standins.people import PEOPLE
from cdp_assets_tests.standins.vendors.base import SECRET, Held, Vendor

ADDRESSES = {key: hashlib.sha256(email.encode()).hexdigest() for key, (email, _) in PEOPLE.items()}


def credentials(url: str, secret: str) -> str:
    """A user's refresh token for the stand-in, as Google's JSON."""
    content = {
        "type": "authorized_user",
        "client_id": "cdp-test",
        "client_secret": "cl1ent-secret",
        "refresh_token": secret,
        "token_uri": f"{url}/token",
    }
    return json.dumps(content)


def _variables(url: str, secret: str) -> dict[str, str]:
    return {
        "CDP_GOOGLE_ADS_BASE_URL": url,
        "CDP_GOOGLE_ADS_CREDENTIALS": credentials(url, secret),
        "CDP_GOOGLE_ADS_ACCOUNT_ID": "1234567890",
        "CDP_GOOGLE_ADS_AUDIENCE_ID": "987654321",
    }


def _wanted(step: str) -> dict[str, dict[str, str]]:
    return {address: {"kind": "email"} for address in ADDRESSES.values()} if step == "add" else {}


def _follows(held: Held, email: str) -> None:
    expected = {address for key, address in ADDRESSES.items() if key > "c01"}
    assert set(held) == expected | {hashlib.sha256(email.encode()).hexdigest()}


VENDOR = Vendor(
    "google_ads",
    _variables,
    _wanted,
    _follows,
    settings={"poll_seconds": 0.01, "longest_wait_seconds": 2.0, "concurrency": 1},
    sync={"mapping": {"email": "master.customers.email"}},
    steps=("add", "remove"),
    address=ADDRESSES.__getitem__,
    calls=4,  # the request, two looks at its state, and the request once more without a row that is refused
    asides=1,
    secrets=frozenset({SECRET, "Bearer", "cl1ent-secret", "ya29."}),
)
