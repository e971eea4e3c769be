"""Against Meta itself: two made-up people go in, again, and out of an audience that is there for tests.

Meta does not tell who is in an audience: what it answers to each request is all there is to check.
"""

import os
from collections.abc import Iterator

import pytest

from cdp_assets.destinations.base import Operation
from cdp_assets.destinations.meta_ads import MetaAdsDestination
from cdp_assets.settings import Settings
from cdp_assets_tests.contracts.destinations.batches import batch

NEEDED = ("CDP_META_ADS_TOKEN", "CDP_META_ADS_AUDIENCE_ID")
MISSING = [name for name in NEEDED if not os.environ.get(name)]
PEOPLE = [
    {
        "email": "live.one@example.com",
        "first_name": "Live",
        "last_name": "One",
        "postal_code": "75018",
        "country": "fr",
    },
    {"email": "live.two@example.com", "phone": "+1 650 555 0102"},
]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"{', '.join(MISSING)} not set: no audience of Meta's to try")


@pytest.fixture
def destination() -> Iterator[MetaAdsDestination]:
    made = MetaAdsDestination.from_settings({}, Settings.from_env({}), os.environ)
    yield made
    made.close()


def test_two_people_are_added_sent_again_and_removed(destination: MetaAdsDestination):
    found = [one for fields in PEOPLE for one in destination.identifiers(fields)]
    rows = {str(number): {"kind": one.kind, **one.values} for number, one in enumerate(found)}
    assert len(rows) == 4
    for operation in (Operation.ADD, Operation.CHANGE, Operation.REMOVE, Operation.REMOVE):
        assert [result.reason for result in destination.send(batch(rows, operation))] == [""] * 4
