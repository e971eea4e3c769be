"""Marketo as it is documented, and what our batches become there."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from email import message_from_bytes
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from cdp_assets.destinations import base
from cdp_assets.destinations._marketo.api import Credentials
from cdp_assets.destinations._rate import RateLimit
from cdp_assets.destinations.base import (
    Batch,
    Job,
    Mode,
    Operation,
    PermanentError,
    Removal,
    Row,
    RowResult,
    TransientError,
)
from cdp_assets.destinations.marketo import MarketoDestination, MarketoSettings
from cdp_assets.errors import ConfigurationError, DestinationError
from cdp_assets.sample.standins._faults import Fault
from cdp_assets.sample.standins._server import StandInServer
from cdp_assets.sample.standins.base import Answer, Request
from cdp_assets.sample.standins.marketo import MarketoStandIn
from cdp_assets.settings import Settings
from cdp_assets_tests.contracts.destinations.batches import batch
from cdp_assets_tests.contracts.destinations.documented import Canned, batch_of, documented
from cdp_assets_tests.standins.destinations import in_a_thread

FIXTURES = documented("marketo")
TOKEN = FIXTURES.pop("token")
SECRET = "k3y-of-the-workspace"
NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
ANN = {"email": "ann@example.com", "firstName": "Ann"}
NAMES = ("email", "firstName")


class Scripted(Canned):
    """Gives its answers one after the other, the last again and again, and a token to whoever asks for one."""

    def __init__(self, *responses: dict[str, Any]) -> None:
        super().__init__(responses[-1])
        self.left = list(responses)

    def answer(self, request: Request) -> Answer:
        if request.path == "/identity/oauth/token":
            return Answer(200, TOKEN["response"]["body"])
        self.response = self.left.pop(0) if self.left else self.response
        if "text" in self.response:
            self.asked.append(request)
            return Answer(200, self.response["text"].encode(), {"Content-Type": "text/csv"})
        return super().answer(request)


def marketo(url: str, secret: str = SECRET, sleep: Any = lambda _: None, **settings: Any) -> MarketoDestination:
    found = MarketoSettings(**({"timeout_seconds": 1.0, "rate_requests": 1000} | settings))
    credentials = Credentials("custom-service", secret)
    return MarketoDestination(httpx.URL(url), credentials, found, now=lambda: NOW, sleep=sleep)


@pytest.fixture
def standin() -> MarketoStandIn:
    return MarketoStandIn(SECRET)


@pytest.fixture
def server(standin: MarketoStandIn) -> Iterator[StandInServer]:
    with in_a_thread(standin) as found:
        yield found


@pytest.fixture
def destination(server: StandInServer) -> Iterator[MarketoDestination]:
    made = marketo(server.url)
    yield made
    made.close()


@pytest.fixture
def on_a_list(server: StandInServer) -> Iterator[MarketoDestination]:
    made = marketo(server.url, list_id=1001)
    yield made
    made.close()


def leads(standin: MarketoStandIn, *records: dict[str, Any]) -> None:
    for record in records:
        assert standin.book.write("createDuplicate", "cdpCustomerId", record)["status"] == "created"


def described(fixture: dict[str, Any]) -> Batch:
    """The fixture's batch, with its removal and the keys its rows had before."""
    found, about = batch_of(fixture, {}), fixture["batch"]
    previous = about.get("previous", {})
    rows = tuple(replace(row, previous_key=previous.get(row.key)) for row in found.rows)
    return replace(found, removal=Removal(about["removal"]), rows=rows)


def told(results: list[RowResult]) -> dict[str, bool]:
    return {result.key: result.accepted for result in results}


def posted_file(request: Request) -> str:
    whole = message_from_bytes(
        f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode() + request.body, policy=HTTP
    )
    (part,) = whole.iter_parts()
    assert part.get_param("name", header="content-disposition") == "file"
    return part.get_payload(decode=True).decode()


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


