"""`cdp audience`: look before, ask who was in it, take a size for expected; each mistake is one line."""

import json

import pytest
import yaml

from cdp_assets_tests.deployment import Deployment

AUDIENCE = "at_risk_high_value"
FRENCH = {
    "name": "french",
    "description": "Customers in France.",
    "owners": ["team:marketing"],
    "condition": {
        "all": [{"property": {"field": "country", "eq": "fr"}}, {"property": {"field": "email", "is_set": True}}]
    },
}


def test_a_preview_says_what_the_audience_is_and_writes_nothing(deployment: Deployment) -> None:
    before = deployment.contents()
    found = json.loads(deployment.run_well("audience", "preview", AUDIENCE, "--json").stdout)
    members = deployment.query(f"SELECT count(*) AS n FROM audiences.{AUDIENCE}")["n"][0]
    assert found["members"] == members == found["funnel"][-1][1]
    assert found["funnel"][0] == [
        "all customers",
        deployment.query("SELECT count(*) AS n FROM master.customers")["n"][0],
    ]
    left = [count for _, count in found["funnel"]]
    assert left == sorted(left, reverse=True)
    text = deployment.run_well("audience", "preview", AUDIENCE).stdout
    assert f"{AUDIENCE}: {members} members" in text
    emails = deployment.query("SELECT DISTINCT email FROM master.customers WHERE email IS NOT NULL")["email"].to_list()
    assert not [email for email in emails if email in text]
    assert deployment.contents() == before


def test_a_file_is_previewed_and_what_is_wrong_in_it_is_told_with_its_line(deployment: Deployment) -> None:
    file = deployment.folder / "french.yaml"
    file.write_text(yaml.safe_dump(FRENCH, sort_keys=False))
    found = json.loads(deployment.run_well("audience", "preview", str(file), "--json").stdout)
    query = "SELECT count(*) AS n FROM master.customers WHERE country = 'FR' AND email IS NOT NULL"
    assert found["members"] == deployment.query(query)["n"][0] > 0

    file.write_text(yaml.safe_dump(FRENCH, sort_keys=False).replace("field: country", "field: contry"))
    refused = deployment.run("audience", "preview", str(file))
    assert refused.returncode == 1
    said = refused.stderr.strip()
    assert f"{file}:8: condition.all.0.property.field: 'contry'" in said
    assert "nearest: country" in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["preview", "nobody"], "there is no audience 'nobody'; there are: abandoned_basket, at_risk_high_value"),
        (["members", "nobody"], "there is no audience 'nobody'"),
        (["members", AUDIENCE, "--as-of", "soon"], "as_of is 'soon'"),
        (["lift", AUDIENCE], "has no holdout to compare with"),
        (["accept", "nobody"], "there is no audience 'nobody'"),
    ],
)
def test_a_mistake_is_one_line(deployment: Deployment, arguments: list[str], said: str) -> None:
    refused = deployment.run("audience", *arguments)
    assert refused.returncode == 1
    assert said in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


def test_members_are_those_of_the_date_that_is_asked_for(deployment: Deployment) -> None:
    now = json.loads(deployment.run_well("audience", "members", AUDIENCE, "--json").stdout)
    table = deployment.query(f"SELECT customer_id FROM audiences.{AUDIENCE} ORDER BY 1")["customer_id"].to_list()
    assert [row["customer_id"] for row in now] == table
    assert deployment.run_well("audience", "members", AUDIENCE, "--as-of", "2026-06-01").stdout == ""


def test_who_was_in_an_audience_that_is_no_longer_defined_can_be_read(deployment: Deployment) -> None:
    with deployment.opened_to_write() as connection:
        log = "audiences.membership_log"
        of_another = f"SELECT * REPLACE ('retired' AS audience) FROM {log} WHERE audience = '{AUDIENCE}'"
        connection.execute(f"INSERT INTO {log} {of_another}")
    there, retired = (deployment.run_well("audience", "members", name).stdout for name in (AUDIENCE, "retired"))
    assert retired == there != ""


def test_a_sudden_change_stops_the_syncs_until_it_is_accepted(deployment: Deployment) -> None:
    with deployment.opened_to_write() as connection:
        connection.execute(f"UPDATE audiences.sizes SET members = 10 * members WHERE audience = '{AUDIENCE}'")
    stopped = deployment.run("run", "--full", "--select", f"audiences.{AUDIENCE},activation.win_back_braze")
    assert stopped.returncode == 1
    assert f"cdp audience accept {AUDIENCE}" in stopped.stdout
    assert "are as expected" in deployment.run_well("audience", "accept", AUDIENCE).stdout
    deployment.run_well("run", "--full", "--select", f"audiences.{AUDIENCE},activation.win_back_braze")


def test_the_schema_is_json_and_takes_what_the_deployment_has(deployment: Deployment) -> None:
    schema = json.loads(deployment.run_well("audience", "schema").stdout)
    assert {"name", "condition", "splits", "limit"} <= set(schema["properties"])
