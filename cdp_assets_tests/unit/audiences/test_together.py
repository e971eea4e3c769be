"""Audiences that are refreshed together become what they become one by one; they share what reads the facts."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdp_assets.audiences.membership import refresh_audiences
from cdp_assets.tables import Table
from cdp_assets.warehouses.duckdb import DuckDBWarehouse
from cdp_assets_tests.unit.audiences.refreshed import Refreshed, day
from cdp_assets_tests.unit.audiences.strategies import AUDIENCES, IDS, audiences, worlds
from cdp_assets_tests.unit.audiences.trees import definitions
from cdp_assets_tests.unit.audiences.world import definition, put

splits = st.fixed_dictionaries(
    {},
    optional={
        "splits": st.sampled_from(({"arms": {"a": 50, "b": 30}, "holdout": 20}, {"arms": {"a": 99.5, "b": 0.5}}))
    },
)
several = st.lists(st.tuples(definitions, splits).map(lambda two: two[0] | two[1]), min_size=2, max_size=4)


def drawn(world: Refreshed, tables, members) -> None:
    with world.warehouse.session():
        put(world.warehouse, {Table.parse(name): rows for name, rows in tables.items()})
        for name in AUDIENCES:
            ids = "','".join(sorted(members[name])) or "nobody"
            rows = f"SELECT customer_id FROM master.customers WHERE customer_id IN ('{ids}')"
            world.warehouse.write_select(Table("audiences", name), rows)


def outcome(world: Refreshed, names) -> dict[str, list]:
    kept = {
        table: [{name: value for name, value in row.items() if name != "sequence"} for row in world.rows(table)]
        for table in (*names, "membership_log", "assignments", "sizes", "definitions")
    }
    return {table: sorted(rows, key=str) for table, rows in kept.items()}


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(worlds, worlds, audiences, several, st.booleans())
def test_together_they_have_the_members_the_log_and_the_arms_of_those_refreshed_one_by_one(
    world, before, after, members, asked, merged
):
    chosen = [definition(**{"name": f"one_{n}", **content, "priority": None}) for n, content in enumerate(asked)]
    found = []
    for batches in ([chosen], [[one] for one in chosen]):
        world.forget()
        world.percent = Decimal(25)
        for on, tables in enumerate((before, after)):
            drawn(world, tables, members)
            if merged and on:
                world.merge((IDS[-1], IDS[0]))
            changes = {}
            for batch in batches:
                changes |= world.refresh(*batch, on=on)
        numbers = {name: (c.members, c.entered, c.exited, c.merged, c.unexpected) for name, c in changes.items()}
        found.append((outcome(world, [one.name for one in chosen]), numbers))
    assert found[0] == found[1]


class Watched(DuckDBWarehouse):
    """A warehouse that remembers what it was told."""

    def __init__(self, path):
        super().__init__(path)
        self.said: list[str] = []

    def _write_select(self, table, sql, mode, key):
        self.said.append(sql)
        return super()._write_select(table, sql, mode, key)


def bought(name, **window):
    return definition({"transaction": {"count": {"at_least": 1}, **window}}, name=name)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_table_of_facts_is_read_once_however_many_audiences_ask_of_it(world, warehouse, count):
    put(warehouse, {Table("master", "customers"): [], Table("master", "transactions"): []})
    watched = Watched(warehouse.path)
    refresh_audiences(watched, [bought(f"n{n}", within_last=f"{n + 1}d") for n in range(count)], day(0))
    assert sum(sql.count('"master"."transactions"') for sql in watched.said) == 1


def test_nothing_is_left_of_what_was_shared(world):
    put(world.warehouse, {Table("master", "customers"): [], Table("master", "transactions"): []})
    world.refresh(bought("one"), bought("two", within_last="3d"))
    assert {table.name for table in world.warehouse.tables(["audiences"])} == {
        *("one", "two", "membership_log", "assignments", "sizes", "definitions")
    }