def test_values_arrive_as_marketo_reads_them(destination: MarketoDestination, standin: MarketoStandIn):
    paris = timezone(timedelta(hours=2))
    values = {
        "day": date(2026, 6, 30),
        "moment": datetime(2026, 6, 30, 14, 0, 0, 123456, tzinfo=paris),
        "short": Decimal("12.3400"),
        "long": Decimal("0.1234567890123456789"),
        "yes": True,
        "gone": None,
        "not_a_number": float("nan"),
        "several": ["a", "b"],
        "parts": {"weekly": 3},
    }
    destination.send(batch({"c1": values}, columns=tuple(values)))
    assert standin.members.held["c1"] == {
        "day": "2026-06-30",
        "moment": "2026-06-30T12:00:00Z",
        "short": 12.34,
        "long": "0.1234567890123456789",
        "yes": True,
        "several": '["a","b"]',
        "parts": '{"weekly":3}',
    }


@pytest.mark.parametrize("mode", [Mode.MIRROR, Mode.UPSERT, Mode.UPDATE])
def test_a_change_makes_no_lead_and_puts_nobody_on_the_list(
    on_a_list: MarketoDestination, standin: MarketoStandIn, mode: Mode
):
    leads(standin, {"cdpCustomerId": "c1", "email": "old@example.com"})
    changes = batch({"c1": ANN, "c2": ANN}, Operation.CHANGE, mode=mode, columns=NAMES)
    assert told(on_a_list.send(changes)) == {"c1": True, "c2": True}
    assert standin.members.held == {"c1": ANN}


def test_an_insertion_puts_a_lead_that_is_there_on_the_list_and_leaves_it_as_it_is(
    on_a_list: MarketoDestination, standin: MarketoStandIn
):
    leads(standin, {"cdpCustomerId": "c1", "email": "old@example.com"})
    added = batch({"c1": ANN, "c2": ANN}, mode=Mode.INSERT, columns=NAMES)
    assert told(on_a_list.send(added)) == {"c1": True, "c2": True}
    assert standin.members.held == {
        "c1": {"email": "old@example.com", "staticLists": ["1001"]},
        "c2": {**ANN, "staticLists": ["1001"]},
    }


def test_clearing_fields_takes_a_lead_off_the_list_too(on_a_list: MarketoDestination, standin: MarketoStandIn):
    on_a_list.send(batch({"c1": ANN, "c2": ANN}, columns=NAMES))
    removal = batch({"c1": {}, "c9": {}}, Operation.REMOVE, removal=Removal.CLEAR_FIELDS, columns=NAMES)
    assert told(on_a_list.send(removal)) == {"c1": True, "c9": True}
    assert standin.members.held == {"c1": {}, "c2": {**ANN, "staticLists": ["1001"]}}


def test_a_removal_by_deletion_only_takes_leads_off_the_list(on_a_list: MarketoDestination, standin: MarketoStandIn):
    on_a_list.send(batch({"c1": ANN, "c2": ANN}, columns=NAMES))
    gone = batch({"c1": {}, "c2": {}, "with, comma": {}}, Operation.REMOVE, columns=NAMES)
    first, second, third = on_a_list.send(gone)
    assert (first.accepted, second.accepted, third.accepted) == (True, True, False)
    assert "the key has a comma" in third.reason
    assert standin.members.held == {"c1": ANN, "c2": ANN}
    assert all(result.accepted for result in on_a_list.send(replace(gone, rows=gone.rows[:2])))


def test_a_lead_is_never_deleted_so_deletion_needs_a_list(
    destination: MarketoDestination, on_a_list: MarketoDestination
):
    assert destination.limits.removals == {Removal.CLEAR_FIELDS, Removal.NOTHING}
    assert on_a_list.limits.removals == {Removal.CLEAR_FIELDS, Removal.NOTHING, Removal.DELETE}


def moved(operation: Operation = Operation.CHANGE, mode: Mode = Mode.MIRROR) -> Batch:
    rows = (Row("new", ANN, previous_key="old"), Row("c2", ANN))
    return replace(batch(operation=operation, mode=mode, columns=NAMES), rows=rows)


