"""Marketo itself: two made-up people are added, changed, imported, moved and removed, and deleted in the end.

Needs an instance to try things on: `CDP_MARKETO_BASE_URL`, `CDP_MARKETO_CLIENT_ID`, `CDP_MARKETO_CLIENT_SECRET`, and
`CDP_MARKETO_LIST_ID`, of a static list that holds nobody.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from cdp_assets.destinations.base import Mode, Operation, Removal
from cdp_assets.destinations.marketo import BASE_URL, CLIENT_ID, CLIENT_SECRET, MarketoDestination
from cdp_assets.settings import Settings
from cdp_assets_tests.contracts.destinations.batches import batch

LIST_ID = "CDP_MARKETO_LIST_ID"
MISSING = [name for name in (BASE_URL, CLIENT_ID, CLIENT_SECRET, LIST_ID) if not os.environ.get(name)]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"{', '.join(MISSING)} not set: no instance of Marketo to try")
ANN, BOB, NEW = (f"cdp-live-{name}@example.com" for name in ("ann", "bob", "new"))
COLUMNS = ("firstName", "lastName")


class Instance:
    """What the instance holds, asked without the destination."""

    def __init__(self) -> None:
        env = os.environ
        url = env[BASE_URL].rstrip("/").removesuffix("/rest")
        form = {"client_id": env[CLIENT_ID], "client_secret": env[CLIENT_SECRET], "grant_type": "client_credentials"}
        token = httpx.post(f"{url}/identity/oauth/token", data=form).raise_for_status().json()["access_token"]
        self.client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60)

    def leads(self) -> dict[str, tuple[Any, Any]]:
        return {one["email"]: (one.get("firstName"), one.get("lastName")) for one in self._found()}

    def on_list(self) -> set[str]:
        path = f"/rest/v1/lists/{os.environ[LIST_ID]}/leads.json"
        return {one["email"] for one in self.client.get(path).json()["result"]} & {ANN, BOB, NEW}

    def delete(self) -> None:
        ids = [{"id": one["id"]} for one in self._found()]
        if ids:
            self.client.post("/rest/v1/leads/delete.json", json={"input": ids}).raise_for_status()

    def _found(self) -> list[dict[str, Any]]:
        form = {"filterType": "email", "filterValues": f"{ANN},{BOB},{NEW}", "fields": "id,email,firstName,lastName"}
        answer = self.client.post("/rest/v1/leads.json", params={"_method": "GET"}, data=form)
        found: list[dict[str, Any]] = answer.raise_for_status().json()["result"]
        return found


@pytest.fixture
def instance() -> Iterator[Instance]:
    found = Instance()
    found.delete()
    yield found
    found.delete()
    found.client.close()


def marketo(**settings: Any) -> MarketoDestination:
    values = {"lookup_field": "email", "list_id": int(os.environ[LIST_ID]), **settings}
    return MarketoDestination.from_settings(values, Settings.from_env(), os.environ)


def test_people_are_added_changed_moved_and_removed(instance: Instance):
    client = marketo()

    def send(rows: dict[str, dict[str, Any]], operation: Operation, **changes: Any) -> None:
        sent = batch(rows, operation, mode=Mode.MIRROR, columns=COLUMNS, **{"removal": Removal.CLEAR_FIELDS, **changes})
        assert [(one.accepted, one.reason) for one in client.send(sent)] == [(True, "")] * len(rows)

    send({ANN: {"firstName": "Ann", "lastName": "Zoë"}, BOB: {"firstName": "Bob", "lastName": None}}, Operation.ADD)
    assert instance.leads() == {ANN: ("Ann", "Zoë"), BOB: ("Bob", None)}
    assert instance.on_list() == {ANN, BOB}
    send({ANN: {"firstName": None, "lastName": "Lee"}, NEW: {"firstName": "No", "lastName": "One"}}, Operation.CHANGE)
    assert instance.leads() == {ANN: (None, "Lee"), BOB: ("Bob", None)}
    moved = batch({NEW: {"firstName": "Bob", "lastName": "New"}}, Operation.CHANGE, columns=COLUMNS)
    assert client.send(replace(moved, rows=(replace(moved.rows[0], previous_key=BOB),)))[0].accepted
    assert instance.leads() == {ANN: (None, "Lee"), NEW: ("Bob", "New")}
    send({ANN: {}}, Operation.REMOVE)
    send({NEW: {}, BOB: {}}, Operation.REMOVE, removal=Removal.DELETE)
    assert instance.leads() == {ANN: (None, None), NEW: ("Bob", "New")}
    assert instance.on_list() == set()
    client.close()


def test_people_are_imported(instance: Instance):
    client = marketo(batch_size=1)
    rows = {ANN: {"firstName": "Ann", "lastName": "Zoë"}, BOB: {"firstName": "Bob", "lastName": 'Quo"te, Jr'}}
    assert [(one.accepted, one.reason) for one in client.send(batch(rows, columns=COLUMNS))] == [(True, "")] * 2
    assert instance.leads() == {ANN: ("Ann", "Zoë"), BOB: ("Bob", 'Quo"te, Jr')}
    assert instance.on_list() == {ANN, BOB}
    client.close()
