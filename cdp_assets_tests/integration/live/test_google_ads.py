"""Google customer match itself: two made-up people come on a list, stay, and go.

The list is to be one for tests. Google processes each request for half an hour or more, and never tells who is on a
list: what is checked is that it took and processed every row.
"""

import os
from collections.abc import Iterator

import pytest

from cdp_assets.destinations._google_ads.settings import CREDENTIALS
from cdp_assets.destinations.base import Operation
from cdp_assets.destinations.google_ads import ACCOUNT_ID, AUDIENCE_ID, GoogleAdsDestination
from cdp_assets.settings import Settings
from cdp_assets_tests.contracts.destinations.batches import batch

NEEDED = (CREDENTIALS, ACCOUNT_ID, AUDIENCE_ID)
MISSING = [name for name in NEEDED if not os.environ.get(name)]
PEOPLE = {"c1": {"email": "live-one@example.com"}, "c2": {"email": "live-two@example.com"}}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"no account of Google Ads: {', '.join(MISSING)} not set"),
]


@pytest.fixture
def destination() -> Iterator[GoogleAdsDestination]:
    values = {"terms_accepted": True, "longest_wait_seconds": 86_400}
    made = GoogleAdsDestination.from_settings(values, Settings.from_env(), os.environ)
    yield made
    made.close()


def test_two_people_come_and_go(destination: GoogleAdsDestination):
    rows = {}
    for key, fields in PEOPLE.items():
        (identifier,) = destination.identifiers(fields)
        rows[key] = {"kind": identifier.kind, **identifier.values}
    for operation in (Operation.ADD, Operation.CHANGE, Operation.REMOVE):
        results = destination.send(batch(rows, operation))
        assert {result.key: result.accepted for result in results} == dict.fromkeys(PEOPLE, True)
