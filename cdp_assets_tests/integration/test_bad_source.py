"""A source that sends nonsense: it is told in one line, and the others go on."""

import re
from pathlib import Path

import polars as pl
import pytest

from cdp_assets.sample.next_day import write_next_day
from cdp_assets.sample.write import write_sample
from cdp_assets_tests.deployment import PEOPLE, SEEDS, Deployment

pytestmark = pytest.mark.slow

NEW_CONTACTS = "crm/contacts_sample_2026-07-01.csv"
FIRST_CONTACTS = "crm/contacts_sample_2026-06-30.csv"


def _without_ids(path: Path) -> bytes:
    """Break a contacts file, whose first column is Id; returns what it was."""
    good = path.read_bytes()
    path.write_bytes(good.replace(b"Id,", b"Identifier,", 1))
    return good


def _one_line_about(done_output: str, file: str) -> str:
    lines = [line for line in done_output.splitlines() if "FAILED" in line]
    assert len(lines) == 1, done_output
    assert Path(file).name in lines[0]
    assert ".Failure" not in lines[0], "a person's words, not a program's"
    assert "Traceback" not in done_output
    return lines[0]


def _rows(deployment: Deployment, table: str) -> int:
    return int(deployment.query(f"SELECT count(*) AS n FROM {table}")["n"][0])


def test_a_file_without_its_key_stops_neither_other_sources_nor_the_last_good_data(deployment: Deployment) -> None:
    tables = ["raw.crm__contacts", "raw.shop__orders", "master.transactions", "master.customers", "churn.scores"]
    before = {table: _rows(deployment, table) for table in tables}
    write_next_day(deployment.landing, PEOPLE, SEEDS[0])
    good = _without_ids(deployment.landing / NEW_CONTACTS)

    failed = deployment.run("run", "--as-of", "2026-07-02")
    assert failed.returncode == 1
    said = _one_line_about(failed.stdout, NEW_CONTACTS)
    assert re.search(r"\bId\b", said), "the column that is missing"
    assert "Identifier" in said, "the columns found"
    assert "LastModifiedDate" in said
    after = {table: _rows(deployment, table) for table in tables}
    assert after["raw.crm__contacts"] == before["raw.crm__contacts"]
    assert after["raw.shop__orders"] > before["raw.shop__orders"]
    assert after["master.transactions"] > before["master.transactions"]
    assert after["master.customers"] == before["master.customers"]
    assert (
        deployment.query("SELECT DISTINCT as_of FROM churn.scores")["as_of"].cast(pl.String)[0].startswith("2026-07-02")
    )

    still = deployment.run("run")
    assert still.returncode == 1, "a file that cannot be loaded is told until it is mended"
    _one_line_about(still.stdout, NEW_CONTACTS)

    (deployment.landing / NEW_CONTACTS).write_bytes(good)
    deployment.run_well("run")
    assert _rows(deployment, "raw.crm__contacts") > before["raw.crm__contacts"]


def test_a_first_run_makes_everything_of_the_other_sources(empty: Deployment) -> None:
    write_sample(empty.landing, empty.truth, 300, SEEDS[1])
    _without_ids(empty.landing / FIRST_CONTACTS)
    failed = empty.run("run", "--as-of", "sample")
    assert failed.returncode == 1
    _one_line_about(failed.stdout, FIRST_CONTACTS)
    assert "waits" not in failed.stdout
    assert _rows(empty, "raw.crm__contacts") == 0
    sources = empty.query("SELECT DISTINCT source FROM identity.customer_ids ORDER BY 1")["source"].to_list()
    assert sources == ["shop", "support", "web"]
    assert _rows(empty, "master.customers") > 0
    assert _rows(empty, "churn.scores") > 0
    assert _rows(empty, "activation.sync_runs") > 0


def test_a_file_of_mostly_bad_rows_holds_back_its_staging_alone(deployment: Deployment) -> None:
    bad = deployment.landing / "support/tickets_2026-07-01.csv"
    header = (deployment.landing / "support/tickets_sample_2026-06-30.csv").read_text().splitlines()[0]
    bad.write_text(header + "\n" + "one,two\n" * 9 + "T-good" + "," * header.count(",") + "\n")
    write_next_day(deployment.landing, PEOPLE, SEEDS[0])
    orders = _rows(deployment, "staging.stg_shop__transactions")
    tickets = _rows(deployment, "staging.stg_support__customers")

    failed = deployment.run("run")
    assert failed.returncode == 1
    assert "raw.support__tickets: the check rejected_share failed" in failed.stdout
    assert re.search(r"waits +staging.stg_support__customers: the check rejected_share", failed.stdout)
    assert _rows(deployment, "staging.stg_shop__transactions") > orders
    assert _rows(deployment, "staging.stg_support__customers") == tickets

    rejected = deployment.query(f"SELECT * FROM raw.rejected_rows WHERE file = 'support/{bad.name}' ORDER BY line")
    assert rejected["line"].to_list() == list(range(2, 11))
    assert rejected["reason"].str.len_chars().min() > 10
    assert rejected["row"].str.contains("one").all()


def test_malformed_rows_are_kept_with_file_line_and_reason(deployment: Deployment) -> None:
    rejected = deployment.query("SELECT file, line, reason, row FROM raw.rejected_rows")
    assert set(rejected["file"]) >= {"crm/contacts_sample_2026-06-30.csv", "shop/customers_sample_2026-06-30.jsonl"}
    assert rejected["reason"].null_count() == 0
    for file, line, row in rejected.select("file", "line", "row").iter_rows():
        text = (deployment.landing / file).read_bytes().splitlines()[line - 1].decode("utf-8", "replace")
        if file.startswith("shop/"):
            assert row.strip()[:20] == text.strip()[:20]
