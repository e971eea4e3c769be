"""A run keeps the warehouse open while answers come quickly, and leaves it to others all the same."""

from dataclasses import dataclass

import duckdb

from cdp_assets.activation.connection import LONGEST_HOLD, SHORT_WAIT, Connection
from cdp_assets.destinations.base import Batch, RowResult
from cdp_assets_tests.unit.activation.world import FakeDestination, World

PEOPLE = {f"c{n}": (f"p{n}@example.com", "Lyon") for n in range(3)}


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def is_open(world: World) -> bool:
    """Whether the warehouse cannot be attached by another database, as a file that is open cannot."""
    try:
        with duckdb.connect() as other:
            other.execute(f"ATTACH '{world.warehouse.location}' AS w")
    except duckdb.Error:
        return True
    return False


def test_it_waits_a_moment_and_after_a_while_not_at_all(tmp_path):
    clock = Clock()
    with Connection(World.at(tmp_path).warehouse, clock) as connection:
        assert connection.patience == SHORT_WAIT
        clock.now += LONGEST_HOLD
        assert connection.patience == 0
        connection.close()
        connection.open()
        assert connection.patience == SHORT_WAIT


def test_what_is_open_is_not_opened_again_and_closed_at_the_end(tmp_path):
    world = World.at(tmp_path)
    world.put(PEOPLE)
    with Connection(world.warehouse) as connection:
        connection.open()
        assert is_open(world)
        connection.close()
        assert not is_open(world)
        connection.open()
    assert not is_open(world)


def test_others_can_open_the_warehouse_while_a_slow_answer_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr("cdp_assets.activation.connection.SHORT_WAIT", 0.05)
    world, seen = World.at(tmp_path), []

    class Slow(FakeDestination):
        def send(self, batch: Batch) -> list[RowResult]:
            for _ in range(100):
                if not is_open(world):
                    seen.append(batch.name)
                    break
            return super().send(batch)

    world.put(PEOPLE)
    result = world.run(Slow(batch_size=2))
    assert seen == ["00000000", "00000001"]
    assert result.tally.succeeded.total() == 3
