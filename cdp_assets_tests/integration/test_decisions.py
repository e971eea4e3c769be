"""A steward's decision: noted on the command line, applied by the next run, and undone again."""

import polars as pl
import pytest

from cdp_assets_tests.deployment import Deployment

pytestmark = pytest.mark.slow

IDS = "SELECT source || ':' || record_id AS record, customer_id, matched_by FROM identity.customer_ids"


def customers(deployment: Deployment) -> set[frozenset[str]]:
    """Records by customer."""
    grouped = deployment.query(IDS).group_by("customer_id").agg("record")
    return {frozenset(records) for records in grouped["record"]}


def test_a_decision_is_applied_by_the_next_run_and_undone_by_the_one_after(deployment: Deployment) -> None:
    before = customers(deployment)
    one, other = deployment.query(f"{IDS} WHERE matched_by = 'single' ORDER BY 1 LIMIT 2")["record"]
    deployment.run_well("link", one, other, "--always", "--why", "same passport", "--by", "ann")
    applied = deployment.run_well("run")
    assert "nothing is new" not in applied.stdout
    assert "lookup" not in applied.stdout.split("as of")[0], "only what a decision concerns is made again"
    assert customers(deployment) ^ before == {frozenset({one}), frozenset({other}), frozenset({one, other})}
    linked = deployment.query(IDS).filter(pl.col("record").is_in([one, other]))
    assert set(linked["matched_by"]) == {"manual"}
    held = deployment.query("SELECT customer_id FROM master.customers")["customer_id"]
    assert linked["customer_id"][0] in set(held)

    deployment.run_well("link", one, other, "--undo", "--why", "two passports", "--by", "bo")
    deployment.run_well("run")
    assert customers(deployment) == before
    assert "nothing is new" in deployment.run_well("run").stdout


def test_decisions_that_conflict_stop_what_needs_them_and_name_both(deployment: Deployment) -> None:
    records = deployment.query(f"{IDS} WHERE matched_by = 'single' ORDER BY 1 LIMIT 3")["record"]
    for pair, word in ((records[[0, 1]], "--always"), (records[[1, 2]], "--always")):
        deployment.run_well("link", *pair, word, "--why", "same passport", "--by", "ann")
    with deployment.opened_to_write() as connection:
        connection.execute(
            "INSERT INTO identity.decisions SELECT a.source_l, a.record_id_l, b.source_r, b.record_id_r, 'never',"
            " 'by hand', 'bo', a.decided_at FROM identity.decisions AS a, identity.decisions AS b"
            " WHERE a.record_id_r = b.record_id_l AND a.decided_at < b.decided_at"
        )
    before = customers(deployment)
    failed = deployment.run("run")
    assert failed.returncode == 1
    said = next(line for line in failed.stdout.splitlines() if "identity.decisions" in line and "FAILED" in line)
    assert "(by bo," in said
    assert "(by ann," in said
    assert customers(deployment) == before
