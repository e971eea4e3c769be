"""Google customer match as it is documented, held against Google's own message types where they are installed."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from cdp_assets.destinations import base
from cdp_assets.destinations.base import Batch, Operation
from cdp_assets.destinations.google_ads import GoogleAdsDestination
from cdp_assets.errors import DestinationError
from cdp_assets.sample.standins._faults import Fault
from cdp_assets.sample.standins._server import StandInServer
from cdp_assets.sample.standins.base import Answer
from cdp_assets.sample.standins.google_ads import GoogleAdsStandIn
from cdp_assets_tests.contracts.destinations.batches import batch
from cdp_assets_tests.contracts.destinations.documented import documented
from cdp_assets_tests.contracts.destinations.scripted import Scripted
from cdp_assets_tests.standins.destinations import in_a_thread
from cdp_assets_tests.standins.vendors.base import SECRET, vendor

FIXTURES = documented("google_ads")
STATE = "/v1/requestStatus:retrieve"
INGEST = "/v1/audienceMembers:ingest"
TOKEN = Answer(200, {"access_token": "ya29.one", "expires_in": 3599, "token_type": "Bearer"})
TAKEN = Answer(200, {"requestId": "request-1"})
DONE = Answer(200, {"requestStatusPerDestination": [{"requestStatus": "SUCCESS"}]})
ANSWERED = [name for name, fixture in FIXTURES.items() if not fixture.get("only_client")]
ASKED = [name for name, fixture in FIXTURES.items() if "batch" in fixture]


def google_ads(url: str, **settings: Any) -> GoogleAdsDestination:
    made = vendor("google_ads").make(url, **{"longest_wait_seconds": 0.3, **settings})
    assert isinstance(made, GoogleAdsDestination)
    return made


@pytest.fixture
def server() -> Iterator[StandInServer]:
    with in_a_thread(GoogleAdsStandIn(SECRET)) as found:
        yield found


def batch_of(fixture: Mapping[str, Any]) -> Batch:
    rows = fixture.get("batch", {}).get("rows") or {key: {"kind": "email", "value": key * 64} for key in ("a", "b")}
    return batch(rows, Operation(fixture.get("batch", {}).get("operation", "add")))


def scripted(fixture: Mapping[str, Any]) -> Scripted:
    """The documented answer where it belongs, and before and after it what lets the client get there."""
    response = fixture["response"]
    answer = Answer(response["status"], response["body"])
    taken = {f"/v1/audienceMembers:{verb}": [TAKEN] for verb in ("ingest", "remove")}
    again = [TAKEN] if "results" in fixture and response["status"] != 200 else []
    return Scripted({"/token": [TOKEN], STATE: [DONE], **taken, fixture["path"]: [answer, *again]})


@pytest.mark.parametrize("name", ANSWERED)
def test_the_stand_in_answers_as_documented(server: StandInServer, name: str):
    fixture, members = FIXTURES[name], server.control.standin.members
    for key, kind in fixture.get("before", {}).items():
        members.put(key, {"kind": kind})
    members.refused = fixture.get("refused", {})
    form = {"grant_type": "refresh_token", "refresh_token": SECRET}
    token = fixture.get("token") or httpx.post(f"{server.url}/token", data=form).json()["access_token"]
    with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {token}"}) as client:
        if "ingest" in fixture:
            client.post(INGEST, json=fixture["ingest"]).raise_for_status()
        if "fault" in fixture:
            server.control.faults.add(Fault(**fixture["fault"]))
        for _ in range(fixture.get("looks", 1)):
            post = "request" in fixture
            answer = (
                client.post(fixture["path"], json=fixture["request"])
                if post
                else client.get(fixture["path"], params={"requestId": "request-1"})
            )
    assert (answer.status_code, answer.json()) == (fixture["response"]["status"], fixture["response"]["body"])
    assert "held" not in fixture or members.held == fixture["held"]


@pytest.mark.parametrize("name", list(FIXTURES))
def test_the_client_reads_the_documented_answer(name: str):
    fixture = FIXTURES[name]
    sent = batch_of(fixture)
    with in_a_thread(scripted(fixture)) as server:
        client = google_ads(server.url, **fixture.get("settings", {}))
        if "raises" in fixture:
            error = {"DestinationError": DestinationError}.get(fixture["raises"]) or getattr(base, fixture["raises"])
            with pytest.raises(error) as caught:
                client.send(sent)
            assert fixture["said"] in str(caught.value)
            assert getattr(caught.value, "retry_after", None) == fixture.get("wait")
        else:
            expected = fixture.get("results") or dict.fromkeys((row.key for row in sent.rows), True)
            assert {result.key: result.accepted for result in client.send(sent)} == expected
        client.close()


@pytest.mark.parametrize("name", ASKED)
def test_the_client_asks_as_documented(name: str):
    fixture = FIXTURES[name]
    script = scripted(fixture)
    with in_a_thread(script) as server:
        client = google_ads(server.url, **fixture.get("settings", {}))
        client.send(batch_of(fixture))
        assert client.payload(batch_of(fixture)) == fixture["request"]
        client.close()
    token, request, look = script.asked
    assert (token.method, token.path, token.headers["content-type"]) == (
        "POST",
        "/token",
        "application/x-www-form-urlencoded",
    )
    assert (request.method, request.path, request.json()) == ("POST", fixture["path"], fixture["request"])
    assert request.headers["authorization"] == look.headers["authorization"] == "Bearer ya29.one"
    assert request.headers["content-type"] == "application/json"
    assert (look.method, look.path, look.query) == ("GET", STATE, {"requestId": "request-1"})


@pytest.mark.parametrize("name", list(FIXTURES))
def test_the_fixtures_are_messages_of_googles(name: str):
    google = pytest.importorskip("google.ads.datamanager_v1")
    fixture = FIXTURES[name]
    verb = "Remove" if "remove" in fixture["path"] else "Ingest"
    for said in ("request", "ingest"):
        if said in fixture:
            getattr(google, f"{verb}AudienceMembersRequest").from_json(json.dumps(fixture[said]))
    if fixture["response"]["status"] == 200:
        kind = "RetrieveRequestStatusResponse" if fixture["path"] == STATE else f"{verb}AudienceMembersResponse"
        text = json.dumps(fixture["response"]["body"]).replace('"FAILURE"', '"FAILED"')  # as its guide calls it
        getattr(google, kind).from_json(text)


def test_the_stand_in_understands_googles_own_client(server: StandInServer):
    google = pytest.importorskip("google.ads.datamanager_v1")
    from google.ads.datamanager_v1.services.ingestion_service.transports import IngestionServiceRestTransport
    from google.oauth2.credentials import Credentials

    form = {"grant_type": "refresh_token", "refresh_token": SECRET}
    token = httpx.post(f"{server.url}/token", data=form).json()["access_token"]
    host = server.url.removeprefix("http://")
    transport = IngestionServiceRestTransport(host=host, credentials=Credentials(token), url_scheme="http")
    with google.IngestionServiceClient(transport=transport) as client:
        body = json.dumps(FIXTURES["add_contact_info"]["request"])
        request = google.IngestAudienceMembersRequest.from_json(body)
        taken = client.ingest_audience_members(request, retry=None, timeout=5)
        statuses = [
            client.retrieve_request_status({"request_id": taken.request_id}, retry=None, timeout=5) for _ in range(2)
        ]
    found = [status.request_status_per_destination[0].request_status.name for status in statuses]
    assert found == ["PROCESSING", "SUCCESS"]
    assert server.control.standin.members.held == FIXTURES["add_contact_info"]["held"]


def test_more_members_than_documented_are_refused_by_the_stand_in(server: StandInServer):
    form = {"grant_type": "refresh_token", "refresh_token": SECRET}
    token = httpx.post(f"{server.url}/token", data=form).json()["access_token"]
    request = FIXTURES["state_success"]["ingest"]
    request = request | {"audienceMembers": request["audienceMembers"][:1] * 10_001}
    answer = httpx.post(f"{server.url}{INGEST}", json=request, headers={"Authorization": f"Bearer {token}"})
    (violation,) = answer.json()["error"]["details"][1]["fieldViolations"]
    assert (answer.status_code, violation["reason"]) == (400, "TOO_MANY_AUDIENCE_MEMBERS")


def test_ten_thousand_members_are_one_request(server: StandInServer):
    client = google_ads(server.url, batch_size=10_000, longest_wait_seconds=30, timeout_seconds=30)
    results = client.send(batch({str(n): {"kind": "email", "value": f"{n:064x}"} for n in range(10_000)}))
    client.close()
    assert sum(result.accepted for result in results) == 10_000
    assert [one.rows for one in server.control.log if one.path == INGEST] == [10_000]
