"""Salesforce itself: two made-up people are added, changed and removed, in an org for tests.

Needs `CDP_SALESFORCE_BASE_URL`, `CDP_SALESFORCE_CLIENT_ID` and `CDP_SALESFORCE_CLIENT_SECRET`, and on `Contact` the
text field `CDP_Customer_Id__c`, an external id and unique. With `CDP_SALESFORCE_LIVE_BULK=1`, 201 people too, in jobs.
"""

import os
from collections.abc import Iterator
from uuid import uuid4

import pytest

from cdp_assets.destinations.base import Mode, Operation
from cdp_assets.destinations.salesforce import SalesforceDestination
from cdp_assets.settings import Settings
from cdp_assets_tests.contracts.destinations.batches import batch

NEEDED = ("CDP_SALESFORCE_BASE_URL", "CDP_SALESFORCE_CLIENT_ID", "CDP_SALESFORCE_CLIENT_SECRET")
MISSING = [name for name in NEEDED if not os.environ.get(name)]
BULK = pytest.mark.skipif(not os.environ.get("CDP_SALESFORCE_LIVE_BULK"), reason="CDP_SALESFORCE_LIVE_BULK not set")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"no org of Salesforce: {', '.join(MISSING)} not set"),
]


@pytest.fixture
def destination() -> Iterator[SalesforceDestination]:
    made = SalesforceDestination.from_settings({"poll_seconds": 2}, Settings.from_env(), os.environ)
    yield made
    made.close()


@pytest.mark.parametrize("people", [2, pytest.param(201, marks=BULK)])
def test_people_come_change_and_go(destination: SalesforceDestination, people: int):
    run = uuid4().hex
    keys = [f"{run}-{number}" for number in range(people)]
    columns = ("LastName", "FirstName", "Email")
    names = {key: ("Nobody", "Live", f"live-{key}@example.com") for key in keys}
    rows = {key: dict(zip(columns, values, strict=True)) for key, values in names.items()}
    changed = {key: values | {"FirstName": None} for key, values in rows.items()}

    def refused(values: dict[str, dict[str, str | None]], operation: Operation, mode: Mode = Mode.MIRROR) -> int:
        results = destination.send(batch(values, operation, mode=mode, columns=columns, run_id=run))
        assert len(results) == people
        return sum(not result.accepted for result in results)

    try:
        assert refused(rows, Operation.ADD) == 0
        assert refused(rows, Operation.ADD, Mode.INSERT) == people
        assert refused(changed, Operation.CHANGE, Mode.UPDATE) == 0
    finally:
        assert refused({key: {} for key in keys}, Operation.REMOVE) == 0
    assert refused(rows, Operation.CHANGE, Mode.UPDATE) == people
