"""A moment the data does not reach gives no scores, and nothing is sent on their account."""

import json

import pytest

from cdp_assets_tests.deployment import Deployment

pytestmark = pytest.mark.slow


def test_a_moment_long_after_the_last_order_stops_before_scores_and_lists(deployment: Deployment) -> None:
    sent = deployment.sent()
    scored = deployment.query("SELECT count(*) AS rows, max(as_of) AS at FROM churn.scores").row(0)
    done = deployment.run("run", "--as-of", "2027-06-01")
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if "FAILED" in line]
    assert "churn.features: the check orders_reach_as_of failed" in line
    assert "2027-06-01" in line
    assert deployment.query("SELECT count(*) AS rows, max(as_of) AS at FROM churn.scores").row(0) == scored
    assert deployment.sent() == sent


def test_status_tells_warnings_and_the_doctor_what_no_source_matches(deployment: Deployment) -> None:
    columns = "Id,LastName,Favourite colour\n"
    (deployment.landing / "crm/contacts_with_colours.csv").write_text(columns + "003000000000COLOUR,Rainbow,blue\n")
    (deployment.landing / "crm/unmatched.csv").write_text(columns)
    deployment.run_well("run", "--select", "raw")
    assert (
        "raw.crm__contacts: undeclared_columns"
        in json.loads(deployment.run_well("status", "--json").stdout)["warnings"]
    )
    done = deployment.run("doctor")
    assert done.returncode == 1
    assert "1 files match no source, such as crm/unmatched.csv" in done.stdout
