"""The next day: only what is new is loaded, ids stay, and the tables are those of a full rebuild."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cdp_assets.sample.next_day import write_next_day
from cdp_assets_tests.deployment import FACTS_OF_A_RUN, PEOPLE, SEEDS, Deployment, differing

pytestmark = pytest.mark.slow

RECORD = ["source", "record_id"]
NEXT_DAY = "2026-07-02"
NEW_FILES = {
    "crm/contacts_deleted_2026-07-01.csv",
    "crm/contacts_sample_2026-07-01.csv",
    "shop/customers_again.jsonl",
    "shop/orders_sample_2026-07-01.jsonl",
    "web/events_sample_2026-07-01.jsonl",
}


@dataclass(frozen=True)
class Day:
    """The deployment after its next day, and what was known before it."""

    deployment: Deployment
    before: pl.DataFrame
    deleted: list[str]


def _delete_one_percent(landing: Path) -> list[str]:
    """A later export in which one contact in a hundred is marked as deleted; returns their ids."""
    contacts = pl.read_csv(
        landing / "crm/contacts_sample_2026-06-30.csv", infer_schema=False, truncate_ragged_lines=True
    )
    alive = contacts.filter((pl.col("IsDeleted") == "false") & pl.col("Id").str.starts_with("003"))
    chosen = alive.sort("Id").gather_every(100)
    gone = chosen.with_columns(IsDeleted=pl.lit("true"), LastModifiedDate=pl.lit("2026-07-01T23:30:00.000+0000"))
    gone.write_csv(landing / "crm/contacts_deleted_2026-07-01.csv")
    return gone["Id"].to_list()


def _send_again_shuffled(landing: Path) -> None:
    lines = (landing / "shop/customers_sample_2026-06-30.jsonl").read_bytes().splitlines()
    good = [line for line in lines if line.startswith(b"{") and line.endswith(b"}")]
    again = np.random.default_rng(1).permutation(len(good))[: len(good) // 2]
    (landing / "shop/customers_again.jsonl").write_bytes(b"\n".join(good[i] for i in again) + b"\n")


@pytest.fixture
def day(deployment: Deployment) -> Day:
    before = deployment.query("SELECT source, record_id, customer_id FROM identity.customer_ids")
    write_next_day(deployment.landing, PEOPLE, SEEDS[0])
    deleted = _delete_one_percent(deployment.landing)
    _send_again_shuffled(deployment.landing)
    deployment.run_well("run", "--as-of", NEXT_DAY)
    return Day(deployment, before, deleted)


def test_the_next_day_loads_what_is_new_keeps_ids_and_equals_a_full_rebuild(day: Day) -> None:
    _only_new_files_are_loaded(day.deployment)
    _deleted_contacts_are_nobodys(day)
    _ids_stay_and_what_changed_is_told(day)
    incremental, sent = day.deployment.contents(FACTS_OF_A_RUN), day.deployment.sent()
    day.deployment.run_well("run", "--full")
    assert differing(incremental, day.deployment.contents(FACTS_OF_A_RUN)) == []
    assert day.deployment.sent() == sent


def _only_new_files_are_loaded(deployment: Deployment) -> None:
    loads = deployment.query("SELECT file, loaded_at FROM raw.loads")
    first = loads["loaded_at"].min()
    later = loads.filter(pl.col("loaded_at") > first + pl.duration(seconds=1))
    assert loads["file"].is_unique().all()
    assert set(later["file"]) >= NEW_FILES
    earlier = deployment.query("SELECT file FROM raw.loads WHERE file NOT LIKE '%2026-07-01%'")
    assert earlier.height == loads.height - len(NEW_FILES) + 1, "nothing but the new files was added"


def _deleted_contacts_are_nobodys(day: Day) -> None:
    held = day.deployment.query("SELECT record_id FROM identity.customer_ids WHERE source = 'crm'")
    assert len(day.deleted) >= 5
    assert not set(day.deleted) & set(held["record_id"])


def _ids_stay_and_what_changed_is_told(day: Day) -> None:
    after = day.deployment.query("SELECT source, record_id, customer_id FROM identity.customer_ids")
    both = day.before.join(after, on=RECORD, suffix="_now")
    changed = both.filter(pl.col("customer_id") != pl.col("customer_id_now"))
    assert changed.height <= 0.01 * both.height
    told = day.deployment.query(
        f"SELECT event, customer_id, other_customer_id FROM identity.id_history WHERE happened_at = '{NEXT_DAY}'"
    )
    moves = told.filter(pl.col("event").is_in(["merged", "split"])).select("customer_id", "other_customer_id")
    told_moves = set(moves.iter_rows())
    assert set(changed.select("customer_id", "customer_id_now").unique().iter_rows()) <= told_moves
    gone = set(day.before["customer_id"]) - set(after["customer_id"])
    assert gone <= set(told.filter(pl.col("event").is_in(["merged", "retired"]))["customer_id"])
    new = set(after["customer_id"]) - set(day.before["customer_id"])
    known = set(told.filter(pl.col("event") == "created")["customer_id"]) | set(moves["other_customer_id"])
    assert new <= known
    touched = _touched_customers(day, after)
    assert set(changed["customer_id"]) <= touched, "customers none of whose records changed keep their id"


def _touched_customers(day: Day, after: pl.DataFrame) -> set[str]:
    """Customers, by their ids of the day before, with a record that the new files brought, changed or deleted, or
    that is now with one of them."""
    news = day.deployment.query(
        """SELECT 'crm' AS source, "Id" AS record_id FROM raw.crm__contacts WHERE _source_row LIKE '%2026-07-01%'
            UNION SELECT 'web', "userId" FROM raw.web__events WHERE _source_row LIKE '%2026-07-01%'"""
    )
    now = after.join(news, on=RECORD, how="semi")["customer_id"].implode()
    beside = after.filter(pl.col("customer_id").is_in(now))
    return set(day.before.join(pl.concat([news, beside.select(RECORD)]), on=RECORD, how="semi")["customer_id"])
