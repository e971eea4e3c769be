"""The landing sensor: it starts what landed and is new, once, and nothing else."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from cdp_assets_tests.deployment import Deployment

CONTACTS, TICKETS = dg.AssetKey(["raw", "crm__contacts"]), dg.AssetKey(["raw", "support__tickets"])
HOLD = "import duckdb, sys, time; con = duckdb.connect(sys.argv[1]); print('held', flush=True); time.sleep(60)"


class Landing:
    """The landing folder of an empty deployment, and the sensor that looks at it."""

    def __init__(self, deployment: Deployment, definitions: dg.Definitions, instance: dg.DagsterInstance) -> None:
        self.folder = deployment.settings.landing_dir
        self.repository = definitions.get_repository_def()
        self.definitions = definitions
        self.instance = instance
        self.cursor: str | None = None

    def drop(self, name: str, *ids: str, written: float = 60) -> Path:
        """Write a CSV of contacts or tickets that was last changed `written` seconds ago."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(["Id" if "contacts" in name else "ticket_id", *ids]) + "\n")
        set_age(path, written)
        return path

    def look(self) -> list[dg.RunRequest]:
        """One tick of the sensor; its cursor is kept for the next."""
        result = self.tick()
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor
        return list(result.run_requests or [])

    def tick(self) -> dg.SensorResult | dg.SkipReason:
        context = dg.build_sensor_context(
            instance=self.instance, cursor=self.cursor, repository_def=self.repository, definitions=None
        )
        found = self.repository.get_sensor_def("landing")(context)
        assert isinstance(found, dg.SensorResult | dg.SkipReason)
        return found

    def load(self, request: dg.RunRequest) -> None:
        """Run what the sensor asked for."""
        job = self.definitions.resolve_implicit_global_asset_job_def()
        assert job.execute_in_process(instance=self.instance, asset_selection=request.asset_selection).success


def set_age(path: Path, seconds: float) -> None:
    os.utime(path, (time.time() - seconds, time.time() - seconds))


@pytest.fixture
def landing(scratch: Deployment, definitions: dg.Definitions) -> Iterator[Landing]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Landing(scratch, definitions, instance)


def test_a_new_file_starts_exactly_its_raw_asset(landing: Landing):
    landing.drop("crm/contacts_1.csv", "c1")
    (request,) = landing.look()
    assert request.asset_selection == [CONTACTS]


def test_files_of_two_tables_start_both_in_one_run(landing: Landing):
    landing.drop("crm/contacts_1.csv", "c1")
    landing.drop("support/tickets_1.csv", "t1")
    (request,) = landing.look()
    assert request.asset_selection == [CONTACTS, TICKETS]


def test_an_empty_or_missing_landing_folder_starts_nothing(landing: Landing):
    assert landing.look() == []
    landing.folder.mkdir()
    assert landing.look() == []


def test_a_file_that_no_source_declares_starts_nothing(landing: Landing):
    landing.drop("crm/leads_contacts.csv", "c1")
    assert landing.look() == []


def test_a_second_look_asks_for_nothing_more(landing: Landing):
    landing.drop("crm/contacts_1.csv", "c1")
    assert len(landing.look()) == 1
    assert landing.look() == []


def test_without_a_cursor_the_same_arrivals_ask_under_the_same_run_key_so_that_they_run_once(landing: Landing):
    landing.drop("crm/contacts_1.csv", "c1")
    (first,) = landing.look()
    landing.cursor = None
    (again,) = landing.look()
    assert again.run_key == first.run_key
    landing.drop("crm/contacts_2.csv", "c2")
    (more,) = landing.look()
    assert more.run_key != first.run_key


def test_content_that_was_loaded_starts_nothing_whether_touched_renamed_or_copied(landing: Landing):
    loaded = landing.drop("crm/contacts_1.csv", "c1", "c2")
    landing.load(*landing.look())
    assert landing.look() == []
    set_age(loaded, 30)
    assert landing.look() == []
    shutil.copy(loaded, landing.folder / "crm/contacts_copy.csv")
    assert landing.look() == []
    loaded.rename(landing.folder / "crm/contacts_renamed.csv")
    assert landing.look() == []


def test_content_that_was_loaded_starts_nothing_even_when_the_cursor_is_lost(landing: Landing):
    landing.drop("crm/contacts_1.csv", "c1")
    landing.load(*landing.look())
    landing.cursor = None
    assert landing.look() == []


def test_another_content_under_a_known_name_starts_its_raw_asset_again(landing: Landing):
    landing.drop("crm/contacts_1.csv", "c1")
    landing.load(*landing.look())
    landing.drop("crm/contacts_1.csv", "c1", "c2", written=30)
    (request,) = landing.look()
    assert request.asset_selection == [CONTACTS]


def test_a_file_that_may_still_be_written_to_is_left_for_the_next_look(
    landing: Landing, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CDP_LANDING_SETTLE_SECONDS", "20")
    growing = landing.drop("crm/contacts_1.csv", "c1", written=1)
    assert landing.look() == []
    set_age(growing, 30)
    (request,) = landing.look()
    assert request.asset_selection == [CONTACTS]


def test_a_locked_warehouse_is_a_reason_to_skip_that_names_its_holder_and_loses_nothing(
    landing: Landing, scratch: Deployment, monkeypatch: pytest.MonkeyPatch
):
    landing.drop("crm/contacts_1.csv", "c1")
    landing.load(*landing.look())
    landing.drop("crm/contacts_2.csv", "c2")
    monkeypatch.setenv("CDP_LOCK_TIMEOUT_SECONDS", "0.2")
    command = [sys.executable, "-c", HOLD, str(scratch.settings.duckdb_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            skipped = landing.tick()
        finally:
            holder.kill()
    assert isinstance(skipped, dg.SkipReason)
    assert skipped.skip_message is not None
    assert str(holder.pid) in skipped.skip_message
    assert "\n" not in skipped.skip_message
    (request,) = landing.look()
    assert request.asset_selection == [CONTACTS]


def test_the_cursor_keeps_what_need_not_be_read_again_and_forgets_what_is_gone(landing: Landing):
    first = landing.drop("crm/contacts_1.csv", "c1")
    landing.look()
    assert set(json.loads(landing.cursor or "")["raw.crm__contacts"]) == {"crm/contacts_1.csv"}
    first.unlink()
    landing.drop("crm/contacts_2.csv", "c2")
    landing.look()
    assert set(json.loads(landing.cursor or "")["raw.crm__contacts"]) == {"crm/contacts_2.csv"}
