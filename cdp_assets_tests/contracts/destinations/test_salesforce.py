"""Salesforce as it is documented, and what our batches become there."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from cdp_assets.destinations import base
from cdp_assets.destinations.base import Job, Mode, Operation, Removal, TransientError
from cdp_assets.destinations.salesforce import SalesforceDestination
from cdp_assets.errors import ConfigurationError, DestinationError
from cdp_assets.sample.standins._faults import Fault
from cdp_assets.sample.standins._server import StandInServer
from cdp_assets.sample.standins.salesforce import SalesforceStandIn
from cdp_assets.settings import Settings
from cdp_assets_tests.contracts.destinations.batches import batch
from cdp_assets_tests.contracts.destinations.documented import batch_of, documented
from cdp_assets_tests.contracts.destinations.salesforce import (
    SECRET,
    TOKEN,
    Scripted,
    closing,
    moved,
    reasons,
    salesforce,
    standin,
)
from cdp_assets_tests.standins.destinations import in_a_thread

FIXTURES = documented("salesforce")
WITH_BATCH = [name for name, fixture in FIXTURES.items() if "batch" in fixture]
TWO = {"u-1": {"Visits__c": 1}, "u-2": {"Visits__c": 2}}
COLUMNS = ("Visits__c",)


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


def like(found: Any, told: Any) -> bool:
    """Whether an answer has all that the documented one has."""
    if isinstance(told, dict):
        return isinstance(found, dict) and all(name in found and like(found[name], told[name]) for name in told)
    if isinstance(told, list):
        return len(found) == len(told) and all(map(like, found, told))
    return bool(found == told)


def token_of(server: StandInServer) -> str:
    form = {"grant_type": "client_credentials", "client_id": "consumer-key", "client_secret": SECRET}
    token: str = httpx.post(f"{server.url}/services/oauth2/token", data=form).json()["access_token"]
    return token


@pytest.mark.parametrize("name", [name for name, fixture in FIXTURES.items() if not fixture.get("only_client")])
def test_the_stand_in_answers_as_documented(server: StandInServer, name: str):
    fixture = FIXTURES[name]
    for key, values in fixture.get("before", {}).items():
        standin(server).members.put(key, values)
    standin(server).missing = set(fixture.get("missing", []))
    headers = {"Authorization": f"Bearer {fixture.get('token') or token_of(server)}"}
    for call in fixture["calls"]:
        sent = {"json": call.get("request"), "data": call.get("form"), "content": call.get("text")}
        typed = headers | ({"Content-Type": "text/csv"} if "text" in call else {})
        options = {kind: value for kind, value in sent.items() if value is not None}
        url = server.url + call["path"]
        answer = httpx.request(call["method"], url, params=call.get("query"), headers=typed, **options)
        response = call["response"]
        assert answer.status_code == response["status"]
        if "text" in response:
            assert answer.text == response["text"]
        elif "body" in response:
            assert like(answer.json(), response["body"]), answer.json()
    assert held(server) == fixture["held"]


@pytest.mark.parametrize("name", WITH_BATCH)
def test_the_client_asks_and_reads_as_documented(name: str):
    fixture = FIXTURES[name]
    scripted = Scripted(fixture["calls"])
    with in_a_thread(scripted) as server, closing(salesforce(server.url, **fixture.get("settings", {}))) as client:
        told(fixture, lambda: {one.key: one.accepted for one in client.send(batch_of(fixture, TWO))})
    assert_asked(scripted, fixture)


def told(fixture: dict[str, Any], send: Callable[[], dict[str, bool]]) -> None:
    """Sending comes to what the fixture says."""
    if "raises" not in fixture:
        assert send() == fixture["results"]
        return
    error = {"DestinationError": DestinationError}.get(fixture["raises"]) or getattr(base, fixture["raises"])
    with pytest.raises(error, match=fixture.get("why")) as caught:
        send()
    assert SECRET not in str(caught.value)
    assert TOKEN not in str(caught.value)


def assert_asked(scripted: Scripted, fixture: dict[str, Any]) -> None:
    """The requests were the fixture's, and nothing else."""
    assert len(scripted.asked) == len(fixture["calls"])
    for request, call in zip(scripted.asked, fixture["calls"], strict=True):
        assert (request.method, request.path) == (call["method"], call["path"])
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        assert request.query == call.get("query", {})
        if "text" in call:
            assert request.body.decode() == call["text"]
            assert request.headers["content-type"].startswith("text/csv")
        elif "request" in call:
            assert request.json() == call["request"]


