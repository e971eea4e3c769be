"""Whatever goes wrong on the way to Braze, it ends up holding what the warehouse wants; no row is lost or repeated."""

from typing import Any

import pytest

from cdp_assets.destinations.base import Destination
from cdp_assets.errors import DestinationError
from cdp_assets_tests.integration.destinations.steps import BATCHES, PEOPLE, since, sync, walk, wanted
from cdp_assets_tests.standins.destinations import Running
from cdp_assets_tests.unit.activation.world import World

ATTEMPTS = 3
PASSING: dict[str, dict[str, Any]] = {
    "told to wait for seconds": {"kind": "rate_limited", "seconds": 7, "times": 2},
    "told to wait until a date": {"kind": "rate_limited", "seconds": 7, "wait": "date", "times": 2},
    "told when the window ends": {"kind": "rate_limited", "seconds": 7, "wait": "reset", "times": 2},
    "told only that it is too much": {"kind": "rate_limited", "wait": "nothing", "times": 2},
    "server errors": {"kind": "server_error", "times": 2},
    "unavailable": {"kind": "server_error", "status": 503, "times": 2},
    "time-out before it is applied": {"kind": "timeout_before", "seconds": 1.5},
    "time-out after it is applied": {"kind": "timeout_after", "seconds": 1.5},
    "dropped before it is applied": {"kind": "dropped_before"},
    "dropped after it is applied": {"kind": "dropped_after"},
    "slow": {"kind": "slow", "seconds": 0.1, "times": 2},
}


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_overcome_in_the_run(world: World, destination: Destination, standin: Running, fault: str):
    how = PASSING[fault]
    once_more = 7 if how["kind"].endswith("_after") else 0
    failed = 0 if how["kind"] == "slow" else how.get("times", 1)
    for step in walk(world):
        counted, waits = since(standin), []
        standin.fail(**how)
        result = world.run(destination, sync(), sleep=waits.append)
        assert standin.held() == wanted(step)
        assert (result.tally.succeeded[step], result.rejected_share) == (len(PEOPLE), 0)
        writes, requests = counted()
        assert sum(writes.values()) == len(PEOPLE) + once_more
        assert max(writes.values()) == 1 + bool(once_more)
        assert requests == BATCHES + failed
        if how["kind"] == "rate_limited" and how.get("wait") != "nothing":
            assert all(5 <= wait <= 9 for wait in waits)
    counted = since(standin)
    world.run(destination, sync())
    assert counted()[1] == 0


@pytest.mark.parametrize("kind", ["rate_limited", "server_error", "dropped_before", "dropped_after"])
def test_what_does_not_pass_stops_the_run_and_the_next_goes_on(
    world: World, destination: Destination, standin: Running, kind: str
):
    for step in walk(world):
        counted = since(standin)
        standin.fail("slow", seconds=0)
        standin.fail(kind, times=50)
        with pytest.raises(DestinationError, match="gave up on batch"):
            world.run(destination, sync())
        assert counted()[1] == 1 + ATTEMPTS
        standin.recover()
        world.run(destination, sync())
        assert standin.held() == wanted(step)
        writes, requests = counted()
        assert sum(writes.values()) == len(PEOPLE) + (ATTEMPTS * 7 if kind == "dropped_after" else 0)
        assert requests == 1 + ATTEMPTS + (BATCHES - 1)


@pytest.mark.parametrize(
    ("how", "said", "more_requests"),
    [({"refused": {"c03": "disallowed"}}, "disallowed", 0), ({"poison": ("c03",)}, "HTTP 400: Bad Request", 2 * 3)],
    ids=["alone", "with its request"],
)
def test_a_row_that_is_refused_is_reported_and_the_others_are_sent_once(
    world: World, destination: Destination, standin: Running, how: dict[str, Any], said: str, more_requests: int
):
    for step in walk(world):
        before, counted = standin.held(), since(standin)
        standin.refuse(**how)
        result = world.run(destination, sync())
        others = {key: values for key, values in wanted(step).items() if key != "c03"}
        assert standin.held() == others | {key: values for key, values in before.items() if key == "c03"}
        assert result.tally.failed[step] == 1
        (refusal,) = world.rows("rejected_rows", "row_key", "operation", "reason")
        assert (refusal["row_key"], refusal["operation"]) == ("c03", step)
        assert refusal["reason"].startswith(said)
        writes, requests = counted()
        assert max(writes.values()) == 1
        assert requests <= BATCHES + more_requests
        standin.refuse()
        counted = since(standin)
        world.run(destination, sync())
        assert standin.held() == wanted(step)
        assert (sum(counted()[0].values()), counted()[1]) == (1, 1)
        assert world.rows("rejected_rows") == []


def test_a_key_that_is_not_known_stops_the_run_at_once(world: World, destination: Destination, standin: Running):
    world.put(PEOPLE)
    destination._client.headers["Authorization"] = "Bearer another"
    with pytest.raises(DestinationError, match=r"Braze at 127.0.0.1 refused the credentials \(HTTP 401\)"):
        world.run(destination, sync())
    assert [one["status"] for one in standin.requests()] == [401]
    assert world.held() == set()