def test_a_merged_customer_keeps_its_lead_under_the_new_key(on_a_list: MarketoDestination, standin: MarketoStandIn):
    on_a_list.send(batch({"old": {"email": "old@example.com"}, "c2": {}}, columns=("email",)))
    number = standin.book.select("cdpCustomerId", ["old"], ["id"])
    for _ in range(2):
        assert told(on_a_list.send(moved())) == {"new": True, "c2": True}
        assert standin.members.held == {key: {**ANN, "staticLists": ["1001"]} for key in ("new", "c2")}
        assert standin.book.select("cdpCustomerId", ["new"], ["id"]) == number


@pytest.mark.parametrize("mode", [Mode.MIRROR, Mode.UPDATE])
def test_where_the_new_key_has_a_lead_it_gets_the_values_and_the_former_one_loses_them(
    on_a_list: MarketoDestination, standin: MarketoStandIn, mode: Mode
):
    on_a_list.send(batch({"old": {"email": "old@example.com"}, "c2": {}}, columns=("email",)))
    leads(standin, {"cdpCustomerId": "new", "kept": 1})
    for _ in range(2):
        assert told(on_a_list.send(moved(mode=mode))) == {"new": True, "c2": True}
        listed = {"staticLists": ["1001"]}
        onto = listed if mode is Mode.MIRROR else {}
        assert standin.members.held == {"old": {}, "new": {**ANN, "kept": 1, **onto}, "c2": {**ANN, **listed}}


def test_a_merged_customer_whose_leads_were_deleted_is_not_brought_back_but_an_addition_is_made(
    destination: MarketoDestination, standin: MarketoStandIn
):
    assert told(destination.send(moved())) == {"new": True, "c2": True}
    assert standin.members.held == {}
    destination.send(moved(Operation.ADD))
    assert standin.members.held == {"new": ANN, "c2": ANN}


def test_a_merge_that_cannot_be_followed_is_told(destination: MarketoDestination, standin: MarketoStandIn):
    leads(standin, {"cdpCustomerId": "old", "email": "a@example.com"}, {"cdpCustomerId": "new"})
    standin.members.refused = {"old": "disallowed"}
    first, _ = destination.send(moved())
    assert first.reason.startswith("its former lead was not cleared: disallowed")
    comma = replace(moved(), rows=(Row("new", ANN, previous_key="o,ld"),))
    assert "the key has a comma" in destination.send(comma)[0].reason
    twins = marketo(str(destination._api._client.base_url), lookup_field="email")
    leads(standin, {"cdpCustomerId": "twin", "email": "a@example.com"})
    by_email = replace(moved(), columns=("firstName",), rows=(Row("b@example.com", {}, previous_key="a@example.com"),))
    assert twins.send(by_email)[0].reason == "several leads have the key"
    twins.close()


def test_more_leads_than_a_page_holds_are_all_taken_off_the_list(server: StandInServer, standin: MarketoStandIn):
    twins = marketo(server.url, lookup_field="email", list_id=1001)
    leads(standin, *({"cdpCustomerId": f"c{n}", "email": "ann@example.com"} for n in range(650)))
    for number in range(1001, 1651):
        standin.book.change_list(number, "1001", add=True)
    assert twins.send(batch({"ann@example.com": {}}, Operation.REMOVE, columns=("firstName",)))[0].accepted
    assert all("staticLists" not in lead for lead in standin.members.held.values())
    twins.close()


def test_five_hundred_rows_are_written_three_hundred_at_a_time(server: StandInServer, standin: MarketoStandIn):
    client = marketo(server.url, list_id=1001)
    rows = {f"c{n}": {"email": f"p{n}@example.com", "firstName": 'Zoë, "Z"'} for n in range(500)}
    for operation in (Operation.CHANGE, Operation.REMOVE):
        assert all(one.accepted for one in client.send(batch(rows, operation, columns=NAMES, mode=Mode.UPDATE)))
    assert all(one.accepted for one in client.send(batch(rows, mode=Mode.INSERT, columns=NAMES)))
    assert standin.members.held == {key: {**fields, "staticLists": ["1001"]} for key, fields in rows.items()}
    assert max(one.rows for one in server.control.log) == 300
    client.close()


