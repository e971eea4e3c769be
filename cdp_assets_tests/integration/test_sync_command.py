"""`cdp sync`: send, try, ask, send again; `cdp suppress`; and one run of a sync at a time."""

import json
import subprocess
import sys

import pytest

from cdp_assets_tests.deployment import Deployment

SYNC = "at_risk_high_value_to_outbox"


def held(deployment: Deployment) -> int:
    return int(deployment.query(f"SELECT count(*) AS n FROM activation.sync_state WHERE sync = '{SYNC}'")["n"][0])


def forget_all(deployment: Deployment) -> None:
    with deployment.opened_to_write() as connection:
        connection.execute("DELETE FROM activation.sync_state")
        connection.execute("DELETE FROM activation.sync_runs")


def test_a_dry_run_counts_and_shows_masked_payloads_and_changes_nothing(deployment: Deployment) -> None:
    forget_all(deployment)
    before, files = deployment.contents(), deployment.sent()
    shown = json.loads(deployment.run_well("sync", SYNC, "--dry-run", "--json").stdout)
    members = deployment.query("SELECT count(*) AS n FROM audiences.at_risk_high_value")["n"][0]
    assert shown["planned"]["add"] + shown["suppressed"] == members
    assert len(shown["payloads"]["add"]) == 3
    assert shown["payloads"]["add"][0]["fields"]["email"].count("•••") == 2
    emails = deployment.query("SELECT DISTINCT email FROM master.customers WHERE email IS NOT NULL")["email"].to_list()
    text = deployment.run_well("sync", SYNC, "--dry-run").stdout
    assert text.endswith("nothing was sent.\n")
    assert not [email for email in emails if email in text]
    assert deployment.contents() == before
    assert deployment.sent() == files


def test_a_part_is_sent_then_the_rest_and_then_nothing(deployment: Deployment) -> None:
    everybody = held(deployment)
    forget_all(deployment)
    assert json.loads(deployment.run_well("sync", SYNC, "--limit", "5", "--json").stdout)["accepted"] == 5
    key = deployment.query("SELECT customer_id FROM audiences.at_risk_high_value ORDER BY 1 DESC")["customer_id"][0]
    one = json.loads(deployment.run_well("sync", SYNC, "--only", key, "--json").stdout)
    assert one["planned"] <= 1
    assert held(deployment) == 5 + one["accepted"]
    assert json.loads(deployment.run_well("sync", SYNC, "--json").stdout)["held_rows"] == everybody
    assert f"{SYNC}: 0 planned" in deployment.run_well("sync", SYNC).stdout


def test_status_tells_what_each_sync_holds_and_what_an_interrupted_run_left(deployment: Deployment) -> None:
    found = {one["sync"]: one for one in json.loads(deployment.run_well("sync", "status", "--json").stdout)}
    assert found[SYNC]["held_rows"] == held(deployment)
    assert found[SYNC]["last_run"]["outcome"] == "finished"
    assert found[SYNC]["suppressed"] > 0
    assert found[SYNC]["interrupted"] == 0
    assert SYNC[:8] in deployment.run_well("sync", "status").stdout


def test_retry_sends_what_was_refused_alone(deployment: Deployment) -> None:
    result = json.loads(deployment.run_well("sync", "retry", SYNC, "--json").stdout)
    assert (result["planned"], result["held_rows"]) == (0, held(deployment))


def test_a_suppressed_customer_is_taken_away_and_comes_back(deployment: Deployment) -> None:
    key = deployment.query(f"SELECT row_key FROM activation.sync_state WHERE sync = '{SYNC}' ORDER BY 1")["row_key"][0]
    before = held(deployment)
    assert "--why is missing" in deployment.run("suppress", key).stderr
    deployment.run_well("suppress", key, "--why", "asked by letter")
    assert [row["customer_id"] for row in json.loads(deployment.run_well("suppress", "--json").stdout)] == [key]
    deployment.run_well("sync", SYNC)
    assert held(deployment) == before - 1
    assert "1 taken off the list" in deployment.run_well("suppress", key, "--undo").stdout
    deployment.run_well("sync", SYNC)
    assert held(deployment) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nobody",), "there is no sync 'nobody'; there are: at_risk_high_value_to_outbox, second_order_reminder"),
        ((SYNC, "--limit", "0"), "0 is not in the range x>=1"),
    ],
)
def test_a_mistake_is_told_in_one_line(empty: Deployment, arguments: tuple[str, ...], said: str) -> None:
    done = empty.run("sync", *arguments)
    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_of_two_runs_at_once_one_waits_and_says_for_whom_when_it_waited_too_long(deployment: Deployment) -> None:
    code = (
        "import sys, time; from pathlib import Path; from cdp_assets.activation.lock import only_run\n"
        f"with only_run(Path({str(deployment.home / 'sync_locks')!r}), {SYNC!r}, 1):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        impatient = deployment.with_environment(CDP_LOCK_TIMEOUT_SECONDS="1").run("sync", SYNC)
        assert f"is being run by process {holder.pid}, which was not done within 1 s" in impatient.stderr
        holder.communicate()
    deployment.run_well("sync", SYNC)