def test_the_client_logs_in_as_documented():
    scripted = Scripted(FIXTURES["upsert"]["calls"])
    with in_a_thread(scripted) as server, closing(salesforce(server.url)) as client:
        client.send(batch_of(FIXTURES["upsert"], {}))
    (login,) = scripted.logins
    (call,) = FIXTURES["token"]["calls"]
    assert dict(parse_qsl(login.body.decode())) == call["form"]


def test_values_arrive_as_salesforce_reads_them(destination: SalesforceDestination, server: StandInServer):
    values = {
        "day": date(2026, 6, 30),
        "moment": datetime(2026, 6, 30, 14, tzinfo=timezone(timedelta(hours=2))),
        "short": Decimal("12.3400"),
        "long": Decimal("0.1234567890123456789"),
        "yes": True,
        "several": ["red", "blue"],
        "nested": {"a": [1]},
        "no_number": Decimal("NaN"),
        "gone": None,
        "empty": "",
        "looks_null": "#N/A",
    }
    assert reasons(destination, batch({"u-1": values}, columns=tuple(values))) == {}
    assert held(server)["u-1"] == {
        "day": "2026-06-30",
        "moment": "2026-06-30T12:00:00Z",
        "short": 12.34,
        "long": 0.12345678901234568,
        "yes": True,
        "several": "red;blue",
        "nested": '{"a":[1]}',
        "looks_null": "#N/A",
    }


@pytest.mark.parametrize("mode", [Mode.MIRROR, Mode.UPSERT])
def test_a_change_of_a_record_that_somebody_deleted_makes_it_again(
    destination: SalesforceDestination, server: StandInServer, mode: Mode
):
    assert reasons(destination, batch(TWO, Operation.CHANGE, mode=mode, columns=COLUMNS)) == {}
    assert held(server) == TWO


@pytest.mark.parametrize("mode", [Mode.MIRROR, Mode.UPDATE, Mode.INSERT])
def test_a_merged_customers_record_gets_the_new_external_id_and_is_the_same_record(
    destination: SalesforceDestination, server: StandInServer, mode: Mode
):
    for key in ("old", "u-2") if mode is Mode.UPDATE else ("old",):
        standin(server).members.put(key, {"kept": 1})
    record = standin(server).records.id_of("old")
    sent = replace(batch(operation=Operation.CHANGE, mode=mode, columns=COLUMNS), rows=moved())
    for _ in range(2):  # sent again, it finds the record under its new id
        refused = reasons(destination, replace(sent, job=Job()))
    assert held(server)["new"] == {"kept": 1, "Visits__c": 7}
    assert "old" not in held(server)
    assert standin(server).records.id_of("new") == record
    assert set(refused) <= ({"new", "u-2"} if mode is Mode.INSERT else set())


@pytest.mark.parametrize(
    ("removal", "left"),
    [
        (Removal.DELETE, {}),
        (Removal.CLEAR_FIELDS, {"old": {"kept": 1}}),
        (Removal.NOTHING, {"old": {"Visits__c": 6, "kept": 1}}),
    ],
)
def test_a_merged_customer_who_has_a_record_under_the_new_id_leaves_the_former_one(
    destination: SalesforceDestination, server: StandInServer, removal: Removal, left: dict[str, Any]
):
    standin(server).members.put("old", {"Visits__c": 6, "kept": 1})
    standin(server).members.put("new", {"Visits__c": 1})
    sent = replace(batch(operation=Operation.CHANGE, removal=removal, columns=COLUMNS), rows=moved())
    assert reasons(destination, sent) == {}
    assert held(server) == {"new": {"Visits__c": 7}, "u-2": {"Visits__c": 2}} | left


def test_a_former_record_that_stays_is_told(destination: SalesforceDestination, server: StandInServer):
    for key in ("old", "new"):
        standin(server).members.put(key, {"Visits__c": 1})
    standin(server).members.refused = {"old": "it has open cases"}
    sent = replace(batch(operation=Operation.CHANGE, columns=COLUMNS), rows=moved())
    assert reasons(destination, sent) == {"new": "its former record was not removed: DELETE_FAILED: it has open cases"}


