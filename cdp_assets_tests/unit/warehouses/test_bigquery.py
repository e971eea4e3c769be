"""What is BigQuery's own: how it is configured, and what its jobs say of who runs them."""

import pytest

from cdp_assets.errors import ConfigurationError, WarehouseError
from cdp_assets.settings import Settings
from cdp_assets.tables import Table
from cdp_assets.warehouses import bigquery
from cdp_assets.warehouses._bigquery.connection import Place
from cdp_assets.warehouses._bigquery.errors import ConcurrentWriteError
from cdp_assets.warehouses._bigquery.staging import Staged
from cdp_assets.warehouses._bigquery.types import Field
from cdp_assets.warehouses._usage import QueryTag
from cdp_assets.warehouses.base import Right
from cdp_assets.warehouses.bigquery import BigQueryWarehouse

NEEDED = {"CDP_BIGQUERY_PROJECT": "shop", "CDP_BIGQUERY_LOCATION": "EU"}
THING = Table("raw", "thing")


@pytest.fixture(autouse=True)
def _installed(monkeypatch):
    monkeypatch.setattr(bigquery, "_is_installed", lambda _: True)


def opened(**environment: str) -> BigQueryWarehouse:
    return BigQueryWarehouse.from_settings(Settings.from_env(NEEDED | environment))


def test_it_is_a_project_in_a_location_and_connects_to_nothing_yet():
    assert opened().location == "shop in EU"


def test_what_is_missing_is_told_with_all_that_was_looked_for():
    with pytest.raises(ConfigurationError, match=r"needs CDP_BIGQUERY_PROJECT and CDP_BIGQUERY_LOCATION") as refused:
        opened(CDP_BIGQUERY_PROJECT="", CDP_BIGQUERY_LOCATION="", CDP_BIGQUERY_CREDENTIALS="/keys/shop.json")
    assert "CDP_BIGQUERY_CREDENTIALS (set)" in str(refused.value)
    assert "/keys/shop.json" not in str(refused.value)


def test_a_driver_that_is_missing_is_told_with_what_installs_it(monkeypatch):
    monkeypatch.setattr(bigquery, "_is_installed", lambda module: module == "dagster_gcp")
    with pytest.raises(
        ConfigurationError, match=r"needs google\.cloud\.bigquery_storage_v1: pip install .*\[bigquery\]"
    ):
        opened()


@pytest.mark.parametrize("text", ["-1", "10 GB", "1e9", "٣"])
def test_a_limit_of_bytes_is_a_number(text):
    with pytest.raises(ConfigurationError, match=r"CDP_BIGQUERY_MAXIMUM_BYTES_BILLED is .* number of bytes"):
        opened(CDP_BIGQUERY_MAXIMUM_BYTES_BILLED=text)


def test_a_key_file_that_is_none_is_refused_by_its_name_when_it_is_used(tmp_path):
    key = tmp_path / "key.json"
    key.write_text('{"private_key": "secret"}')
    with pytest.raises(ConfigurationError, match=r"CDP_BIGQUERY_CREDENTIALS is .*key\.json") as refused:
        opened(CDP_BIGQUERY_CREDENTIALS=str(key)).columns(THING)
    assert "secret" not in str(refused.value)


def test_every_right_has_a_role_of_the_project():
    roles = {opened().grant(right, "raw") for right in Right}
    assert len(roles) == len(Right)
    assert all("add-iam-policy-binding shop" in role and "--role=roles/bigquery." in role for role in roles)


@pytest.mark.parametrize(
    ("tag", "labels"),
    [
        (None, {}),
        (QueryTag("audiences/At Risk", "3F-1"), {"cdp_asset": "audiences_at_risk", "cdp_run": "3f-1"}),
        (QueryTag("é" * 70, ""), {"cdp_asset": "_" * 63}),
    ],
)
def test_jobs_are_labelled_with_the_asset_and_the_run_as_far_as_labels_go(tag, labels):
    warehouse = opened()
    warehouse.tag = tag
    assert warehouse._jobs._labels() == labels


class _Service:
    """Stands for the jobs and tables; every merge but the last few is cancelled for another writer's sake."""

    is_in_transaction = False

    def __init__(self, cancelled: int) -> None:
        self.cancelled = cancelled
        self.scripts: list[str] = []

    def run(self, sql: str, **_: bool) -> None:
        if not sql.startswith("BEGIN TRANSACTION"):
            return
        self.scripts.append(sql)
        if len(self.scripts) <= self.cancelled:
            raise ConcurrentWriteError("another writer changed the same table")

    def columns(self, _: Table) -> dict[str, str]:
        return {"id": "INT64"}


def merge(monkeypatch, cancelled: int) -> tuple[_Service, list[float]]:
    waits: list[float] = []
    monkeypatch.setattr(bigquery.time, "sleep", waits.append)
    monkeypatch.setattr(bigquery.random, "uniform", lambda _, most: most)
    warehouse, service = BigQueryWarehouse(Place("shop", "EU")), _Service(cancelled)
    monkeypatch.setattr(warehouse, "_jobs", service)
    monkeypatch.setattr(warehouse, "_tables", service)
    monkeypatch.setattr(warehouse, "_check_key_faults", lambda *_: None)
    stage = Table("cdp_work", "stage")
    staged = Staged(stage.expression(), "SELECT * FROM `cdp_work`.`stage`", 1, {"id": "id"})
    try:
        warehouse._merge(THING, [Field("id", "INT64", None)], staged, ["id"])
    except WarehouseError:
        waits.append(-1)
    return service, waits


def test_a_merge_that_another_writer_cancels_begins_again_after_longer_and_longer(monkeypatch):
    service, waits = merge(monkeypatch, cancelled=3)
    assert len(service.scripts) == 4
    assert len(set(service.scripts)) == 1
    assert len(waits) == 3
    assert waits == sorted(waits)


def test_a_merge_that_is_always_cancelled_fails_in_the_end(monkeypatch):
    service, waits = merge(monkeypatch, cancelled=100)
    assert len(service.scripts) == 7
    assert waits[-1] == -1
    assert sum(waits) < 120
