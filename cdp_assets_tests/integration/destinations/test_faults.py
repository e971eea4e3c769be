"""Whatever goes wrong on the way, a destination ends up with what the warehouse wants; no row is lost or repeated."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from cdp_assets.errors import DestinationError
from cdp_assets_tests.integration.destinations.steps import Case
from cdp_assets_tests.standins.people import BATCH_ROWS, BATCHES, PEOPLE
from cdp_assets_tests.standins.vendors.base import vendor, vendor_names

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
    "token expired": {"kind": "token_expired"},
    "token expired later": {"kind": "token_expired", "after": 3},
}
APPLIED = ("timeout_after", "dropped_after")
AT_EACH_STEP = {"webhook", "braze"}


def rounds() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Vendors with a fault for each of their steps: each fault once, or, of two vendors, each fault at each step."""
    faults = list(PASSING)
    for name in vendor_names():
        count = len(vendor(name).steps)
        for first in range(0, len(faults), 1 if name in AT_EACH_STEP else count):
            yield name, tuple(faults[(first + place) % len(faults)] for place in range(count))


ROUNDS = list(rounds())


@pytest.mark.parametrize(("at", "faults"), ROUNDS, ids=[f"{n}: {', '.join(f)}" for n, f in ROUNDS], indirect=["at"])
def test_what_passes_is_overcome_in_the_run(case: Case, faults: tuple[str, ...]):
    for step, fault in zip(case.walk(), faults, strict=True):
        how = PASSING[fault]
        kind, failed = how["kind"], how.get("times", 1)
        counted, waits = case.since(), []
        case.standin.fail(**how)
        result = case.run(sleep=waits.append)
        case.standin.recover()
        assert case.standin.held() == case.at.wanted(step)
        assert (result.tally.succeeded[step], result.rejected_share) == (len(PEOPLE), 0)
        writes, requests = counted()
        again = BATCH_ROWS if kind in APPLIED else 0
        assert len(PEOPLE) <= sum(writes.values()) <= len(PEOPLE) + again
        harmless = kind == "slow" or (kind == "token_expired" and not case.at.asides)
        assert case.bounded(requests, BATCHES, 0 if harmless else failed)
        if kind == "rate_limited" and how.get("wait", "seconds") in {"seconds", "date"}:
            assert any(5 <= wait <= 9 for wait in waits)
    counted = case.since()
    case.run()
    assert counted()[1] == 0


@pytest.mark.parametrize("kind", ["rate_limited", "server_error", "dropped_before", "dropped_after"])
def test_what_does_not_pass_stops_the_run_and_the_next_goes_on(case: Case, kind: str):
    for step in case.walk():
        counted = case.since()
        case.standin.fail(kind, times=50, after=case.at.calls)
        with pytest.raises(DestinationError, match="gave up on batch"):
            case.run()
        assert case.bounded(counted()[1], 1, ATTEMPTS)
        case.standin.recover()
        case.run()
        assert case.standin.held() == case.at.wanted(step)
        writes, requests = counted()
        # A batch of several calls that stops between them is written again from its first.
        again = ATTEMPTS if kind in APPLIED else int(case.at.calls > 1)
        assert len(PEOPLE) <= sum(writes.values()) <= len(PEOPLE) + again * BATCH_ROWS
        assert case.bounded(requests, BATCHES, ATTEMPTS, runs=2)


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "with its request"])
def test_a_row_that_is_refused_is_reported_and_the_others_are_sent_once(case: Case, alone: bool):
    for step in case.walk():
        before, counted = case.standin.held(), case.since()
        bad, said = case.at.address("c03"), case.at.refused if alone else case.at.poisoned
        case.standin.refuse({bad: "disallowed"} if alone else {}, () if alone else (bad,))
        result = case.run()
        assert case.standin.held() == _without(case.at.wanted(step), bad) | _only(before, bad)
        assert result.tally.failed[step] == 1
        (refusal,) = case.world.rows("rejected_rows", "row_key", "operation", "reason")
        assert refusal["operation"] == step
        assert said in refusal["reason"]
        writes, requests = counted()
        assert max(writes.values()) == 1
        assert requests <= case.at.asides + case.at.calls * (BATCHES + (0 if alone else 2 * 3))
        case.standin.refuse()
        counted = case.since()
        case.run()
        assert case.standin.held() == case.at.wanted(step)
        assert sum(counted()[0].values()) == 1
        assert case.bounded(counted()[1], 1)
        assert case.world.rows("rejected_rows") == []


def test_a_secret_that_is_not_known_stops_the_run_at_once(case: Case):
    case.world.put(PEOPLE)
    destination = case.at.make(case.standin.url, secret="another")
    with pytest.raises(DestinationError, match="refused the credentials"):
        case.run(destination)
    destination.close()
    assert len(case.standin.requests()) <= 2
    assert case.world.held() == set()


def _without(held: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: values for name, values in held.items() if name != key}


def _only(held: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: values for name, values in held.items() if name == key}