def test_a_former_record_that_another_row_claims_stays_that_rows(
    destination: SalesforceDestination, server: StandInServer
):
    standin(server).members.put("old", {"kept": 1})
    rows = (*moved(), replace(moved()[1], key="old"))
    sent = replace(batch(operation=Operation.CHANGE, columns=COLUMNS), rows=rows)
    for _ in range(2):
        assert reasons(destination, sent) == {}
    assert held(server) == {"old": {"kept": 1, "Visits__c": 2}, "new": {"Visits__c": 7}, "u-2": {"Visits__c": 2}}


@pytest.mark.parametrize("kind", ["timeout_after", "dropped_after"])
def test_an_insertion_whose_answer_was_lost_is_looked_up(
    destination: SalesforceDestination, server: StandInServer, kind: str
):
    standin(server).members.put("u-1", {"Visits__c": 9})
    kept: list[str] = []
    sent = batch(TWO, mode=Mode.INSERT, columns=COLUMNS, job=Job(None, kept.append))
    server.control.faults.add(Fault(kind=kind, seconds=1.5, after=2))
    with pytest.raises(TransientError):
        destination.send(sent)
    again = replace(sent, job=Job(kept[-1]))
    refused = reasons(destination, again)
    assert list(refused) == ["u-1"]
    assert "was there already" in refused["u-1"]
    assert standin(server).members.writes["u-2"] == 1


def test_an_insertion_that_arrives_late_counts_as_ours(destination: SalesforceDestination, server: StandInServer):
    """The look-up of the second attempt finds nothing, and then the first one's record is there."""
    scripted = [
        {"compositeResponse": [{"httpStatusCode": 200, "body": {"done": True, "records": []}}]},
        [{"success": False, "errors": [{"statusCode": "DUPLICATE_VALUE", "message": "duplicate value found"}]}],
        {
            "compositeResponse": [
                {
                    "httpStatusCode": 200,
                    "body": {"done": True, "records": [{"Id": "003", "CDP_Customer_Id__c": "u-1"}]},
                }
            ]
        },
    ]
    calls = [{"response": {"status": 200, "body": body}} for body in scripted]
    with in_a_thread(Scripted(calls)) as late, closing(salesforce(late.url)) as client:
        sent = batch({"u-1": {}}, mode=Mode.INSERT, columns=COLUMNS, job=Job("existed=0"))
        assert reasons(client, sent) == {}


def test_keys_are_found_as_the_field_compares_them_and_a_blank_one_finds_nobody(
    destination: SalesforceDestination, server: StandInServer
):
    for key in ("it's \\ \n\t\u0001 日本", "ABC", ""):
        standin(server).members.put(key, {"Visits__c": 1})
    rows = {"it's \\ \n\t\u0001 日本": {}, "": {}, " ": {}, "x" * 300: {}}
    assert reasons(destination, batch(rows, Operation.REMOVE, columns=COLUMNS)) == {}
    assert set(held(server)) == {"ABC", ""}


def test_a_field_that_is_not_case_sensitive_is_followed():
    records = [{"Id": "0031", "CDP_Customer_Id__c": "ABC"}, {"Id": "0032", "CDP_Customer_Id__c": "u-1 "}]
    calls = [
        {"compositeResponse": [{"httpStatusCode": 200, "body": {"done": True, "records": records}}]},
        [{"id": "0031", "success": True, "errors": []}, {"id": "0032", "success": True, "errors": []}],
    ]
    scripted = Scripted([{"response": {"status": 200, "body": body}} for body in calls])
    with in_a_thread(scripted) as server, closing(salesforce(server.url)) as client:
        assert reasons(client, batch({"abc": {}, "u-1": {}}, Operation.REMOVE, columns=COLUMNS)) == {}
    assert scripted.asked[1].query["ids"] == "0031,0032"


def test_of_several_records_with_one_external_id_none_is_touched():
    records = [{"Id": f"003{n}", "CDP_Customer_Id__c": "u-1"} for n in range(2)]
    body = {"compositeResponse": [{"httpStatusCode": 200, "body": {"done": True, "records": records}}]}
    with in_a_thread(Scripted([{"response": {"status": 200, "body": body}}])) as server:
        with closing(salesforce(server.url)) as client:
            refused = reasons(client, batch({"u-1": {}}, Operation.REMOVE, columns=COLUMNS))
        assert refused == {"u-1": "2 records have its CDP_Customer_Id__c; merge them, and make the field unique"}
        assert len(server.control.log) == 2


