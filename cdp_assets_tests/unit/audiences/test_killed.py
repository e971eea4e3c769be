"""A refresh that is killed, wherever it was, and run again comes to what it would have come to."""

import pytest

from cdp_assets.audiences import membership
from cdp_assets_tests.unit.audiences.refreshed import ANYONE, FRENCH, split
from cdp_assets_tests.unit.audiences.world import definition

AUDIENCES = split(condition=FRENCH, a=50, holdout=50), definition(ANYONE, name="everybody")
TABLES = ("tested", "everybody", "membership_log", "assignments", "sizes", "definitions")
WRITES = 6


class Killed(BaseException):
    """The process was."""


def after_two_days(world, monkeypatch, killed_at=None):
    """What is in every table after a refresh and another, of which the second is killed at a write and run again."""
    world.forget()
    world.have(["a", "b", "c"], french=["a", "b"])
    world.refresh(*AUDIENCES)
    world.have(["b", "c", "d"], french=["b", "d"])
    world.merge(("a", "d"))
    if killed_at is not None:
        kill(world, monkeypatch, killed_at)
    world.refresh(*AUDIENCES, on=1)
    return {name: world.rows(name) for name in TABLES}, {table.name for table in world.warehouse.tables(["audiences"])}


def kill(world, monkeypatch, killed_at):
    real, writes = type(world.warehouse).write_select, []

    def killing(*arguments):
        writes.append(arguments)
        if len(writes) > killed_at:
            monkeypatch.setattr(membership, "_clean_up", lambda *_: None)
            raise Killed
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(type(world.warehouse), "write_select", killing)
        with pytest.raises(Killed):
            world.refresh(*AUDIENCES, on=1)
    monkeypatch.undo()


@pytest.mark.parametrize("killed_at", range(WRITES))
def test_killed_before_any_write_and_run_again_it_comes_to_the_same(world, monkeypatch, killed_at):
    undisturbed = after_two_days(world, monkeypatch)
    assert after_two_days(world, monkeypatch, killed_at) == undisturbed
