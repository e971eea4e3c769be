"""What becomes of a request to Google: kept, asked about, given up on, halved, sent again."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from cdp_assets.destinations._google_ads.credentials import Credentials
from cdp_assets.destinations._google_ads.settings import CREDENTIALS, GoogleAdsSettings
from cdp_assets.destinations.base import Batch, Job, Operation, PermanentError, TransientError
from cdp_assets.destinations.google_ads import GoogleAdsDestination
from cdp_assets.errors import DestinationError
from cdp_assets.sample.standins._faults import Fault, FaultKind
from cdp_assets.sample.standins.base import Answer
from cdp_assets.sample.standins.google_ads import GoogleAdsStandIn
from cdp_assets_tests.contracts.destinations.batches import batch
from cdp_assets_tests.contracts.destinations.scripted import Scripted
from cdp_assets_tests.contracts.destinations.test_google_ads import DONE, INGEST, STATE, TAKEN, TOKEN, google_ads
from cdp_assets_tests.standins.destinations import in_a_thread
from cdp_assets_tests.standins.vendors.base import SECRET, vendor

PROCESSING = Answer(200, {"requestStatusPerDestination": [{"requestStatus": "PROCESSING"}]})
GONE = Answer(404, {"error": {"code": 404, "status": "NOT_FOUND"}})
NAMES = ("a", "b", "c")


def of(*digits: str, **changes: Any) -> Batch:
    """A batch with one e-mail a digit."""
    return batch({digit: {"kind": "email", "value": digit * 64} for digit in digits or NAMES}, **changes)


def violation(*places: int, reason: str = "INVALID_AUDIENCE_MEMBER") -> Answer:
    listed = [{"field": f"audience_members.audience_members[{place}]", "reason": reason} for place in places]
    detail = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": listed}
    return Answer(400, {"error": {"code": 400, "status": "INVALID_ARGUMENT", "details": [detail]}})


def state(status: str, *reasons: str) -> Answer:
    counts = [{"recordCount": "1", "reason": f"PROCESSING_ERROR_REASON_{reason}"} for reason in reasons]
    told = {"requestStatus": status, "errorInfo": {"errorCounts": counts}}
    return Answer(200, {"requestStatusPerDestination": [told]})


@dataclass
class Time:
    """Passes when somebody sleeps, and not otherwise."""

    now: float = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@contextmanager
def answering(
    taken: list[Answer] | None = None, states: list[Answer] | None = None, **settings: Any
) -> Iterator[tuple[Scripted, GoogleAdsDestination]]:
    """A client that looks every minute for five, and what it is told."""
    script = Scripted({"/token": [TOKEN], INGEST: taken or [TAKEN], STATE: states or [DONE]})
    values = {"account_id": 1234567890, "audience_id": 987654321, "terms_accepted": True, **settings}
    values = {"longest_wait_seconds": 300, **values}
    time = Time()
    with in_a_thread(script) as server:
        client = GoogleAdsDestination(
            httpx.URL(f"{server.url}/v1"),
            Credentials.read(CREDENTIALS, vendor("google_ads").variables(server.url, SECRET)),
            GoogleAdsSettings(**values),
            clock=lambda: time.now,
            sleep=time.sleep,
        )
        yield script, client
        client.close()


def accepted(client: GoogleAdsDestination, sent: Batch) -> dict[str, bool]:
    return {result.key: result.accepted for result in client.send(sent)}


def test_the_id_is_kept_before_its_state_is_asked_for():
    kept: list[tuple[str, int]] = []
    with answering() as (script, client):
        client.send(replace(of(), job=Job(keep=lambda name: kept.append((name, script.times(STATE))))))
    assert kept == [("request-1", 0)]


def test_a_kept_request_is_asked_about_and_not_sent_again():
    with answering(states=[PROCESSING, DONE]) as (script, client):
        assert all(accepted(client, replace(of(), job=Job("request-7"))).values())
    assert (script.times(INGEST), script.times(STATE)) == (0, 2)
    assert {request.query["requestId"] for request in script.asked if request.path == STATE} == {"request-7"}


def test_a_kept_request_that_google_no_longer_knows_is_sent_again():
    with answering(states=[GONE, DONE]) as (script, client):
        sent = replace(of(), job=Job("request-7"))
        assert all(accepted(client, sent).values())
        assert sent.job.name == "request-1"
    assert (script.times(INGEST), script.times(STATE)) == (1, 2)


def test_what_takes_longer_than_the_longest_wait_is_asked_about_by_the_next_attempt():
    with answering(states=[*[PROCESSING] * 12, DONE]) as (script, client):
        sent = of()
        for _ in range(2):
            with pytest.raises(TransientError, match="after 300 s still says PROCESSING"):
                client.send(sent)
        assert all(accepted(client, sent).values())
    assert (script.times(INGEST), script.times(STATE)) == (1, 13)


def test_a_stand_in_that_is_started_anew_knows_its_requests():
    standin, again = GoogleAdsStandIn(SECRET), GoogleAdsStandIn(SECRET)
    with in_a_thread(standin) as server:
        client, sent = google_ads(server.url), of()
        client.send(sent)
        client.close()
    again.restore(json.loads(json.dumps(standin.state())))
    with in_a_thread(again) as server:
        client = google_ads(server.url)
        assert all(accepted(client, replace(sent, job=Job(sent.job.name))).values())
        client.close()
        assert [logged.path for logged in server.control.log if logged.rows] == []
    assert again.members.held == standin.members.held


def test_a_request_not_yet_known_right_after_it_was_taken_is_asked_about_again():
    with answering(states=[GONE, PROCESSING, DONE]) as (script, client):
        assert all(accepted(client, of()).values())
    assert (script.times(INGEST), script.times(STATE)) == (1, 3)


def test_without_waiting_for_its_state_what_is_taken_is_accepted():
    with answering(states=[PROCESSING], await_status=False) as (script, client):
        assert all(accepted(client, of()).values())
        assert all(accepted(client, replace(of(), job=Job("request-7"))).values())
    assert (script.times(INGEST), script.times(STATE)) == (1, 1)


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (state("PARTIAL_SUCCESS", "INVALID_FORMAT"), PermanentError, r"INVALID_FORMAT \(1\)"),
        (state("FAILURE", "INVALID_FORMAT", "INTERNAL_ERROR"), PermanentError, "INVALID_FORMAT"),
        (state("FAILED"), PermanentError, "no reason given"),
        (state("FAILED", "INTERNAL_ERROR"), TransientError, "INTERNAL_ERROR"),
        (state("PARTIAL_SUCCESS", "NO_CONSENT"), DestinationError, "NO_CONSENT"),
    ],
)
def test_a_request_that_failed_is_over_and_its_rows_are_not_accepted(answer, error, said):
    with answering(states=[answer, DONE]) as (script, client):
        sent = of()
        with pytest.raises(error, match=said):
            client.send(sent)
        assert all(accepted(client, sent).values())
    assert script.times(INGEST) == 2


def test_rows_that_google_names_are_refused_and_the_others_sent_without_them():
    with answering([violation(1, reason="INVALID_POSTAL_CODE"), violation(1), TAKEN]) as (script, client):
        found = {result.key: result.reason for result in client.send(of("a", "b", "c", "d"))}
    assert found == {"a": "", "b": "INVALID_POSTAL_CODE", "c": "INVALID_AUDIENCE_MEMBER", "d": ""}
    sent = [
        [member["userData"]["userIdentifiers"][0]["emailAddress"][0] for member in body["audienceMembers"]]
        for body in script.bodies(INGEST)
    ]
    assert sent == [["a", "b", "c", "d"], ["a", "c", "d"], ["a", "d"]]


def test_a_run_that_goes_on_with_a_kept_request_does_not_take_refused_rows_for_sent():
    refusals = [violation(1, reason="INVALID_POSTAL_CODE"), violation(1, reason="INVALID_REGION_CODE")]
    with answering([*refusals, TAKEN], [PROCESSING]) as (_, client):
        sent = of("a", "b", "c", "d")
        with pytest.raises(TransientError):
            client.send(sent)
    with answering() as (script, client):
        found = {result.key: result.reason for result in client.send(replace(sent, job=Job(sent.job.name)))}
    assert found == {"a": "", "b": "INVALID_POSTAL_CODE", "c": "INVALID_REGION_CODE", "d": ""}
    assert script.times(INGEST) == 0
    assert not any(digit * 64 in str(sent.job.name) for digit in "abcd")


def test_google_is_given_time_before_it_is_asked():
    with answering(states=[PROCESSING, PROCESSING, DONE]) as (script, client):
        waited: list[tuple[float, int]] = []
        client._sleep = lambda seconds: waited.append((seconds, script.times(STATE)))
        client.send(of())
    assert waited == [(60, 0), (60, 1), (60, 2)]


def test_a_batch_of_nothing_but_refused_rows_starts_no_request():
    with answering([violation(0, 1, 2)]) as (script, client):
        sent = of()
        assert accepted(client, sent) == dict.fromkeys(NAMES, False)
    assert (sent.job.name, script.times(STATE)) == (None, 0)


@pytest.mark.parametrize("places", [range(101), [0, 7_000_000]], ids=["many", "not there"])
def test_too_many_refused_rows_or_one_that_is_not_there_are_found_by_halving(places):
    sent = batch({f"{number}": {"kind": "email", "value": f"{number:064x}"} for number in range(200)})
    with answering([violation(*places)]) as (_, client), pytest.raises(PermanentError, match="HTTP 400"):
        client.send(sent)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(200, b"<html>", {"Content-Type": "text/html"}), DestinationError),
        (Answer(200, []), DestinationError),
        (Answer(200, {"requestId": 7}), DestinationError),
        (Answer(302, None, {"Location": "http://127.0.0.1:9/"}), DestinationError),
        (Answer(404, b"<html>"), DestinationError),
        (Answer(400, b"\xff\xfe"), PermanentError),
        (Answer(400, {"error": "no"}), PermanentError),
        (Answer(400, {"error": {"details": [None, {"@type": 7}, {"@type": "x.BadRequest"}]}}), PermanentError),
        (Answer(413, b"too large"), PermanentError),
        (Answer(500, {"error": {"details": [{"@type": "x.RetryInfo", "retryDelay": "soon"}]}}), TransientError),
    ],
)
def test_an_answer_that_google_does_not_document_accepts_nothing(answer: Answer, error: type[Exception]):
    with answering([answer]) as (_, client), pytest.raises(error):
        client.send(of())


@pytest.mark.parametrize(
    "body",
    [b"<html>", [], {}, {"requestStatusPerDestination": []}, {"requestStatusPerDestination": [{"requestStatus": 1}]}],
)
def test_a_state_that_google_does_not_document_is_not_a_success(body: Any):
    with answering(states=[Answer(200, body)]) as (_, client), pytest.raises(TransientError, match="PROCESSING"):
        client.send(of())


def test_a_failed_look_keeps_the_request_for_the_next_attempt():
    with answering(states=[Answer(503, {}), DONE]) as (script, client):
        sent = of()
        with pytest.raises(TransientError, match="HTTP 503"):
            client.send(sent)
        assert all(accepted(client, sent).values())
    assert script.times(INGEST) == 1


def test_no_error_quotes_what_was_sent():
    told = {"error": {"code": 400, "message": "a" * 64, "status": "a" * 81 + " b", "details": []}}
    with answering([Answer(400, told)]) as (_, client), pytest.raises(PermanentError) as caught:
        client.send(of())
    assert "aaaa" not in str(caught.value)


def test_batches_sent_at_once_share_one_token_and_all_arrive():
    standin = GoogleAdsStandIn(SECRET)
    with in_a_thread(standin) as server:
        client = google_ads(server.url, longest_wait_seconds=30, timeout_seconds=30, rate_requests=3000)
        values = [f"{number:064x}" for number in range(500)]
        parts = [
            batch({value: {"kind": "email", "value": value} for value in values[first::25]}, name=f"{first:08d}")
            for first in range(25)
        ]
        server.control.faults.add(Fault(kind=FaultKind.TOKEN_EXPIRED, after=10))
        with ThreadPoolExecutor(12) as pool:
            results = [result for part in pool.map(client.send, parts) for result in part]
        client.send(batch({value: {"kind": "email", "value": value} for value in values[:250]}, Operation.REMOVE))
        client.close()
    assert sum(result.accepted for result in results) == 500
    assert set(standin.members.held) == set(values[250:])
    assert standin.given == 2