def test_what_was_refused_whole_is_applied_without_the_row_at_fault(
    destination: SalesforceDestination, server: StandInServer
):
    standin(server).members.poison = {"u-2"}
    with pytest.raises(base.PermanentError, match="HTTP 400: JSON_PARSER_ERROR"):
        destination.send(batch(TWO, columns=COLUMNS))
    assert held(server) == {}


def test_an_expired_token_is_renewed_once_for_all(destination: SalesforceDestination, server: StandInServer):
    destination.send(batch(TWO, columns=COLUMNS))
    standin(server).expire_token()
    assert reasons(destination, batch(TWO, columns=COLUMNS)) == {}
    assert [one.status for one in server.control.log] == [200, 200, 401, 200, 200]


def test_threads_share_the_connection_and_its_token(destination: SalesforceDestination, server: StandInServer):
    def send(number: int) -> dict[str, str]:
        rows = {f"{number}-{one}": {"Visits__c": one} for one in range(100)}
        return reasons(destination, batch(rows, name=f"{number:08}", columns=COLUMNS))

    server.control.faults.add(Fault(kind="token_expired", after=5))
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(send, range(24))) == [{}] * 24
    assert set(standin(server).members.writes.values()) == {1}
    assert len(held(server)) == 2400
    assert [one.path for one in server.control.log].count("/services/oauth2/token") == 2


@pytest.mark.parametrize("wait", ["seconds", "date"])
def test_a_wait_that_is_asked_for_reaches_the_engine(server: StandInServer, wait: str):
    server.control.faults.add(Fault(kind="rate_limited", seconds=30, wait=wait, after=1))
    found = SalesforceDestination.from_settings(
        {"base_url": server.url},
        Settings.from_env({}),
        {"CDP_SALESFORCE_CLIENT_ID": "k", "CDP_SALESFORCE_CLIENT_SECRET": SECRET},
    )
    with closing(found) as client, pytest.raises(TransientError) as caught:
        client.send(batch(TWO, columns=COLUMNS))
    assert caught.value.retry_after is not None
    assert 28 <= caught.value.retry_after <= 31


def test_an_answer_is_not_waited_for_longer_than_was_set(server: StandInServer):
    server.control.faults.add(Fault(kind="slow", seconds=1.0, after=1))
    with (
        closing(salesforce(server.url, timeout_seconds=0.2)) as client,
        pytest.raises(TransientError, match="the request timed out"),
    ):
        client.send(batch(TWO, columns=COLUMNS))


@pytest.mark.parametrize("after", [0, 1])
@pytest.mark.parametrize(
    "kind", ["server_error", "timeout_before", "timeout_after", "dropped_before", "dropped_after", "rate_limited"]
)
def test_what_may_pass_is_transient(destination: SalesforceDestination, server: StandInServer, kind: str, after: int):
    server.control.faults.add(Fault(kind=kind, seconds=1.5, wait="nothing", after=after))
    with pytest.raises(TransientError):
        destination.send(batch(TWO, columns=COLUMNS))
    assert reasons(destination, batch(TWO, columns=COLUMNS)) == {}
    assert held(server) == TWO


@pytest.mark.parametrize("operation", [Operation.ADD, Operation.REMOVE])
@pytest.mark.parametrize(
    "response",
    [
        {"status": 200},
        {"status": 200, "text": "<html>Sign in</html>"},
        {"status": 200, "body": 7},
        {"status": 200, "body": {"fine": True}},
        {"status": 200, "body": [{"success": True}]},
        {"status": 200, "body": {"compositeResponse": [{}]}},
        {
            "status": 200,
            "body": {"compositeResponse": [{"httpStatusCode": 200, "body": {"done": False, "records": []}}]},
        },
        {
            "status": 200,
            "body": {"compositeResponse": [{"httpStatusCode": 200, "body": {"done": True, "records": [1]}}]},
        },
        {"status": 404, "text": "not here"},
        {"status": 302, "headers": {"Location": "http://127.0.0.1:9/"}},
        {"status": 401, "body": f"{TOKEN} is no session"},
    ],
)
def test_an_answer_that_is_not_documented_stops_the_run(operation: Operation, response: dict[str, Any]):
    scripted = Scripted([{"response": response}] * 2)
    with (
        in_a_thread(scripted) as server,
        closing(salesforce(server.url)) as client,
        pytest.raises(DestinationError) as caught,
    ):
        client.send(batch(TWO, operation, columns=COLUMNS))
    assert TOKEN not in str(caught.value)
    assert "u-1" not in str(caught.value)


