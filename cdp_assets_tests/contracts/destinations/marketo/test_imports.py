"""Large batches are imported in bulk, and no row of an import is lost sight of."""

from dataclasses import replace
from typing import Any

import pytest

from cdp_assets.destinations.base import Job, Mode, Operation, PermanentError, TransientError
from cdp_assets.sample.standins._server import StandInServer
from cdp_assets.sample.standins.marketo import MarketoStandIn
from cdp_assets_tests.contracts.destinations.batches import batch
from cdp_assets_tests.contracts.destinations.marketo.client import ANN, NAMES, Scripted, leads, marketo, told
from cdp_assets_tests.standins.destinations import in_a_thread


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
        ({"numOfLeadsProcessed": 1, "numOfRowsFailed": 1}, [f"cdpCustomerId,Why\n{'x' * 200_000},bad\n"]),
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
