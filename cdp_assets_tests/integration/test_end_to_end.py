"""`cdp run` from exports to the outbox, on populations that nothing was tuned on."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cdp_assets.identity.quality import cluster_quality
from cdp_assets.stages import Stage
from cdp_assets_tests.deployment import SEEDS, Deployment

AUDIENCE_OF = {
    "at_risk_high_value_to_outbox": "at_risk_high_value",
    "second_order_reminder": "new_customers_without_second_order",
}

STANDING_IN = {
    "braze": ("win_back_braze", "at_risk_high_value"),
    "salesforce": ("win_back_salesforce", "at_risk_high_value"),
    "marketo": ("welcome_marketo", "new_customers_without_second_order"),
}
OF_IDENTIFIERS = {"meta_ads": "win_back_meta_ads", "google_ads": "welcome_google_ads"}
WRITTEN_BY_PEOPLE = {
    *("identity.decisions", "identity.applied_decisions", "identity.labels", "activation.suppressions"),
}

pytestmark = pytest.mark.slow


@pytest.fixture(params=SEEDS, scope="module")
def made(request: pytest.FixtureRequest, materialised: Callable[[int], Deployment]) -> Deployment:
    """The deployment of one seed; that it is here at all means that `cdp run` ended with 0."""
    return materialised(request.param)


def _rows_of(path: Path) -> list[dict[str, str]]:
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            return list(csv.DictReader(file))
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_records_of_one_person_get_one_id_and_others_do_not(made: Deployment) -> None:
    found = made.query("SELECT source, record_id, customer_id FROM identity.customer_ids")
    judged = found.join(pl.read_parquet(made.truth), on=["source", "record_id"], how="inner")
    assert judged.height == found.height, "every record is one the sample wrote"
    quality = cluster_quality(judged["customer_id"], judged["person_id"])
    assert quality.precision >= 0.97
    assert quality.recall >= 0.85


def test_status_lists_every_stage_with_its_rows(made: Deployment) -> None:
    status = json.loads(made.run_well("status", "--json").stdout)
    assert list(status["stages"]) == list(Stage)
    for stage, tables in status["stages"].items():
        assert sum(tables.values()) > 0, stage
        for table, rows in tables.items():
            assert rows == made.query(f"SELECT count(*) AS n FROM {stage}.{table}")["n"][0]
    assert status["as_of"].startswith("2026-07-01T00:00:00")
    assert {run["status"] for run in status["runs"]} == {"SUCCESS"}
    assert status["failed_checks"] == []
    assert status["note"] is None


def test_every_table_of_the_data_stages_has_rows(made: Deployment) -> None:
    may_be_empty = {"activation.rejected_rows", "activation.sync_jobs", *WRITTEN_BY_PEOPLE}
    counts = {name: made.query(f"SELECT count(*) AS n FROM {name}")["n"][0] for name in made.table_names()}
    assert {name for name, rows in counts.items() if rows == 0} <= may_be_empty


def test_the_churn_model_is_no_worse_than_recency(made: Deployment) -> None:
    model = made.query("SELECT * FROM churn.model").row(0, named=True)
    assert model["method"] == "lightgbm"
    assert model["auc"] >= model["recency_auc"]
    assert model["brier"] <= model["recency_brier"]
    scored = made.query("SELECT churn_probability FROM churn.scores")["churn_probability"]
    assert scored.is_between(0, 1).all()
    assert scored.n_unique() > 10


@pytest.mark.parametrize("sync", AUDIENCE_OF)
def test_the_outbox_holds_exactly_the_members_with_consent(made: Deployment, sync: str) -> None:
    files = sorted((made.outbox / sync).iterdir())
    rows = [row for path in files for row in _rows_of(path)]
    members = made.query(
        f"""SELECT m.customer_id, c.email
              FROM audiences.{AUDIENCE_OF[sync]} AS m
              JOIN master.customers AS c ON c.customer_id = m.customer_id
              JOIN master.consents AS k ON k.customer_id = m.customer_id
             WHERE k.purpose = 'email_marketing' AND k.state = 'granted'"""
    )
    assert members.height > 0
    assert sorted(row["key"] for row in rows) == sorted(members["customer_id"])
    assert {row["operation"] for row in rows} == {"add"}


def _held(made: Deployment, destination: str) -> dict[str, Any]:
    held: dict[str, Any] = json.loads((made.folder / "stand_ins" / f"{destination}.json").read_text())["held"]
    return held


@pytest.mark.parametrize("destination", STANDING_IN)
def test_without_credentials_a_stand_in_holds_exactly_the_members_with_consent(
    made: Deployment, destination: str
) -> None:
    _, audience = STANDING_IN[destination]
    members = made.query(
        f"""SELECT m.customer_id
              FROM audiences.{audience} AS m
              JOIN master.consents AS k ON k.customer_id = m.customer_id
             WHERE k.purpose = 'email_marketing' AND k.state = 'granted'"""
    )
    assert set(_held(made, destination)) == set(members["customer_id"])


@pytest.mark.parametrize("destination", OF_IDENTIFIERS)
def test_without_credentials_a_stand_in_holds_exactly_the_identifiers_that_were_sent(
    made: Deployment, destination: str
) -> None:
    sync = OF_IDENTIFIERS[destination]
    sent = made.query(f"SELECT count(*) AS n FROM activation.sync_state WHERE sync = '{sync}'")["n"][0]
    kept = made.query(f"SELECT DISTINCT sent FROM activation.sync_identifiers WHERE sync = '{sync}'")["sent"]
    assert len(_held(made, destination)) == sent == len(kept) > 0