def test_only_a_locked_row_is_to_be_tried_again_in_the_run():
    scripted = Scripted([*FIXTURES["one_locked"]["calls"], *FIXTURES["row_errors"]["calls"]])
    with in_a_thread(scripted) as server, closing(salesforce(server.url)) as client:
        said = [[one.transient for one in client.send(batch_of(FIXTURES["upsert"], {}))] for _ in range(2)]
    assert said == [[True, False], [False, False]]


def test_a_result_that_says_nothing_is_a_refusal():
    scripted = Scripted([{"response": {"status": 200, "body": [None, {}]}}])
    with in_a_thread(scripted) as server, closing(salesforce(server.url)) as client:
        refused = reasons(client, batch(TWO, columns=COLUMNS))
    assert refused == {"u-1": "the answer says nothing of the row", "u-2": "no reason given"}


def test_a_wrong_secret_is_told_without_it(server: StandInServer):
    said = r"refused the credentials \(HTTP 400 invalid_client\)"
    with (
        closing(salesforce(server.url, secret="another")) as client,
        pytest.raises(DestinationError, match=said) as caught,
    ):
        client.send(batch(TWO, columns=COLUMNS))
    assert "another" not in str(caught.value)


@pytest.mark.parametrize("name", ["Id", "attributes", "CDP_Customer_Id__c"])
def test_a_mapping_that_would_address_other_records_is_refused(
    destination: SalesforceDestination, server: StandInServer, name: str
):
    with pytest.raises(DestinationError, match=f"the mapping names {name}, by which Salesforce addresses records"):
        destination.send(batch({"u-1": {name: "x"}}, columns=(name,)))
    assert server.control.log == []


def test_a_dry_run_shows_the_records_that_would_be_sent(destination: SalesforceDestination, server: StandInServer):
    added = batch({"u-1": {"Visits__c": Decimal("1.5")}}, columns=COLUMNS)
    assert destination.payload(added) == {
        "object": "Contact",
        "external_id_field": "CDP_Customer_Id__c",
        "records": [{"CDP_Customer_Id__c": "u-1", "Visits__c": 1.5}],
    }
    removed = batch(TWO, Operation.REMOVE, columns=COLUMNS)
    assert destination.payload(removed)["delete"] == ["u-1", "u-2"]
    cleared = destination.payload(replace(removed, removal=Removal.CLEAR_FIELDS))
    assert cleared["records"][0] == {"CDP_Customer_Id__c": "u-1", "Visits__c": None}
    assert server.control.log == []


def test_another_org_object_or_external_id_is_another_target():
    made = [
        salesforce("https://acme.my.salesforce.com"),
        salesforce("https://other.my.salesforce.com"),
        salesforce("https://acme.my.salesforce.com", object="Lead"),
        salesforce("https://acme.my.salesforce.com", external_id_field="Other__c"),
    ]
    assert made[0].target == "salesforce https://acme.my.salesforce.com Contact CDP_Customer_Id__c"
    assert len({one.target for one in made}) == len(made)


@pytest.mark.parametrize(
    ("values", "env", "message"),
    [
        ({}, {}, "base_url is ''; set it, or CDP_SALESFORCE_BASE_URL, to an http:// or https:// address"),
        ({"base_url": "https://x"}, {}, "CDP_SALESFORCE_CLIENT_ID is not set; it must hold the consumer key"),
        (
            {"base_url": "https://x"},
            {"CDP_SALESFORCE_CLIENT_ID": "k", "CDP_SALESFORCE_CLIENT_SECRET": " "},
            "CDP_SALESFORCE_CLIENT_SECRET is not set; it must hold the consumer secret",
        ),
        ({"batch_size": 201}, {}, "batch_size is 201; input should be less than or equal to 200"),
        ({"object": "Contact WHERE"}, {}, "object is 'Contact WHERE'"),
        ({"external_id_field": "a') OR ('"}, {}, "external_id_field is "),
    ],
)
def test_a_wrong_setting_is_named(values: dict[str, Any], env: dict[str, str], message: str):
    with pytest.raises(ConfigurationError, match=message.replace("(", r"\(")):
        SalesforceDestination.from_settings(values, Settings.from_env({}), env)
