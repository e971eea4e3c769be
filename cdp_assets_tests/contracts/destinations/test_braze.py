"""Braze as it is documented, and what our batches become there."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import httpx
import pytest

from cdp_assets.destinations import base
from cdp_assets.destinations._rate import RateLimit
from cdp_assets.destinations.base import Mode, Operation, PermanentError, Removal, Row, TransientError
from cdp_assets.destinations.braze import BrazeDestination, BrazeSettings
from cdp_assets.errors import ConfigurationError, DestinationError
from cdp_assets.sample.standins._faults import Fault
from cdp_assets.sample.standins._server import StandInServer
from cdp_assets.sample.standins.braze import BrazeStandIn
from cdp_assets.settings import Settings
from cdp_assets_tests.contracts.destinations.batches import batch
from cdp_assets_tests.contracts.destinations.documented import Canned, batch_of, documented
from cdp_assets_tests.standins.destinations import in_a_thread

FIXTURES = documented("braze")
KEY = "k3y-of-the-workspace"
TWO = {"u-1": {"visits": 1}, "u-2": {"visits": 2}}
NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


def braze(url: str, now: datetime = NOW, key: str = KEY, **settings: Any) -> BrazeDestination:
    found = BrazeSettings(**({"timeout_seconds": 1.0} | settings))
    return BrazeDestination(httpx.URL(f"{url}/users/track"), key, found, now=lambda: now)


@pytest.fixture
def server() -> Iterator[StandInServer]:
    with in_a_thread(BrazeStandIn(KEY)) as found:
        yield found


@pytest.fixture
def destination(server: StandInServer) -> Iterator[BrazeDestination]:
    made = braze(server.url)
    yield made
    made.close()


def held(server: StandInServer) -> dict[str, dict[str, Any]]:
    return server.control.standin.members.held


@pytest.mark.parametrize("name", [name for name, fixture in FIXTURES.items() if not fixture.get("only_client")])
def test_the_stand_in_answers_as_documented(server: StandInServer, name: str):
    fixture = FIXTURES[name]
    for key, values in fixture.get("before", {}).items():
        server.control.standin.members.put(key, values)
    if "fault" in fixture:
        server.control.faults.add(Fault(**fixture["fault"]))
    headers = {"Authorization": f"Bearer {fixture.get('key', KEY)}"}
    answer = httpx.post(f"{server.url}/users/track", json=fixture["request"], headers=headers)
    assert (answer.status_code, answer.json()) == (fixture["response"]["status"], fixture["response"]["body"])
    assert all(header in answer.headers for header in fixture["response"].get("headers", {}))
    assert held(server) == fixture["held"]


@pytest.mark.parametrize("name", list(FIXTURES))
def test_the_client_reads_the_documented_answer(name: str):
    fixture = FIXTURES[name]
    sent, now = batch_of(fixture, TWO), datetime.fromisoformat(fixture.get("now", NOW.isoformat()))
    with in_a_thread(Canned(fixture["response"])) as server:
        client = braze(server.url, now, fixture.get("key", KEY))
        if "raises" in fixture:
            error = {"DestinationError": DestinationError}.get(fixture["raises"]) or getattr(base, fixture["raises"])
            with pytest.raises(error) as caught:
                client.send(sent)
            assert getattr(caught.value, "retry_after", None) == fixture.get("wait")
            assert fixture.get("key", KEY) not in str(caught.value)
        else:
            assert {result.key: result.accepted for result in client.send(sent)} == fixture["results"]
        client.close()


@pytest.mark.parametrize("name", [name for name, fixture in FIXTURES.items() if "batch" in fixture])
def test_the_client_asks_as_documented(name: str):
    fixture = FIXTURES[name]
    canned = Canned(fixture["response"])
    with in_a_thread(canned) as server:
        client = braze(server.url)
        client.send(batch_of(fixture, {}))
        client.close()
    (request,) = canned.asked
    assert (request.method, request.path) == ("POST", "/users/track")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["content-type"] == "application/json"
    assert request.json() == fixture["request"]


def test_values_arrive_as_braze_reads_them(destination: BrazeDestination, server: StandInServer):
    paris = timezone(timedelta(hours=2))
    values = {
        "day": date(2026, 6, 30),
        "moment": datetime(2026, 6, 30, 14, tzinfo=paris),
        "short": Decimal("12.3400"),
        "long": Decimal("0.1234567890123456789"),
        "gone": None,
        "not_a_number": float("nan"),
    }
    destination.send(batch({"u-1": values}, columns=tuple(values)))
    assert held(server)["u-1"] == {
        "day": "2026-06-30",
        "moment": "2026-06-30T12:00:00Z",
        "short": 12.34,
        "long": 0.12345678901234568,
    }


def test_an_object_that_braze_would_carry_out_is_refused_and_the_others_are_sent(
    destination: BrazeDestination, server: StandInServer
):
    rows = {"u-1": {"visits": {"inc": 1}}, "u-2": {"visits": {"weekly": 3}}}
    first, second = destination.send(batch(rows, columns=("visits",)))
    assert (first.accepted, second.accepted) == (False, True)
    assert "visits is an object that Braze reads as an instruction" in first.reason
    assert held(server) == {"u-2": {"visits": {"weekly": 3}}}


@pytest.mark.parametrize("mode", [Mode.MIRROR, Mode.UPSERT, Mode.UPDATE])
def test_a_change_makes_no_profile(destination: BrazeDestination, server: StandInServer, mode: Mode):
    destination.send(batch({"u-1": {"visits": 1}}, Operation.CHANGE, mode=mode))
    assert held(server) == {}


def test_a_removal_makes_no_profile_and_never_sends_values(destination: BrazeDestination, server: StandInServer):
    server.control.standin.members.put("u-1", {"visits": 1, "kept": 2})
    removal = batch(TWO, Operation.REMOVE, mode=Mode.REMOVE, removal=Removal.CLEAR_FIELDS, columns=("visits",))
    assert all(result.accepted for result in destination.send(removal))
    assert held(server) == {"u-1": {"kept": 2}}


def moved(mode: Mode = Mode.MIRROR) -> base.Batch:
    rows = (Row("new", {"visits": 7}, previous_key="old"), Row("u-2", {"visits": 2}))
    return replace(batch(operation=Operation.CHANGE, mode=mode, columns=("visits",)), rows=rows)


def test_a_merged_customer_moves_to_the_new_id_and_the_old_one_is_cleared(
    destination: BrazeDestination, server: StandInServer
):
    server.control.standin.members.put("old", {"visits": 6, "kept": 1})
    assert all(result.accepted for result in destination.send(moved()))
    assert held(server) == {"old": {"kept": 1}, "new": {"visits": 7}}


def test_in_mode_update_a_merged_customer_makes_no_profile(destination: BrazeDestination, server: StandInServer):
    server.control.standin.members.put("old", {"visits": 6})
    destination.send(moved(Mode.UPDATE))
    assert held(server) == {"old": {}}


def test_an_old_id_keeps_its_values_while_the_new_one_is_refused(destination: BrazeDestination, server: StandInServer):
    server.control.standin.members.put("old", {"visits": 6})
    server.control.standin.members.refused = {"new": "disallowed"}
    first, second = destination.send(moved())
    assert (first.accepted, second.accepted) == (False, True)
    assert held(server) == {"old": {"visits": 6}}


def test_a_merge_whose_old_id_cannot_be_cleared_is_told(destination: BrazeDestination, server: StandInServer):
    server.control.standin.members.refused = {"old": "disallowed"}
    first, second = destination.send(moved())
    assert (first.accepted, second.accepted) == (False, True)
    assert first.reason.startswith("its former external_id was not cleared: disallowed")


def test_no_request_has_more_objects_than_allowed(destination: BrazeDestination, server: StandInServer):
    rows = tuple(Row(f"new-{n}", {"visits": n}, previous_key=f"old-{n}") for n in range(75))
    sent = replace(batch(operation=Operation.CHANGE, columns=("visits",)), rows=rows)
    assert all(result.accepted for result in destination.send(sent))
    assert [one.rows for one in server.control.log] == [75, 75]


def test_a_request_too_large_is_refused_whole_so_that_its_halves_are_tried(
    destination: BrazeDestination, server: StandInServer
):
    rows = {key: {"story": "x" * 3 * 1024 * 1024} for key in ("u-1", "u-2")}
    with pytest.raises(PermanentError, match="HTTP 413"):
        destination.send(batch(rows, columns=("story",)))
    assert destination.send(batch({"u-1": rows["u-1"]}, columns=("story",)))[0].accepted


def test_each_request_takes_a_turn_of_the_rate_limit(server: StandInServer):
    slept: list[float] = []
    limit = RateLimit(1, 3.0, lambda: 0.0, slept.append)
    client = BrazeDestination(httpx.URL(f"{server.url}/users/track"), KEY, BrazeSettings(), limit)
    client.send(batch(TWO))
    client.send(batch(TWO))
    client.close()
    assert slept == [3.0]


@pytest.mark.parametrize("wait", ["seconds", "date", "reset"])
def test_however_the_wait_is_told_it_reaches_the_engine(server: StandInServer, wait: str):
    server.control.faults.add(Fault(kind="rate_limited", seconds=30, wait=wait))
    client = BrazeDestination(httpx.URL(f"{server.url}/users/track"), KEY, BrazeSettings())
    with pytest.raises(TransientError) as caught:
        client.send(batch(TWO))
    client.close()
    assert 28 <= caught.value.retry_after <= 31


@pytest.mark.parametrize(
    "kind", ["server_error", "timeout_before", "timeout_after", "dropped_before", "dropped_after", "rate_limited"]
)
def test_what_may_pass_is_transient(destination: BrazeDestination, server: StandInServer, kind: str):
    server.control.faults.add(Fault(kind=kind, seconds=1.5, wait="nothing"))
    with pytest.raises(TransientError):
        destination.send(batch(TWO))
    assert all(result.accepted for result in destination.send(batch(TWO)))
    assert held(server) == TWO


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"status": 200, "body": None}, DestinationError),
        ({"status": 200, "body": ["fine"]}, DestinationError),
        ({"status": 201, "body": {"message": "Message not valid for k3y-of-the-workspace"}}, PermanentError),
        ({"status": 201, "body": {"message": "success", "errors": ["something"]}}, PermanentError),
        ({"status": 201, "body": {"message": "success", "errors": [{"index": 9}]}}, PermanentError),
        ({"status": 413, "body": {"message": "too large"}}, PermanentError),
        ({"status": 403, "body": {}}, DestinationError),
        ({"status": 404, "body": {}}, DestinationError),
        ({"status": 302, "headers": {"Location": "http://127.0.0.1:9/"}}, DestinationError),
    ],
)
def test_an_answer_that_says_nothing_usable_stops_or_is_narrowed_down(answer: dict[str, Any], error: type[Exception]):
    with in_a_thread(Canned(answer)) as server:
        client = braze(server.url)
        with pytest.raises(error) as caught:
            client.send(batch(TWO))
        client.close()
    assert KEY not in str(caught.value)


def test_when_each_object_is_refused_each_row_is():
    errors = [{"type": f"bad {KEY}", "input_array": "attributes", "index": index} for index in (0, 1)]
    with in_a_thread(Canned({"status": 400, "body": {"message": "no data", "errors": errors}})) as server:
        client = braze(server.url)
        results = client.send(batch(TWO))
        client.close()
    assert [(result.accepted, result.reason) for result in results] == [(False, "bad <key>")] * 2


def test_a_mapping_that_would_address_other_profiles_is_refused(destination: BrazeDestination, server: StandInServer):
    with pytest.raises(DestinationError, match="the mapping names external_id, by which Braze addresses profiles"):
        destination.send(batch({"u-1": {"external_id": "u-2"}}, columns=("external_id",)))
    assert server.control.log == []


@pytest.mark.parametrize(
    ("values", "env", "message"),
    [
        ({}, {}, "base_url is ''; set it, or CDP_BRAZE_BASE_URL, to an http:// or https:// address"),
        ({"base_url": "rest.braze.com"}, {}, "base_url is 'rest.braze.com'"),
        ({"base_url": "https://rest.braze.com"}, {}, "CDP_BRAZE_API_KEY is not set; it must hold the API key"),
        ({"base_url": "https://x"}, {"CDP_BRAZE_API_KEY": "\n"}, "CDP_BRAZE_API_KEY is not set"),
        ({"base_url": "https://x", "key_variable": "OTHER"}, {"CDP_BRAZE_API_KEY": "k"}, "OTHER is not set"),
        ({"batch_size": 76}, {}, "batch_size is 76; input should be less than or equal to 75"),
    ],
)
def test_a_wrong_setting_is_named(values: dict[str, Any], env: dict[str, str], message: str):
    with pytest.raises(ConfigurationError, match=message):
        BrazeDestination.from_settings(values, Settings.from_env({}), env)
