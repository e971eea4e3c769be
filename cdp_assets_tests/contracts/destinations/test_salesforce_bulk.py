"""Salesforce's bulk jobs: as documented, interrupted at every request, and gone on with."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
import requests

from cdp_assets.destinations._salesforce import bulk
from cdp_assets.destinations._salesforce.bulk import Ingest, Patience
from cdp_assets.destinations._salesforce.connection import Connection, Credentials
from cdp_assets.destinations._salesforce.records import in_csv
from cdp_assets.destinations.base import Batch, Job, Mode, Operation, PermanentError, Removal, Row, TransientError
from cdp_assets.destinations.salesforce import SalesforceDestination
from cdp_assets.errors import DestinationError
from cdp_assets.sample.standins._faults import Fault
from cdp_assets.sample.standins._server import StandInServer
from cdp_assets.sample.standins.salesforce import SalesforceStandIn
from cdp_assets_tests.contracts.destinations.batches import HOSTILE, batch
from cdp_assets_tests.contracts.destinations.documented import documented
from cdp_assets_tests.contracts.destinations.salesforce import (
    NOW,
    SECRET,
    Scripted,
    closing,
    reasons,
    salesforce,
    standin,
)
from cdp_assets_tests.contracts.destinations.test_salesforce import assert_asked, told
from cdp_assets_tests.standins.destinations import in_a_thread

FIXTURES = {name: fixture for name, fixture in documented("salesforce").items() if "records" in fixture}
MANY = {f"u-{n}": {"Visits__c": n} for n in range(250)}
TEXTS = {key: {"Visits__c": str(values["Visits__c"])} for key, values in MANY.items()}
COLUMNS = ("Visits__c",)
REQUESTS = 8  # of an upsert: token, create, upload, close, two looks, two results


class Killed(BaseException):
    """The process is gone."""


@pytest.fixture
def server() -> Iterator[StandInServer]:
    with in_a_thread(SalesforceStandIn(SECRET)) as found:
        yield found


@pytest.fixture
def destination(server: StandInServer) -> Iterator[SalesforceDestination]:
    with closing(salesforce(server.url)) as made:
        yield made


def held(server: StandInServer) -> dict[str, dict[str, Any]]:
    return standin(server).members.held


def done(server: StandInServer) -> list[str]:
    """The operations of the jobs that were carried out."""
    return [job.asked["operation"] for job in standin(server).jobs.all.values() if job.state == "JobComplete"]


@pytest.mark.parametrize("name", list(FIXTURES))
def test_a_job_goes_as_documented(name: str):
    fixture = FIXTURES[name]
    scripted, kept = Scripted(fixture["calls"]), []
    with in_a_thread(scripted) as server:
        connection = Connection(httpx.URL(server.url), Credentials("k", SECRET), "65.0", 1.0, 1, lambda: NOW)
        ingest = Ingest(connection, "Contact", "CDP_Customer_Id__c", Patience(0.001, 1.0))
        job = Job(None, lambda name: kept.append((name, len(scripted.asked))))

        def run() -> dict[str, bool]:
            results = ingest.run(job, "upsert", lambda: fixture["records"], "CDP_Customer_Id__c")
            return {key: not results.reason(key) for key in ("u-1", "u-2")}

        told(fixture, run)
        connection.close()
    assert_asked(scripted, fixture)
    assert kept == [("750000000000000001", 1)]


@pytest.mark.parametrize("operation", list(Operation))
def test_every_row_of_a_job_gets_its_result_whatever_is_in_it(
    destination: SalesforceDestination, server: StandInServer, operation: Operation
):
    long = {"long": {"EMAIL": "x" * 1_000_000, "NAME": "a"}, "looks null": {"EMAIL": "#N/A", "NAME": ""}}
    rows = {f"{n}": {"EMAIL": f"{n}", "NAME": "x"} for n in range(300)} | HOSTILE | long
    if operation is Operation.REMOVE:
        destination.send(batch(rows))
    assert reasons(destination, batch(rows, operation)) == {}
    if operation is Operation.REMOVE:
        assert held(server) == {}
        return
    assert held(server)["looks null"] == {"EMAIL": "#N/A"}
    assert held(server)["none"] == {}
    assert held(server)['quo"te,\r\nline'] == {"EMAIL": 'a"b', "NAME": "two\nlines, and\tmore"}
    assert held(server)["日本 🏙"]["EMAIL"] == "é\u0301"
    assert held(server)["typed"] == {"EMAIL": "12.34", "NAME": "2026-06-30T12:00:00Z"}
    assert held(server)["more"] == {"EMAIL": "2026-06-30", "NAME": "true"}


def test_null_and_empty_take_a_value_away_as_in_a_small_load(destination: SalesforceDestination, server: StandInServer):
    for key in MANY:
        standin(server).members.put(key, {"Visits__c": "1"})
    rows = {key: {"Visits__c": "" if number % 2 else None} for number, key in enumerate(MANY)}
    assert reasons(destination, batch(rows, Operation.CHANGE, columns=COLUMNS)) == {}
    assert held(server) == {key: {} for key in MANY}


def test_csv_quotes_what_would_end_a_cell_or_a_line():
    cells = {
        "comma": "a,b",
        "quote": '"a"',
        "return": "a\rb",
        "feed": "a\nb",
        "blank": " a ",
        "null": None,
        "no": False,
    }
    line = '"a,b","""a""","a\rb","a\nb", a ,#N/A,false\n'
    assert in_csv([cells, {"blank": "only"}]) == f"{','.join(cells)}\n{line},,,,only,,\n"


SENT: dict[str, tuple[Batch, list[str], dict[str, dict[str, Any]]]] = {
    "upsert": (batch(MANY, columns=COLUMNS), ["u-0"], TEXTS),
    "update": (batch(MANY, Operation.CHANGE, mode=Mode.UPDATE, columns=COLUMNS), list(MANY), TEXTS),
    "insert": (batch(MANY, mode=Mode.INSERT, columns=COLUMNS), [], TEXTS),
    "delete": (batch({key: {} for key in MANY}, Operation.REMOVE, columns=COLUMNS), list(MANY), {}),
    "clear": (
        batch(MANY, Operation.REMOVE, removal=Removal.CLEAR_FIELDS, columns=COLUMNS),
        list(MANY),
        {key: {} for key in MANY},
    ),
}


@pytest.mark.parametrize("sent", SENT)
@pytest.mark.parametrize("moment", ["asked", "answered"])
@pytest.mark.parametrize("number", range(REQUESTS))
def test_killed_at_any_request_and_sent_again_each_row_is_written_once(
    server: StandInServer, monkeypatch: pytest.MonkeyPatch, sent: str, moment: str, number: int
):
    wanted, before, after = SENT[sent]
    for key in before:
        standin(server).members.put(key, {"Visits__c": "before"})
    standin(server).members.writes.clear()
    kept: list[str] = []
    with monkeypatch.context() as patched, closing(salesforce(server.url)) as first:
        _kill_at(patched, moment, number)
        with pytest.raises(Killed):
            first.send(replace(wanted, job=Job(None, kept.append)))
    with closing(salesforce(server.url)) as second:
        assert reasons(second, replace(wanted, job=Job(kept[-1] if kept else None, kept.append))) == {}
    assert held(server) == after
    assert standin(server).members.writes == dict.fromkeys(MANY, 1)
    assert len(done(server)) == 1


def _kill_at(patched: pytest.MonkeyPatch, moment: str, number: int) -> None:
    left, inner = number, requests.Session.send

    def counting(session: requests.Session, *arguments: Any, **options: Any) -> requests.Response:
        nonlocal left
        if left == 0 and moment == "asked":
            raise Killed
        answer = inner(session, *arguments, **options)
        if left == 0:
            raise Killed
        left -= 1
        return answer

    patched.setattr(requests.Session, "send", counting)


@pytest.mark.parametrize("number", range(REQUESTS))
@pytest.mark.parametrize("kind", ["server_error", "timeout_before", "timeout_after", "dropped_before", "dropped_after"])
def test_a_request_that_fails_is_overcome_by_the_next_attempt(server: StandInServer, kind: str, number: int):
    server.control.faults.add(Fault(kind=kind, seconds=0.4, after=number))
    with closing(salesforce(server.url, timeout_seconds=0.3)) as client:
        sent = batch(MANY, columns=COLUMNS)
        with pytest.raises(TransientError):
            client.send(sent)
        assert reasons(client, sent) == {}
    assert held(server) == TEXTS
    assert standin(server).members.writes == dict.fromkeys(MANY, 1)


def test_an_insertion_refuses_who_was_there_also_when_it_is_gone_on_with(
    destination: SalesforceDestination, server: StandInServer
):
    standin(server).members.put("u-7", {"Visits__c": "before"})
    kept: list[str] = []
    sent = batch(MANY, mode=Mode.INSERT, columns=COLUMNS, job=Job(None, kept.append))
    first = reasons(destination, sent)
    again = reasons(destination, replace(sent, job=Job(kept[-1])))
    assert first == again
    assert list(first) == ["u-7"]
    assert "was there already" in first["u-7"]
    assert held(server)["u-7"] == {"Visits__c": "before"}


def test_what_a_job_cannot_say_goes_beside_it_and_is_remembered(
    destination: SalesforceDestination, server: StandInServer
):
    """In mode insert both the job and the rows beside it must be found again."""
    standin(server).members.put("old", {"kept": "1"})
    sent = batch(MANY | {"null": {"Visits__c": "#N/A"}}, mode=Mode.INSERT, columns=COLUMNS)
    kept: list[str] = []
    sent = replace(
        sent, rows=(*sent.rows, Row("new", {"Visits__c": "7"}, previous_key="old")), job=Job(None, kept.append)
    )
    assert reasons(destination, sent) == {}
    again = replace(sent, rows=sent.rows[:-1], job=Job(kept[-1]))
    assert reasons(destination, again) == {}
    assert held(server) == TEXTS | {"null": {"Visits__c": "#N/A"}, "new": {"kept": "1", "Visits__c": "7"}}
    assert len(done(server)) == 1


def test_a_row_that_is_refused_is_told_and_the_others_are_kept(
    destination: SalesforceDestination, server: StandInServer
):
    standin(server).members.refused = {"u-3": "disallowed"}
    refused = reasons(destination, batch(MANY, columns=COLUMNS))
    assert list(refused) == ["u-3"]
    assert refused["u-3"].startswith("FIELD_CUSTOM_VALIDATION_EXCEPTION:disallowed")
    assert held(server).keys() == MANY.keys() - {"u-3"}


def test_a_row_that_spoils_its_job_has_it_refused_whole(destination: SalesforceDestination, server: StandInServer):
    standin(server).members.poison = {"u-3"}
    with pytest.raises(PermanentError, match="bulk job failed: "):
        destination.send(batch(MANY, columns=COLUMNS))
    assert held(server) == {}


def test_a_job_that_somebody_aborts_tells_what_was_not_processed(
    destination: SalesforceDestination, server: StandInServer
):
    def abort(_: float) -> None:
        (job,) = standin(server).jobs.all.values()
        job.state, job.unprocessed = "Aborted", job.rows()

    destination._writer._bulk._patience = Patience(0.001, 5.0, sleep=abort)
    refused = reasons(destination, batch(MANY, columns=COLUMNS))
    assert set(refused.values()) == {"bulk job aborted before the row was processed; the next run sends it again"}
    assert len(refused) == len(MANY)


def test_a_job_that_takes_longer_is_waited_for_by_the_next_attempt(
    destination: SalesforceDestination, server: StandInServer
):
    times = iter([0.0, 0.0, 1801.0])
    patience, destination._writer._bulk._patience = (
        destination._writer._bulk._patience,
        Patience(0.001, 1800.0, lambda: next(times)),
    )
    sent = batch(MANY, columns=COLUMNS)
    with pytest.raises(TransientError, match="not done after 1800 s; it goes on"):
        destination.send(sent)
    destination._writer._bulk._patience = patience
    assert reasons(destination, sent) == {}
    assert done(server) == ["upsert"]


@pytest.mark.parametrize("name", ["bulk=750999999999999999", "nonsense", "bulk=", ";="])
def test_a_job_that_is_not_there_any_more_is_started_anew(
    destination: SalesforceDestination, server: StandInServer, name: str
):
    assert reasons(destination, batch(MANY, columns=COLUMNS, job=Job(name))) == {}
    assert held(server) == TEXTS


def test_rows_too_large_for_a_job_are_refused_whole_so_that_halves_are_tried(
    destination: SalesforceDestination, server: StandInServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(bulk, "MOST_BYTES", 1000)
    with pytest.raises(PermanentError, match="bytes of CSV; a bulk job takes 1,000"):
        destination.send(batch(MANY, columns=COLUMNS))
    assert standin(server).jobs.all == {}


OPEN = {"status": 200, "body": {"id": "750", "state": "Open"}}
CLOSED = {"status": 200, "body": {"id": "750", "state": "JobComplete"}}


@pytest.mark.parametrize(
    "responses",
    [
        [{"status": 200, "text": "<html>"}],
        [{"status": 200, "body": {"state": "Open"}}],
        [{"status": 200, "body": [1]}],
        [OPEN, {"status": 200}],
        [OPEN, {"status": 201}, {"status": 200, "body": {}}],
        [OPEN, {"status": 201}, CLOSED, {"status": 200, "text": "a\nb,c,d\n"}],
        [OPEN, {"status": 201}, CLOSED, {"status": 200, "text": "sf__Id\n1\n"}],
        [
            OPEN,
            {"status": 201},
            CLOSED,
            {"status": 200, "text": ""},
            {"status": 200, "text": "CDP_Customer_Id__c\nu-1\n"},
        ],
    ],
)
def test_a_job_that_is_not_as_documented_stops_the_run(responses: list[dict[str, Any]]):
    scripted = Scripted([{"response": response} for response in responses])
    with (
        in_a_thread(scripted) as server,
        closing(salesforce(server.url)) as client,
        pytest.raises(DestinationError, match=r"told of a bulk job|not documented"),
    ):
        client.send(batch(MANY, columns=COLUMNS))


@pytest.mark.parametrize("mode", [Mode.MIRROR, Mode.INSERT])
def test_a_row_that_no_result_mentions_is_a_refusal(mode: Mode):
    empty = {"status": 200, "text": ""}
    nobody = {"httpStatusCode": 200, "body": {"done": True, "records": []}}
    looked_up = [{"status": 200, "body": {"compositeResponse": [nobody] * 2}}] * (mode is Mode.INSERT)
    scripted = Scripted([{"response": one} for one in (*looked_up, OPEN, {"status": 201}, CLOSED, empty, empty)])
    with in_a_thread(scripted) as server, closing(salesforce(server.url)) as client:
        refused = reasons(client, batch(MANY, mode=mode, columns=COLUMNS))
    assert refused == dict.fromkeys(MANY, "the bulk job's results do not mention it")


def test_a_job_that_cannot_be_made_stops_the_run(server: StandInServer):
    """Halving its rows would not help."""
    said = r"makes no bulk job of Contact \(HTTP 400: INVALIDJOB: .*Field name not found : Other__c\)"
    with (
        closing(salesforce(server.url, external_id_field="Other__c")) as client,
        pytest.raises(DestinationError, match=said),
    ):
        client.send(batch(MANY, columns=COLUMNS))


def test_a_job_that_goes_on_while_it_is_aborted_is_looked_at_again(destination: SalesforceDestination):
    refused = {"status": 400, "body": [{"errorCode": "INVALIDJOBSTATE", "message": "it is UploadComplete"}]}
    scripted = Scripted([{"response": one} for one in (OPEN, refused)])
    with (
        in_a_thread(scripted) as server,
        closing(salesforce(server.url)) as client,
        pytest.raises(TransientError, match="went on while it was aborted"),
    ):
        client.send(batch(MANY, columns=COLUMNS, job=Job("bulk=750")))


def test_a_list_that_reads_as_null_goes_beside_the_job(destination: SalesforceDestination, server: StandInServer):
    assert reasons(destination, batch(MANY | {"list": {"Visits__c": ["#N/A"]}}, columns=COLUMNS)) == {}
    assert held(server)["list"] == {"Visits__c": "#N/A"}


def test_the_engine_is_told_when_to_cut_larger_batches(destination: SalesforceDestination):
    assert (destination.limits.batch_size, destination.limits.bulk_above) == (200, 2000)
    assert destination.limits.bulk_batch_size == 10_000
