"""Each content is loaded into a table once, each file whole or not at all, and one bad file stops no other."""

from datetime import timedelta

import pytest

from cdp_assets.errors import WarehouseError
from cdp_assets.sources.contracts import LOADS, REJECTED_ROWS
from cdp_assets.sources.formats import csv
from cdp_assets.sources.load import Rejections, latest_rejections, load_table, loaded_version
from cdp_assets.tables import Table
from cdp_assets.warehouses.duckdb import DuckDBWarehouse
from cdp_assets_tests.unit.sources.conftest import NOW

CONTACTS = Table("raw", "crm__contacts")


def ids(warehouse, table=CONTACTS):
    return sorted(warehouse.read_arrow(f'SELECT "Id" FROM {table}')["Id"].to_pylist())


def test_a_file_is_loaded_once(drop, load, warehouse):
    drop("crm/a.csv", "Id\n1\n")

    assert (load().files, load().files) == (["crm/a.csv"], [])
    assert ids(warehouse) == ["1"]


def test_the_same_content_under_another_name_is_not_loaded_again(drop, load, warehouse):
    drop("crm/a.csv", "Id\n1\n")
    drop("crm/b.csv", "Id\n1\n")
    assert load().files == ["crm/a.csv"]

    drop("crm/c.csv", "Id\n1\n")
    assert load().files == []
    assert ids(warehouse) == ["1"]


def test_changed_content_under_the_same_name_is_loaded_too(drop, load, warehouse):
    drop("crm/a.csv", "Id\n1\n")
    load()
    drop("crm/a.csv", "Id\n1\n2\n")

    assert load().files == ["crm/a.csv"]
    assert ids(warehouse) == ["1", "1", "2"]
    assert warehouse.row_count(LOADS.table) == 2


def test_two_tables_take_the_same_content_each(drop, load, warehouse):
    drop("crm/a.csv", "Id\n1\n")
    load()
    load(name="people")

    assert ids(warehouse) == ids(warehouse, Table("raw", "crm__people")) == ["1"]
    assert len(set(warehouse.read_arrow("SELECT load_id FROM raw.loads")["load_id"].to_pylist())) == 2


def test_the_version_of_a_table_changes_when_and_only_when_something_is_loaded(drop, load, warehouse):
    versions = [loaded_version(warehouse, CONTACTS)]
    for name, content in [("a", "Id\n1\n"), ("a", "Id\n1\n"), ("copy", "Id\n1\n"), ("b", "Id\n2\n")]:
        drop(f"crm/{name}.csv", content)
        load()
        versions.append(loaded_version(warehouse, CONTACTS))

    assert versions[1] == versions[2] == versions[3]
    assert len(set(versions)) == 3


def test_a_bad_file_does_not_stop_the_others_and_is_tried_again(drop, load, warehouse):
    drop("crm/a.csv", "Id\n1\n")
    drop("crm/b.csv", "Name\nx\n")
    drop("crm/c.parquet", b"PAR1")
    drop("crm/d.xlsx", b"?")
    drop("crm/e.csv", "Id\n5\n")
    report = load()

    assert report.files == ["crm/a.csv", "crm/e.csv"]
    assert [failure.split()[0] for failure in report.failures] == ["b.csv", "c.parquet", "d.xlsx:"]
    assert len(load().failures) == 3
    drop("crm/b.csv", "Id\n2\n")
    assert load().files == ["crm/b.csv"]
    assert ids(warehouse) == ["1", "2", "5"]


def test_a_file_that_goes_away_meanwhile_does_not_stop_the_others(drop, load, warehouse):
    drop("crm/a.csv", "Id\n1\n")
    going = drop("crm/b.csv", "Id\n2\n")
    drop("crm/c.csv", "Id\n3\n")

    report = load(progress=lambda _: going.unlink(missing_ok=True))
    assert report.failures == ["crm/b.csv cannot be read: No such file or directory."]
    assert ids(warehouse) == ["1", "3"]


class _Failing(DuckDBWarehouse):
    """Refuses the n-th write."""

    writes_left = 0

    def write_arrow(self, *args, **kwargs):
        self.writes_left -= 1
        if self.writes_left < 0:
            raise WarehouseError("the disk is full")
        return super().write_arrow(*args, **kwargs)


@pytest.mark.parametrize("writes", range(4), ids=["rows", "rejected rows", "second batch", "ledger"])
def test_a_file_that_fails_half_way_leaves_nothing(monkeypatch, drop, load, warehouse, settings, crm, writes):
    load()  # the tables are there
    monkeypatch.setattr(csv, "BATCH_ROWS", 2)
    drop("crm/a.csv", "Id\n1\n  \n3\n")
    failing = _Failing(warehouse.path)
    failing.writes_left = writes

    with pytest.raises(WarehouseError, match="disk is full"):
        load_table(failing, crm, crm.tables[0], settings, NOW)
    assert ids(warehouse) == []
    assert warehouse.row_count(LOADS.table) == warehouse.row_count(REJECTED_ROWS.table) == 0
    assert load().rows == 2


def test_the_rejected_share_is_that_of_the_latest_load(drop, load, warehouse):
    load()
    assert latest_rejections(warehouse, CONTACTS).share == 0.0

    drop("crm/a.csv", "Id,b\n1,x\n2\n3\n4\n")
    load()
    assert latest_rejections(warehouse, CONTACTS).share == pytest.approx(0.75)
    load(now=NOW + timedelta(hours=1))
    assert latest_rejections(warehouse, CONTACTS).share == pytest.approx(0.75)

    drop("crm/b.csv", "Id,b\n1,x\n2\n")
    drop("crm/c.csv", "Id,b\n3,x\n4,y\n")
    load(now=NOW + timedelta(hours=2))
    assert latest_rejections(warehouse, CONTACTS).share == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("rejected", "met", "too_many"),
    [(0, 0, False), (1, 4, False), (4, 4, True), (9, 10, True), (9, 20, False), (10, 20, True), (10, 100, False)],
)
def test_a_few_bad_rows_of_a_small_file_are_not_too_many(rejected, met, too_many):
    assert Rejections(rejected, met).too_many(0.2) is too_many
