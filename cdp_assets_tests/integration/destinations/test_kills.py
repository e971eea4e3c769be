"""A sync killed at any moment and run again: the destination holds what it would hold without the kill."""

import signal
from itertools import product
from typing import Any

import pytest

from cdp_assets_tests.integration.destinations.steps import Case
from cdp_assets_tests.standins.people import BATCH_ROWS, BATCHES, PEOPLE
from cdp_assets_tests.standins.vendors.base import vendor, vendor_names

MEANWHILE = {"c00": ("moved@example.com", "Brest")}
MOMENTS = [(moment, 1) for moment in ("before", "sent", "recorded")]
CALLS = [
    (name, moment, number)
    for name in vendor_names()
    for moment in ("asked", "answered")
    for number in range(min(6, BATCHES * (vendor(name).least or vendor(name).calls)))
]


IN_DOUBT = [("recorded", 0), *product(("before", "sent", "asked", "answered"), range(BATCHES))]


def killed(case: Case, run_id: str, moment: str, number: int, **options: Any) -> None:
    assert case.killed(run_id, moment, number, **options) == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.parametrize(("moment", "number"), MOMENTS)
def test_killed_around_a_batch_and_run_again_it_holds_the_same(
    case: Case,
    moment: str,
    number: int,
):
    in_doubt = BATCH_ROWS if moment == "sent" else 0
    for step in case.walk():
        counted = case.since()
        killed(case, f"killed-{step}", moment, number)
        assert case.run().resumed
        assert case.standin.held() == case.at.wanted(step)
        writes, requests = counted()
        assert len(PEOPLE) <= sum(writes.values()) <= len(PEOPLE) + in_doubt
        assert case.bounded(requests, BATCHES, bool(in_doubt), runs=2)


@pytest.mark.slow
@pytest.mark.parametrize(("at", "moment", "number"), CALLS, indirect=["at"])
def test_killed_around_a_remote_call_and_run_again_it_holds_the_same(
    case: Case,
    moment: str,
    number: int,
):
    case.world.put(PEOPLE)
    counted = case.since()
    killed(case, "killed", moment, number)
    case.run()
    assert case.standin.held() == case.at.wanted("add")
    writes, requests = counted()
    assert len(PEOPLE) <= sum(writes.values()) <= len(PEOPLE) + BATCH_ROWS
    assert requests <= 2 * case.at.asides + case.at.calls * (BATCHES + 1)


@pytest.mark.parametrize("at", ["webhook"], indirect=True)
@pytest.mark.parametrize(("moment", "number"), IN_DOUBT)
def test_killed_with_several_batches_in_doubt_each_is_applied_once(case: Case, moment: str, number: int):
    assert case.destination.limits.unrecorded > BATCHES
    case.world.put(PEOPLE)
    counted = case.since()
    killed(case, "killed", moment, number, ahead=True)
    case.run()
    assert case.standin.held() == case.at.wanted("add")
    writes, requests = counted()
    assert set(writes.values()) == {1}
    assert BATCHES <= requests <= 2 * BATCHES


@pytest.mark.parametrize("moment", ["before", "sent", "recorded"])
def test_what_changed_while_a_killed_sync_was_down_arrives(
    case: Case,
    moment: str,
):
    case.world.put(PEOPLE)
    killed(case, "killed", moment, 0)
    case.world.put(PEOPLE | MEANWHILE, granted=[key for key in PEOPLE if key != "c01"])
    case.run()
    left = case.standin.held()
    case.run()
    assert case.standin.held() == left
    case.at.follows(left, MEANWHILE["c00"][0])
