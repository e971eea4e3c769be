"""Braze follows the customers: merged, split, changed, without consent; and a sync killed at any moment."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cdp_assets.destinations.base import Destination
from cdp_assets_tests.integration.destinations.steps import BATCHES, MEANWHILE, PEOPLE, since, sync, walk, wanted
from cdp_assets_tests.reference_data import REPOSITORY
from cdp_assets_tests.standins.destinations import Running
from cdp_assets_tests.unit.activation import killed_sync
from cdp_assets_tests.unit.activation.world import World

PAIR = {"c1": ("ann@example.com", "Lyon"), "c2": ("ann@example.org", "Nice")}
ANN = {"EMAIL": "ann@example.com", "CITY": "Lyon"}


def killed(folder: Path, target: str, run_id: str, moment: str, batch: int) -> None:
    arguments = [sys.executable, "-m", killed_sync.__name__, str(folder), target, run_id, moment, str(batch)]
    done = subprocess.run(arguments, cwd=REPOSITORY, capture_output=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "sent", "recorded"])
def test_killed_and_run_again_it_holds_the_same(
    tmp_path: Path, world: World, destination: Destination, standin: Running, target: str, moment: str
):
    in_doubt = 7 if moment == "sent" else 0
    for step in walk(world):
        counted = since(standin)
        killed(tmp_path, target, f"killed-{step}", moment, 1)
        assert world.run(destination, sync()).resumed
        assert standin.held() == wanted(step)
        writes, requests = counted()
        assert sum(writes.values()) == len(PEOPLE) + in_doubt
        assert requests == BATCHES + bool(in_doubt)


@pytest.mark.parametrize("moment", ["before", "sent", "recorded"])
def test_what_changed_while_a_killed_sync_was_down_arrives(
    tmp_path: Path, world: World, destination: Destination, standin: Running, target: str, moment: str
):
    world.put(PEOPLE)
    killed(tmp_path, target, "killed", moment, 0)
    world.put(PEOPLE | MEANWHILE, granted=[key for key in PEOPLE if key != "c01"])
    world.run(destination, sync())
    expected = wanted("add") | {"c00": {"EMAIL": "moved@example.com", "CITY": "Brest"}}
    # Before, c01 was never sent and has no profile; after, it has one that was cleared.
    expected["c01"] = {}
    assert standin.held() | {"c01": standin.held().get("c01", {})} == expected


def test_a_changed_email_and_a_withdrawn_consent_are_followed(world: World, destination: Destination, standin: Running):
    world.put(PAIR)
    world.run(destination, sync())
    world.put(PAIR | {"c1": ("new@example.com", "Lyon")}, granted=["c1"])
    world.run(destination, sync())
    assert standin.held() == {"c1": {"EMAIL": "new@example.com", "CITY": "Lyon"}, "c2": {}}


def test_of_two_customers_that_become_one_the_survivor_keeps_its_values(
    world: World, destination: Destination, standin: Running
):
    world.put(PAIR)
    world.run(destination, sync())
    world.merge(("c2", "c1"))
    world.put({"c1": PAIR["c1"]})
    world.run(destination, sync())
    assert standin.held() == {"c1": ANN, "c2": {}}


def test_a_customer_that_goes_on_under_another_id_moves_there_and_back_when_it_splits(
    world: World, destination: Destination, standin: Running
):
    world.put({"c1": PAIR["c1"]})
    world.run(destination, sync())
    world.merge(("c1", "c0"))
    world.put({"c0": PAIR["c1"]})
    world.run(destination, sync())
    assert standin.held() == {"c0": ANN, "c1": {}}
    world.put({"c0": ("ann@example.com", "Brest"), "c1": PAIR["c1"]})
    world.run(destination, sync())
    assert standin.held() == {"c0": {"EMAIL": "ann@example.com", "CITY": "Brest"}, "c1": ANN}


@pytest.mark.parametrize(
    ("mode", "held"),
    [
        ("mirror", {"known": {"EMAIL": "k@example.com", "CITY": "Lyon"}, "new": {"EMAIL": "n@example.com"}}),
        ("upsert", {"known": {"EMAIL": "k@example.com", "CITY": "Lyon"}, "new": {"EMAIL": "n@example.com"}}),
        ("insert", {"known": {"EMAIL": "k@example.com", "CITY": "Lyon"}, "new": {"EMAIL": "n@example.com"}}),
        ("update", {"known": {"EMAIL": "k@example.com", "CITY": "Lyon"}}),
        ("remove", {"known": {}}),
    ],
)
def test_each_mode_does_to_known_and_unknown_profiles_what_it_says(
    world: World, destination: Destination, standin: Running, mode: str, held: dict[str, dict[str, str]]
):
    world.put({"known": ("old@example.com", "Lyon")})
    world.run(destination, sync(name="before"))
    world.put({"known": ("k@example.com", "Lyon"), "new": ("n@example.com", None)})
    world.run(destination, sync(mode=mode, purpose=None if mode == "remove" else "email_marketing"))
    assert standin.held() == held