def imports(server: StandInServer) -> list[str]:
    return [one.path for one in server.control.log if one.path.startswith("/bulk/")]


def test_many_additions_are_imported_and_those_with_empty_values_are_written_by_calls(
    server: StandInServer, standin: MarketoStandIn
):
    slept: list[float] = []
    client = marketo(server.url, sleep=slept.append, list_id=1001, poll_seconds=7)
    leads(standin, {"cdpCustomerId": "c3", "firstName": "before"})
    rows = {f"c{n}": {"email": f"p{n}@example.com", "firstName": 'Zoë, "Z"'} for n in range(500)}
    rows["c3"] = {"email": "p3@example.com", "firstName": None}
    rows["c4"] = {"email": "p4@example.com", "firstName": "NULL"}
    rows["c5"] = {"email": "p5@example.com", "firstName": "two\nlines"}
    kept: list[str] = []
    assert all(one.accepted for one in client.send(batch(rows, columns=NAMES, job=Job(keep=kept.append))))
    wanted = {key: {k: v for k, v in fields.items() if v is not None} for key, fields in rows.items()}
    assert standin.members.held == {key: {**fields, "staticLists": ["1001"]} for key, fields in wanted.items()}
    assert kept == ["3001"]
    assert slept == [7]
    written = [one.rows for one in server.control.log if one.path == "/rest/v1/leads.json"]
    assert (imports(server)[0], written) == ("/bulk/v1/leads.json", [3])
    client.close()


@pytest.mark.parametrize("mode", [Mode.UPDATE, Mode.INSERT])
def test_what_an_import_cannot_do_is_done_by_calls(server: StandInServer, standin: MarketoStandIn, mode: Mode):
    leads(standin, {"cdpCustomerId": "c1", "email": "old@example.com"})
    client = marketo(server.url, batch_size=1)
    operation = Operation.CHANGE if mode is Mode.UPDATE else Operation.ADD
    client.send(batch({"c1": ANN, "c2": ANN}, operation, mode=mode, columns=NAMES))
    assert standin.members.held == (
        {"c1": ANN} if mode is Mode.UPDATE else {"c1": {"email": "old@example.com"}, "c2": ANN}
    )
    assert imports(server) == []
    client.close()


def test_a_run_goes_on_with_the_import_that_a_killed_one_started(server: StandInServer, standin: MarketoStandIn):
    client = marketo(server.url, batch_size=1, longest_wait_seconds=0)
    job = Job()
    two = batch({"c1": ANN, "c2": ANN}, columns=NAMES, job=job)
    with pytest.raises(TransientError, match="the import is not over") as caught:
        client.send(two)
    assert (job.name, caught.value.retry_after, standin.members.held) == ("3001", 10, {})
    again = replace(two, job=Job("3001"))
    assert told(client.send(again)) == {"c1": True, "c2": True}
    assert told(client.send(again)) == {"c1": True, "c2": True}
    assert imports(server).count("/bulk/v1/leads.json") == 1
    assert dict(standin.members.writes) == {"c1": 1, "c2": 1}
    client.close()


def test_an_import_of_long_ago_that_marketo_forgot_is_started_again(server: StandInServer, standin: MarketoStandIn):
    client = marketo(server.url, batch_size=1)
    kept: list[str] = []
    two = batch({"c1": ANN, "c2": ANN}, columns=NAMES, job=Job("999", kept.append))
    assert told(client.send(two)) == {"c1": True, "c2": True}
    assert kept == ["3001"]
    client.close()


def test_rows_that_an_import_took_with_a_warning_are_written_again_by_a_call(
    server: StandInServer, standin: MarketoStandIn
):
    client = marketo(server.url, batch_size=1)
    standin.imports.warned = {"c2": "Invalid phone"}
    assert told(client.send(batch({"c1": ANN, "c2": ANN}, columns=NAMES))) == {"c1": True, "c2": True}
    assert dict(standin.members.writes) == {"c1": 1, "c2": 2}
    client.close()


