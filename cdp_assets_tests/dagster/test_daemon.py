"""The daemon at work: a file lands, exactly what it concerns runs, once; the same content again starts nothing."""

import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from cdp_assets_tests.dagster.processes import serving, wait_for
from cdp_assets_tests.deployment import Deployment

NEW_CONSENTS = (
    "Id,PartyId,DataUsePurpose,PrivacyConsentStatus,CaptureDate,CaptureContactPointType,CaptureSource,LastModifiedDate\n"
    "0ZYnewconsent,003nobody,email_marketing,OptOut,2026-06-01T00:00:00Z,Email,Web,2026-06-02T00:00:00Z\n"
)
CONCERNED = {
    "raw.crm__consents",
    "staging.stg_crm__consents",
    "master.consents",
    "audiences.abandoned_basket",
    "audiences.overlap",
    "activation.at_risk_high_value_to_outbox",
    "activation.second_order_reminder",
    "activation.welcome_google_ads",
    "activation.welcome_marketo",
    "activation.win_back_braze",
    "activation.win_back_meta_ads",
    "activation.win_back_salesforce",
}
"""What is made from consents of the CRM, and nothing else."""

QUIET_SECONDS = 45.0
"""Three looks of the landing sensor, four of the automation sensor."""

MADE = dg.DagsterEventType.ASSET_MATERIALIZATION
UNFINISHED = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


@pytest.fixture
def deployment_copy(materialised: Deployment, tmp_path: Path) -> Deployment:
    return materialised.copy_to(tmp_path / "deployment")


@pytest.fixture
def instance(deployment_copy: Deployment, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    for name, value in deployment_copy.env.items():
        monkeypatch.setenv(name, value)
    with dg.DagsterInstance.get() as opened:
        yield opened


@pytest.mark.slow
def test_a_new_file_runs_what_it_concerns_once_and_its_content_again_runs_nothing(
    deployment_copy: Deployment, instance: dg.DagsterInstance, tmp_path: Path
):
    before = set(instance.get_run_ids())
    crm, log = deployment_copy.settings.landing_dir / "crm", tmp_path / "daemon.log"
    with serving(["dagster-daemon", "run", "-w", "workspace.yaml"], deployment_copy, log):
        (crm / "consents_new.csv").write_text(NEW_CONSENTS)
        wait_for("run of everything concerned", lambda: set(_made(instance, before)) >= CONCERNED or None, 180, log)
        shutil.copy(crm / "consents_new.csv", crm / "consents_new_copy.csv")
        (crm / "consents_new.csv").touch()
        time.sleep(QUIET_SECONDS)
        wait_for("end of all runs", lambda: not instance.get_runs(dg.RunsFilter(statuses=UNFINISHED)) or None, 60, log)
    made = _made(instance, before)
    assert made == dict.fromkeys(CONCERNED, 1), log.read_text()[-3000:]
    runs = [run for run in instance.get_runs() if run.run_id not in before]
    assert {run.status for run in runs} == {dg.DagsterRunStatus.SUCCESS}


def _made(instance: dg.DagsterInstance, before: set[str]) -> dict[str, int]:
    """How often each asset was made by the runs that are not among `before`."""
    made: Counter[str] = Counter()
    for run_id in set(instance.get_run_ids()) - before:
        for record in instance.get_records_for_run(run_id, of_type=MADE).records:
            event = record.event_log_entry.dagster_event
            if event is not None and event.asset_key is not None:
                made[".".join(event.asset_key.path)] += 1
    return dict(made)
