"""What every stand-in of a destination does: fails as told, says what it holds, and forgets nothing it must not."""

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from cdp_assets.sample.standins._faults import Fault, Window
from cdp_assets.sample.standins._server import StandInServer
from cdp_assets.sample.standins.base import Answer, Request, StandIn
from cdp_assets_tests.standins.destinations import MODULE, in_a_thread, running


class Shelf(StandIn):
    """The simplest destination there can be: PUT /<key> keeps the body."""

    requests_per_window = 1000
    window_seconds = 60.0

    @staticmethod
    def variables(url: str, secret: str) -> dict[str, str]:
        return {"CDP_URL": url, "CDP_SECRET": secret}

    def answer(self, request: Request) -> Answer:
        self.members.put(request.path.strip("/"), request.json())
        return Answer(200, {"kept": True}, rows=1)

    def failure(self, status: int) -> Any:
        return {"failed": status}

    def rate_headers(self, remaining: int, reset: int) -> dict[str, str]:
        return {"X-Remaining": str(remaining), "X-Reset": str(reset)}


@pytest.fixture
def server() -> Iterator[StandInServer]:
    with in_a_thread(Shelf("s3cret")) as found:
        yield found


def put(server: StandInServer, key: str = "a", timeout: float = 5.0) -> httpx.Response:
    return httpx.put(f"{server.url}/{key}", json={"size": 1}, timeout=timeout)


def fail(server: StandInServer, **fault: Any) -> None:
    httpx.post(f"{server.url}/_standin/faults", json=fault).raise_for_status()


def members(server: StandInServer) -> dict[str, Any]:
    return httpx.get(f"{server.url}/_standin/members").json()


def test_it_tells_what_it_holds_and_how_often_it_was_written(server: StandInServer):
    put(server)
    put(server)
    assert members(server) == {"held": {"a": {"size": 1}}, "writes": {"a": 2}}


def test_faults_meet_as_many_requests_as_told_in_their_order(server: StandInServer):
    fail(server, kind="server_error", times=2, status=503)
    fail(server, kind="rate_limited")
    assert [put(server).status_code for _ in range(4)] == [503, 503, 429, 200]
    assert members(server)["writes"] == {"a": 1}


@pytest.mark.parametrize("kind", ["timeout", "dropped"])
@pytest.mark.parametrize(("moment", "written"), [("before", 0), ("after", 1)])
def test_silence_comes_before_or_after_the_effect(server: StandInServer, kind: str, moment: str, written: int):
    fail(server, kind=f"{kind}_{moment}", seconds=1.5)
    error = httpx.ReadTimeout if kind == "timeout" else (httpx.ReadError, httpx.RemoteProtocolError)
    with pytest.raises(error):
        put(server, timeout=1.0)
    assert members(server)["writes"].get("a", 0) == written
    assert put(server).status_code == 200


def test_a_slow_answer_comes_in_the_end(server: StandInServer):
    fail(server, kind="slow", seconds=0.3)
    began = time.monotonic()
    assert put(server).status_code == 200
    assert time.monotonic() - began >= 0.3


def test_a_wait_is_asked_for_in_seconds_or_as_a_date(server: StandInServer):
    fail(server, kind="rate_limited", seconds=7)
    fail(server, kind="rate_limited", seconds=7, wait="date")
    fail(server, kind="rate_limited", seconds=7, wait="reset")
    fail(server, kind="rate_limited", seconds=7, wait="nothing")
    seconds, date, reset, nothing = (put(server).headers for _ in range(4))
    assert seconds["Retry-After"] == "7"
    assert 5 <= (parsedate_to_datetime(date["Retry-After"]) - datetime.now(UTC)).total_seconds() <= 8
    assert 5 <= int(reset["X-Reset"]) - time.time() <= 9
    assert "Retry-After" not in nothing


def test_what_comes_in_is_counted_without_values(server: StandInServer):
    fail(server, kind="dropped_after")
    with pytest.raises(httpx.TransportError):
        put(server)
    put(server)
    log = httpx.get(f"{server.url}/_standin/requests").json()
    shared = {"method": "PUT", "path": "/a", "rows": 1}
    assert log == [shared | {"status": None, "fault": "dropped_after"}, shared | {"status": 200, "fault": None}]


def test_a_reset_forgets_faults_members_and_log(server: StandInServer):
    put(server)
    fail(server, kind="server_error")
    httpx.post(f"{server.url}/_standin/reset").raise_for_status()
    assert members(server) == {"held": {}, "writes": {}}
    assert httpx.get(f"{server.url}/_standin/requests").json() == []
    assert put(server).status_code == 200


def test_a_wrong_question_is_answered_with_what_can_be_asked(server: StandInServer):
    assert "GET /_standin/members" in httpx.get(f"{server.url}/_standin/secrets").json()["there_is"]
    wrong = httpx.post(f"{server.url}/_standin/faults", json={"kind": "tired"})
    assert (wrong.status_code, "kind is 'tired'" in wrong.json()["wrong"]) == (400, True)
    assert httpx.post(f"{server.url}/_standin/faults", content=b"{").status_code == 400


def test_the_rate_limit_counts_in_windows():
    window = Window(2, 3.0)
    assert [window.use(moment) for moment in (10.0, 11.0, 12.9, 13.0)] == [
        (True, 1, 13),
        (True, 0, 13),
        (False, 0, 13),
        (True, 1, 16),
    ]


def test_requests_over_the_rate_limit_are_refused_until_the_window_ends():
    few = Shelf("s3cret")
    few.requests_per_window = 1
    with in_a_thread(few) as server:
        assert [put(server).status_code for _ in range(2)] == [200, 429]


def test_a_fault_says_what_it_can_be():
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        Fault(kind="slow", times=0)


def test_as_a_process_it_listens_on_loopback_with_its_first_faults_set():
    with running("braze", "--fault", '{"kind": "server_error"}', secret="k3y") as standin:
        assert standin.url.startswith("http://127.0.0.1:")
        answers = [
            httpx.post(
                f"{standin.url}/users/track",
                json={"attributes": [{"external_id": "u-1", "visits": 1}]},
                headers={"Authorization": "Bearer k3y"},
            ).status_code
            for _ in range(2)
        ]
        assert answers == [500, 201]
        assert standin.held() == {"u-1": {"visits": 1}}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["shoes"], "invalid choice: 'shoes'"),
        (["braze", "--fault", '{"kind": "tired"}'], "kind is 'tired'"),
        (["braze", "--fault", "tired"], "'tired' is not JSON"),
    ],
)
def test_a_wrong_option_is_named(arguments: list[str], said: str):
    done = subprocess.run([sys.executable, "-m", MODULE, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_fault_may_wait_until_some_requests_went_well(server: StandInServer):
    fail(server, kind="server_error", after=2, times=1)
    assert [put(server).status_code for _ in range(4)] == [200, 200, 500, 200]