STARTED = {"success": True, "result": [{"batchId": 3001, "status": "Queued"}]}
CREATED = {"success": True, "result": [{"id": 1, "status": "created"}]}


@pytest.mark.parametrize(
    ("state", "files"),
    [
        ({"numOfLeadsProcessed": 1}, []),
        ({}, []),
        ({"numOfLeadsProcessed": 1, "numOfRowsFailed": 1}, ["email,Import Failure Reason\nann@example.com,bad\n"]),
        ({"numOfLeadsProcessed": 1, "numOfRowsFailed": 1}, ["cdpCustomerId,Import Failure Reason\nc9,bad\n"]),
        ({"numOfLeadsProcessed": 1, "numOfRowsFailed": 1}, [""]),
        ({"numOfLeadsProcessed": 2, "numOfRowsWithWarning": 3}, ["cdpCustomerId,Reason\nc1,odd\n"]),
    ],
)
def test_an_import_that_does_not_account_for_its_rows_is_followed_by_calls(state: dict[str, Any], files: list[str]):
    complete = {"success": True, "result": [{"status": "Complete", **state}]}
    scripted = Scripted(
        *({"status": 200, "body": body} for body in (STARTED, complete)),
        *({"status": 200, "text": text} for text in files),
        {"status": 200, "body": CREATED},
    )
    with in_a_thread(scripted) as server:
        client = marketo(server.url, batch_size=1)
        assert told(client.send(batch({"c1": ANN, "c2": ANN}, columns=NAMES))) == {"c1": True, "c2": True}
        client.close()
    assert [request.path for request in scripted.asked[-2:]] == ["/rest/v1/leads.json"] * 2


def test_an_import_that_fails_is_halved_by_the_engine(server: StandInServer, standin: MarketoStandIn):
    standin.members.poison = {"c2"}
    client = marketo(server.url, batch_size=1)
    with pytest.raises(PermanentError, match="the import failed: Import failed"):
        client.send(batch({"c1": ANN, "c2": ANN}, columns=NAMES))
    client.close()


def test_an_eleventh_import_waits(server: StandInServer):
    client = marketo(server.url, batch_size=1, longest_wait_seconds=0)
    for turn in range(11):
        with pytest.raises(TransientError) as caught:
            client.send(batch({"c1": ANN, "c2": ANN}, columns=NAMES))
        assert str(caught.value) == ("the import is not over" if turn < 10 else "too many imports are queued (1016)")
    client.close()


@pytest.mark.parametrize("batch_size", [300, 1], ids=["call", "import"])
def test_what_is_too_large_is_refused_whole_so_that_its_halves_are_tried(server: StandInServer, batch_size: int):
    client = marketo(server.url, batch_size=batch_size)
    size = 600_000 if batch_size == 300 else 6_000_000
    with pytest.raises(PermanentError, match=r"would have \d+ bytes; Marketo takes"):
        client.send(batch({key: {"story": "x" * size} for key in ("c1", "c2")}, columns=("story",)))
    assert server.control.log == []
    if batch_size == 300:
        assert client.send(batch({"c1": {"story": "x" * size}}, columns=("story",)))[0].accepted
    client.close()


def test_each_call_takes_a_turn_of_the_rate_limit(server: StandInServer):
    slept: list[float] = []
    limit = RateLimit(2, 20.0, lambda: 0.0, slept.append)
    client = MarketoDestination(httpx.URL(server.url), Credentials("c", SECRET), MarketoSettings(), limit)
    for _ in range(2):
        client.send(batch({"c1": ANN}, columns=NAMES))
    client.close()
    assert slept == [20.0]


