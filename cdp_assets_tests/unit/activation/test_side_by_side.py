"""Batches that are sent side by side are each sent once, in operations that do not overlap, and recorded."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from cdp_assets.activation.batches import PlannedBatch
from cdp_assets.activation.ledger import Ledger
from cdp_assets.destinations.base import Batch, Operation, RowResult, TransientError
from cdp_assets.errors import DestinationError
from cdp_assets_tests.unit.activation.world import FakeDestination, World, definition

PEOPLE = {f"c{n:02}": (f"p{n}@example.com", "Lyon") for n in range(40)}


@dataclass
class Busy(FakeDestination):
    """Takes its time, and remembers how many batches and which operations were there together."""

    most: int = 0
    mixed: bool = False
    here: list[Operation] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, batch: Batch) -> list[RowResult]:
        with self.lock:
            self.here.append(batch.operation)
            self.most = max(self.most, len(self.here))
            self.mixed |= len(set(self.here)) > 1
        time.sleep(0.02)
        with self.lock:
            try:
                return super().send(batch)
            finally:
                self.here.remove(batch.operation)


def test_as_many_as_allowed_are_on_their_way_and_operations_do_not_overlap(world: World):
    busy = Busy(batch_size=3, concurrency=4)
    world.put(PEOPLE)
    world.run(busy)
    assert busy.most == 4
    keys = list(PEOPLE)
    world.put({**dict.fromkeys(keys[:15], (None, None)), **dict.fromkeys(["n1", "n2"], (None, "x"))})
    world.run(busy, definition(guard=1))
    assert not busy.mixed
    assert set(busy.content) == world.held() == {*keys[:15], "n1", "n2"}


def test_rows_that_poison_their_batch_are_found_among_batches_on_their_way(world: World):
    busy = Busy(batch_size=8, concurrency=3, poison={"c05", "c06", "c39"})
    world.put(PEOPLE)
    result = world.run(busy, definition(max_rejected_share=1))
    assert set(busy.content) == world.held() == set(PEOPLE) - busy.poison
    assert result.tally.attempted == {Operation.ADD: 40}
    accepted = [row["row_key"] for row in world.rows("sync_rows") if row["status"] == "succeeded"]
    assert sorted(accepted) == sorted(world.held())


@pytest.mark.parametrize("applies_once", [False, True])
@pytest.mark.parametrize("failing", [0, 2, 9])
def test_what_was_accepted_beside_a_batch_that_fails_is_recorded_and_not_sent_again(
    world: World, failing: int, applies_once: bool
):
    def fail(batch: Batch) -> None:
        if int(batch.name) == failing:
            raise TransientError("HTTP 503")

    busy = Busy(batch_size=4, concurrency=4, on_send=fail, applies_once=applies_once)
    world.put(PEOPLE)
    with pytest.raises(DestinationError, match=f"gave up on batch {failing:08d}"):
        world.run(busy)
    accepted = set(busy.content)
    assert world.held() == accepted
    busy.on_send = lambda _: None
    busy.batches.clear()
    world.run(busy)
    assert accepted.isdisjoint(row.key for batch in busy.batches for row in batch.rows)
    assert set(busy.content) == world.held() == set(PEOPLE)


def test_stopped_by_too_many_refusals_it_forgets_nothing_that_was_accepted(world: World):
    people: dict[str, tuple[str | None, str | None]] = {f"c{n:03}": (None, None) for n in range(200)}
    busy = Busy(batch_size=10, concurrency=4, picky={key for key in people if key < "c050"})
    world.put(people)
    with pytest.raises(DestinationError, match="more than max_rejected_share"):
        world.run(busy)
    assert world.held() == set(busy.content)


def test_batches_that_wait_for_their_turn_are_not_begun_once_one_fails(world: World):
    def fail(batch: Batch) -> None:
        if int(batch.name) == 1:
            raise TransientError("HTTP 503")

    busy = Busy(batch_size=4, concurrency=1, on_send=fail, applies_once=True)
    world.put(PEOPLE)
    with pytest.raises(DestinationError, match="gave up on batch 00000001"):
        world.run(busy)
    assert {batch.name for batch in busy.batches} == {"00000000", "00000001"}
    (run,) = world.rows("sync_runs")
    assert (run["planned_add"], run["attempted_add"], run["succeeded_add"]) == (40, 8, 4)


@pytest.mark.parametrize("applies_once", [False, True])
def test_the_next_batch_goes_while_one_is_written_down_where_a_batch_applies_once(
    world: World, monkeypatch: pytest.MonkeyPatch, applies_once: bool
):
    busy = Busy(batch_size=4, concurrency=1, applies_once=applies_once)
    record, answered, ahead = Ledger.record, [], []

    def recording(ledger: Ledger, batches: Sequence[PlannedBatch], *rest: Any) -> None:
        time.sleep(0.1)
        answered.extend(batches)
        ahead.append(len(busy.batches) > len(answered))
        record(ledger, batches, *rest)

    monkeypatch.setattr(Ledger, "record", recording)
    world.put(PEOPLE)
    world.run(busy)
    assert any(ahead) is applies_once
    assert set(busy.content) == world.held() == set(PEOPLE)


@pytest.mark.parametrize("applies_once", [False, True])
def test_after_a_kill_every_batch_that_may_have_been_sent_is_sent_again_as_it_was(world: World, applies_once: bool):
    begun: list[Batch] = []

    def die(batch: Batch) -> None:
        begun.append(batch)
        if len(begun) > 6:
            raise KeyboardInterrupt

    busy = Busy(batch_size=4, concurrency=3, on_send=die, applies_once=applies_once)
    world.put(PEOPLE)
    with pytest.raises(KeyboardInterrupt):
        world.run(busy)
    held = world.held()
    busy.on_send = lambda _: None
    busy.batches.clear()
    assert world.run(busy).resumed
    in_doubt = {batch.idempotency_key for batch in begun if batch.rows[0].key not in held}
    assert in_doubt <= {batch.idempotency_key for batch in busy.batches if batch.run_id == "run-1"}
    assert held.isdisjoint(row.key for batch in busy.batches for row in batch.rows)
    assert set(busy.content) == world.held() == set(PEOPLE)
