"""Answers that say to wait, to stop, or nothing that can be used."""

from typing import Any

import pytest

from cdp_assets.destinations.base import Mode, PermanentError, TransientError
from cdp_assets.destinations.marketo import MarketoDestination
from cdp_assets.errors import DestinationError
from cdp_assets.sample.standins._faults import Fault
from cdp_assets.sample.standins._server import StandInServer
from cdp_assets.sample.standins.marketo import MarketoStandIn
from cdp_assets_tests.contracts.destinations.batches import batch
from cdp_assets_tests.contracts.destinations.documented import Canned
from cdp_assets_tests.contracts.destinations.marketo.client import ANN, NAMES, SECRET, Scripted, leads, marketo
from cdp_assets_tests.standins.destinations import in_a_thread


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


def test_a_lead_without_an_id_is_not_said_to_be_on_the_list():
    written = {"status": 200, "body": {"success": True, "result": [{"status": "created"}]}}
    with in_a_thread(Scripted(written)) as server:
        client = marketo(server.url, list_id=1001)
        (result,) = client.send(batch({"c1": ANN}, columns=NAMES))
        client.close()
    assert (result.accepted, "did not tell the lead's id" in result.reason) == (False, True)


def test_an_insertion_whose_lead_cannot_be_searched_for_is_not_said_to_be_on_the_list(
    on_a_list: MarketoDestination, standin: MarketoStandIn
):
    leads(standin, {"cdpCustomerId": "a,b"})
    (result,) = on_a_list.send(batch({"a,b": ANN}, mode=Mode.INSERT, columns=NAMES))
    assert (result.accepted, "did not tell the lead's id" in result.reason) == (False, True)