def test_it_says_how_much_it_takes():
    limits = marketo("http://127.0.0.1:9").limits
    assert (limits.batch_size, limits.concurrency, limits.addressed_by_key) == (300, 5, True)
    assert (limits.bulk_batch_size, limits.bulk_above) == (10_000, 10_000)
    assert marketo("http://127.0.0.1:9", bulk_batch_size=None).limits.bulk_batch_size is None


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after", "dropped_before", "dropped_after"])
def test_a_call_whose_answer_is_lost_is_sent_again_only_when_marketo_must_be_done_with_it(
    destination: MarketoDestination, server: StandInServer, standin: MarketoStandIn, kind: str
):
    server.control.faults.add(Fault(kind=kind, seconds=1.5, after=1))
    with pytest.raises(TransientError) as caught:
        destination.send(batch({"c1": ANN}, columns=NAMES))
    assert caught.value.retry_after == 1.0
    assert destination.send(batch({"c1": ANN}, columns=NAMES))[0].accepted
    assert standin.members.held == {"c1": ANN}


def test_an_expired_token_is_renewed_once_and_then_waited_for(server: StandInServer, standin: MarketoStandIn):
    client = marketo(server.url)
    client.send(batch({"c1": ANN}, columns=NAMES))
    standin.expire_token()
    assert client.send(batch({"c2": ANN}, columns=NAMES))[0].accepted
    client.close()
    expired = {"status": 200, "body": {"success": False, "errors": [{"code": "602", "message": "expired"}]}}
    with in_a_thread(Scripted(expired)) as canned:
        client = marketo(canned.url)
        with pytest.raises(TransientError, match="the access token expired"):
            client.send(batch({"c1": ANN}, columns=NAMES))
        client.close()


INVALID = {"success": False, "errors": [{"code": "601", "message": "Access token invalid"}]}
_NOT_MARKETO = "did not answer as Marketo's REST API does"


@pytest.mark.parametrize(
    ("answer", "error", "match"),
    [
        ({"status": 200, "body": None}, DestinationError, _NOT_MARKETO),
        ({"status": 200, "text": "<html>"}, DestinationError, _NOT_MARKETO),
        ({"status": 200, "body": ["fine"]}, DestinationError, _NOT_MARKETO),
        ({"status": 200, "body": {"success": "yes"}}, DestinationError, _NOT_MARKETO),
        ({"status": 200, "body": {"success": False, "errors": ["odd"]}}, DestinationError, _NOT_MARKETO),
        ({"status": 200, "body": INVALID}, DestinationError, "refused the credentials"),
        ({"status": 401, "body": {}}, DestinationError, "refused the credentials"),
        ({"status": 403, "body": {}}, DestinationError, "refused the credentials"),
        ({"status": 404, "body": {}}, DestinationError, "HTTP 404"),
        ({"status": 302, "headers": {"Location": "http://127.0.0.1:9/"}}, DestinationError, "HTTP 302"),
        ({"status": 413}, PermanentError, "HTTP 413"),
        ({"status": 200, "body": {"success": True}}, PermanentError, "it answered for 0 of 1 leads"),
        ({"status": 200, "body": {"success": True, "result": "fine"}}, PermanentError, "0 of 1"),
        ({"status": 200, "body": {"success": True, "result": [{}, {}]}}, PermanentError, "2 of 1"),
        ({"status": 503, "headers": {"Retry-After": "7"}}, TransientError, "HTTP 503"),
    ],
)
def test_an_answer_that_says_nothing_usable_stops_or_is_narrowed_down(
    answer: dict[str, Any], error: type[Exception], match: str
):
    with in_a_thread(Scripted(answer)) as server:
        client = marketo(server.url)
        with pytest.raises(error, match=match) as caught:
            client.send(batch({"c1": ANN}, columns=NAMES))
        client.close()
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("result", "accepted"),
    [
        ({"status": "updated"}, True),
        ({"id": "7", "status": "created"}, True),
        ({"status": "odd"}, False),
        ({"status": "skipped"}, False),
        ({"status": "skipped", "reasons": "bad"}, False),
        ({"id": None}, False),
        ("done", False),
    ],
)
def test_a_result_that_is_not_as_documented_is_a_refusal_unless_it_says_it_is_done(result: object, accepted: bool):
    with in_a_thread(Scripted({"status": 200, "body": {"success": True, "result": [result]}})) as server:
        client = marketo(server.url)
        (told_of,) = client.send(batch({"c1": ANN}, columns=NAMES))
        client.close()
    assert (told_of.accepted, bool(told_of.reason)) == (accepted, not accepted)


