"""A sync killed at any moment and run again leads to the same place as one that was not."""

import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from cdp_assets_tests.contracts.destinations.endpoint import serving
from cdp_assets_tests.unit.activation import killed_sync
from cdp_assets_tests.unit.activation.world import World

PEOPLE = {f"c{n:02}": (f"p{n}@example.com", "Lyon") for n in range(30)}


def kill(folder: Path, target: str, run_id: str, moment: str, batch: int) -> None:
    arguments = [sys.executable, "-m", killed_sync.__name__, str(folder), target, run_id, moment, str(batch)]
    done = subprocess.run(arguments, cwd=Path(__file__).parents[3], capture_output=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def delivered(folder: Path) -> Counter:
    files = sorted((folder / "outbox").rglob("*.jsonl"))
    return Counter(json.loads(line)["key"] for file in files for line in file.read_text().splitlines())


@pytest.mark.parametrize(("moment", "next_run"), [("sent", "another"), ("sent", "killed"), ("recorded", "killed")])
def test_killed_and_run_again_every_row_is_in_the_outbox_exactly_once(tmp_path: Path, moment: str, next_run: str):
    world = World.at(tmp_path)
    world.put(PEOPLE)
    kill(tmp_path, "file", "killed", moment, 0)
    kill(tmp_path, "file", next_run, moment, 1)
    result = world.run(killed_sync.destination(tmp_path, "file"), run_id=next_run)
    assert result.resumed
    assert delivered(tmp_path) == Counter(list(PEOPLE))
    assert world.held() == set(PEOPLE)
    assert Counter(r["row_key"] for r in world.rows("sync_rows")) == Counter(list(PEOPLE))
    assert not world.run(killed_sync.destination(tmp_path, "file")).planned


@pytest.mark.parametrize(("moment", "accepted"), [("before", 0), ("recorded", 7)])
def test_the_next_run_writes_down_that_one_was_interrupted_and_what_it_had_sent(
    tmp_path: Path, moment: str, accepted: int
):
    world = World.at(tmp_path)
    world.put(PEOPLE)
    kill(tmp_path, "file", "killed", moment, 0)
    assert [(run["run_id"], run["outcome"]) for run in world.rows("sync_runs")] == [("killed", "running")]
    world.run(killed_sync.destination(tmp_path, "file"), run_id="next")
    runs = {run["run_id"]: run for run in world.rows("sync_runs")}
    assert {name: run["outcome"] for name, run in runs.items()} == {"killed": "interrupted", "next": "finished"}
    assert runs["killed"]["succeeded_add"] == runs["killed"]["attempted_add"] == accepted
    assert runs["killed"]["planned_add"] == len(PEOPLE)
    assert runs["next"]["succeeded_add"] == len(PEOPLE) - accepted


def test_a_run_killed_when_all_was_written_down_is_closed_by_a_run_with_nothing_to_do(tmp_path: Path):
    world = World.at(tmp_path)
    world.put(PEOPLE)
    kill(tmp_path, "file", "killed", "recorded", 4)
    assert world.run(killed_sync.destination(tmp_path, "file")).planned == 0
    (run,) = world.rows("sync_runs")
    assert (run["outcome"], run["succeeded_add"]) == ("interrupted", len(PEOPLE))


def test_a_killed_webhook_sync_sends_the_batch_in_doubt_again_under_the_same_key(tmp_path: Path):
    world = World.at(tmp_path)
    world.put(PEOPLE)
    with serving() as endpoint:
        kill(tmp_path, endpoint.url, "killed", "sent", 1)
        target = killed_sync.destination(tmp_path, endpoint.url)
        world.run(target, run_id="another")
        target.close()
        keys = Counter(headers["Idempotency-Key"] for headers, _ in endpoint.requests)
        assert sorted(keys.values()) == [1, 1, 1, 1, 2]
        assert Counter(row["key"] for row in endpoint.applied) == Counter(list(PEOPLE))
    assert world.held() == set(PEOPLE)


def test_after_a_kill_what_changed_meanwhile_is_sent_as_it_is_now_and_what_left_is_taken_back(tmp_path: Path):
    world = World.at(tmp_path)
    world.put(PEOPLE)
    kill(tmp_path, "file", "killed", "sent", 0)
    world.put(PEOPLE | {"c00": ("new@example.com", None)}, granted=[key for key in PEOPLE if key != "c01"])
    world.run(killed_sync.destination(tmp_path, "file"))
    assert world.held() == set(PEOPLE) - {"c01"}
    lines = [json.loads(line) for file in sorted((tmp_path / "outbox").rglob("*run-1*")) for line in file.open()]
    later = {row["key"]: row for row in lines}
    assert later["c00"]["fields"] == {"EMAIL": "new@example.com", "CITY": None}
    assert later["c01"]["operation"] == "remove"
