"""Marketo as it is documented: client and stand-in are both held against it."""

import csv
import io
import json
from email import message_from_bytes
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from cdp_assets.destinations import base
from cdp_assets.errors import DestinationError
from cdp_assets.sample.standins._faults import Fault
from cdp_assets.sample.standins._server import StandInServer
from cdp_assets.sample.standins.base import Request
from cdp_assets.sample.standins.marketo import MarketoStandIn
from cdp_assets_tests.contracts.destinations.marketo.client import (
    FIXTURES,
    TOKEN,
    Scripted,
    described,
    leads,
    marketo,
    told,
)
from cdp_assets_tests.standins.destinations import in_a_thread


@pytest.mark.parametrize("name", [name for name, fixture in FIXTURES.items() if not fixture.get("only_client")])
def test_the_stand_in_answers_as_documented(standin: MarketoStandIn, server: StandInServer, name: str):
    fixture = FIXTURES[name]
    leads(standin, *fixture["before"])
    standin.members.refused = fixture.get("refused", {})
    for number in fixture.get("on_list", []):
        standin.book.change_list(number, "1001", add=True)
    token = httpx.post(f"{server.url}/identity/oauth/token", data=TOKEN["form"]).json()["access_token"]
    if "fault" in fixture:
        server.control.faults.add(Fault(**fixture["fault"]))
    for exchange in fixture["exchanges"]:
        asked, wanted = exchange["request"], exchange["response"]
        content: dict[str, Any] = {"json": asked["json"]} if "json" in asked else {"data": asked.get("form")}
        if "file" in asked:
            content = {"files": {"file": ("leads.csv", asked["file"], "text/csv")}}
        answer = httpx.request(
            asked["method"],
            server.url + asked["path"],
            params=asked["query"],
            headers={"Authorization": f"Bearer {token}"},
            **content,
        )
        assert answer.status_code == wanted["status"]
        if "text" in wanted:
            first, second = (list(csv.reader(io.StringIO(text))) for text in (answer.text, wanted["text"]))
            assert (first[0], first[1][:-1]) == (second[0], second[1][:-1])
        else:
            assert answer.json().pop("requestId")
            assert _comparable(answer.json()) == _comparable(wanted["body"])
    assert standin.members.held == fixture["held"]


def _comparable(body: dict[str, Any]) -> Any:
    """An answer without its number, and without the prose on a job."""
    found = json.loads(json.dumps(body))
    found.pop("requestId")
    for one in found.get("result", []):
        one.pop("message", None)
    return found


def test_the_stand_in_gives_a_token_as_documented(server: StandInServer):
    url, wanted = f"{server.url}/identity/oauth/token", TOKEN["response"]
    posted = httpx.post(url, data=TOKEN["form"])
    assert posted.status_code == wanted["status"]
    assert {k: type(v) for k, v in posted.json().items()} == {k: type(v) for k, v in wanted["body"].items()}
    assert httpx.get(url, params=TOKEN["form"]).json() == posted.json()
    for wrong in ({"client_secret": "another"}, {"client_id": ""}, {"grant_type": "password"}):
        assert httpx.post(url, data=TOKEN["form"] | wrong).status_code == 401


def test_the_stand_in_tells_a_token_that_expired_from_one_it_never_gave(standin: MarketoStandIn, server: StandInServer):
    token = httpx.post(f"{server.url}/identity/oauth/token", data=TOKEN["form"]).json()["access_token"]
    standin.expire_token()
    for value, code in ((f"Bearer {token}", "602"), ("Bearer another", "601"), ("Bearer", "601")):
        headers = {"Authorization": value}
        answer = httpx.post(f"{server.url}/rest/v1/leads.json", json={"input": []}, headers=headers)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (200, code)


CLIENT = [name for name, fixture in FIXTURES.items() if not fixture.get("only_standin")]


@pytest.mark.parametrize("name", CLIENT)
def test_the_client_asks_and_reads_as_documented(name: str):
    fixture = FIXTURES[name]
    scripted = Scripted(*(exchange["response"] for exchange in fixture["exchanges"]))
    with in_a_thread(scripted) as server:
        client = marketo(server.url, **fixture.get("settings", {}))
        if "raises" in fixture:
            error = {"DestinationError": DestinationError}.get(fixture["raises"]) or getattr(base, fixture["raises"])
            with pytest.raises(error) as caught:
                client.send(described(fixture))
            assert getattr(caught.value, "retry_after", None) == fixture.get("wait")
        else:
            assert told(client.send(described(fixture))) == fixture["results"]
        client.close()
    assert len(scripted.asked) == len(fixture["exchanges"])
    for request, exchange in zip(scripted.asked, fixture["exchanges"], strict=True):
        wanted = exchange["request"]
        assert (request.method, request.path, request.query) == (wanted["method"], wanted["path"], wanted["query"])
        assert request.headers["authorization"] == f"Bearer {TOKEN['response']['body']['access_token']}"
        if "json" in wanted:
            assert request.headers["content-type"] == "application/json"
            assert request.json() == wanted["json"]
        elif "form" in wanted:
            assert dict(parse_qsl(request.body.decode())) == wanted["form"]
        elif "file" in wanted:
            assert posted_file(request) == wanted["file"]


def posted_file(request: Request) -> str:
    whole = message_from_bytes(
        f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode() + request.body, policy=HTTP
    )
    (part,) = whole.iter_parts()
    assert part.get_param("name", header="content-disposition") == "file"
    return part.get_payload(decode=True).decode()


def test_a_dry_run_shows_what_is_posted():
    for name in ("create_or_update", "create_only", "update_only", "clear_fields", "list_add"):
        fixture = FIXTURES[name]
        client = marketo("http://127.0.0.1:9", **fixture.get("settings", {}))
        assert client.payload(described(fixture)) == fixture["exchanges"][0]["request"]["json"]
    fixture = FIXTURES["list_remove"]
    shown = marketo("http://127.0.0.1:9", list_id=1001).payload(described(fixture))
    assert shown == fixture["exchanges"][0]["request"]["form"]
    fixture = FIXTURES["import"]
    request = fixture["exchanges"][0]["request"]
    shown = marketo("http://127.0.0.1:9", **fixture["settings"]).payload(described(fixture))
    assert shown == request["query"] | {"file": request["file"]}
    json.dumps(shown)


def test_a_stand_in_that_is_started_anew_knows_its_leads(standin: MarketoStandIn):
    leads(standin, {"cdpCustomerId": "c1", "email": "ann@example.com"})
    standin.book.write("createOnly", "email", {"email": "bob@example.com"})
    anew = MarketoStandIn(standin.secret)
    anew.restore(json.loads(json.dumps(standin.state())))
    assert anew.book.select("email", ["ann@example.com", "bob@example.com"], ["id"]) == [{"id": 1001}, {"id": 1002}]
    assert anew.book.write("createOnly", "email", {"email": "new@example.com"}) == {"id": 1003, "status": "created"}