@pytest.mark.parametrize(
    ("answer", "error", "match"),
    [
        ({"status": 400, "body": {"error": "invalid_request"}}, DestinationError, "refused the credentials"),
        ({"status": 401, "body": {"error": "invalid_client"}}, DestinationError, "refused the credentials"),
        ({"status": 413}, DestinationError, "gave no access token"),
        ({"status": 200, "body": None}, DestinationError, "without an access token"),
        ({"status": 200, "body": {"access_token": ""}}, DestinationError, "without an access token"),
        ({"status": 200, "body": {"access_token": "é\n"}}, DestinationError, "without an access token"),
        ({"status": 503}, TransientError, "HTTP 503"),
    ],
)
def test_an_answer_without_a_token_says_why(answer: dict[str, Any], error: type[Exception], match: str):
    with in_a_thread(Canned(answer)) as server:
        client = marketo(server.url)
        with pytest.raises(error, match=match) as caught:
            client.send(batch({"c1": ANN}, columns=NAMES))
        client.close()
    assert SECRET not in str(caught.value)


def test_nothing_that_is_asked_has_a_secret_or_a_person_in_its_address(server: StandInServer):
    client = marketo(server.url, list_id=1001, batch_size=1)
    client.send(batch({"c1": ANN, "c2": ANN}, columns=NAMES))
    client.send(batch({"c1": {}}, Operation.REMOVE, columns=NAMES))
    client.send(moved())
    client.close()
    asked = repr(server.control.log)
    assert "identity" in asked
    assert not any(text in asked for text in (SECRET, "t0ken", "custom-service", "c1", "example.com"))


def test_a_mapping_that_names_what_leads_are_known_by_is_refused(
    destination: MarketoDestination, server: StandInServer
):
    with pytest.raises(DestinationError, match="the mapping names cdpCustomerId, id, by which leads are known"):
        destination.send(batch({"c1": {"id": 7, "cdpCustomerId": "c2"}}, columns=("id", "cdpCustomerId")))
    assert server.control.log == []


HERE = {"CDP_MARKETO_BASE_URL": "https://x", "CDP_MARKETO_CLIENT_ID": "i"}


@pytest.mark.parametrize(
    ("values", "env", "message"),
    [
        ({}, {}, "base_url is ''; set it, or CDP_MARKETO_BASE_URL, to an http:// or https:// address"),
        ({"base_url": "x.mktorest.com"}, {}, "base_url is 'x.mktorest.com'"),
        ({}, {"CDP_MARKETO_BASE_URL": "https://x"}, "CDP_MARKETO_CLIENT_ID is not set; it must hold the client id"),
        ({}, HERE, "CDP_MARKETO_CLIENT_SECRET is not set; it must hold the client secret"),
        ({"client_secret_variable": "OTHER"}, HERE, "OTHER is not set"),
        ({"batch_size": 301}, {}, "batch_size is 301; input should be less than or equal to 300"),
        ({"concurrency": 11}, {}, "concurrency is 11; input should be less than or equal to 10"),
        ({"lookup_field": "Id"}, {}, "lookup_field is 'Id'; marketo gives leads their id"),
        ({"lookup_field": "a b"}, {}, "lookup_field is 'a b'"),
        ({"list_id": 0}, {}, "list_id is 0"),
    ],
)
def test_a_wrong_setting_is_named(values: dict[str, Any], env: dict[str, str], message: str):
    with pytest.raises(ConfigurationError, match=message):
        MarketoDestination.from_settings(values, Settings.from_env({}), env)


def test_the_address_may_be_the_one_that_marketo_shows(server: StandInServer):
    env = HERE | {"CDP_MARKETO_BASE_URL": f"{server.url}/rest/", "CDP_MARKETO_CLIENT_SECRET": SECRET}
    client = MarketoDestination.from_settings({}, Settings.from_env({}), env)
    assert client.send(batch({"c1": ANN}, columns=NAMES))[0].accepted
    client.close()
