"""The pipeline benchmark runs the real thing, small: its figures are those of Dagster and dbt."""

import json
import os
import subprocess
import sys

import pytest

from benchmarks.claims import Claim
from benchmarks.pipeline import ROOT, PipelineCost, claims_of
from benchmarks.processes import MIB, Measured, measure
from cdp_assets.stages import Stage


@pytest.mark.slow
def test_every_stage_is_measured_and_a_run_with_nothing_new_runs_none(tmp_path):
    file = tmp_path / "claims.json"
    # Of much fewer people the churn model is too weak to pass its check, and what needs it waits.
    command = [sys.executable, "benchmarks/pipeline.py", "--people", "1500", "--json", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

    rows = [line.split("  ")[0] for line in done.stdout.splitlines()]
    measured = {stage for row in rows for stage in row.split(", ") if stage in set(Stage)}
    assert measured == set(Stage)
    for row in (line.split() for line in done.stdout.splitlines() if line.startswith(("raw ", "staging", "identity "))):
        assert float(row[-1].replace(",", "")) > 50, "peak MiB of a stage that holds Polars and DuckDB"
    assert "no stage ran" in done.stdout
    assert "materialising" in done.stderr

    claims = {claim["name"]: claim for claim in json.loads(file.read_text())}
    assert set(claims["definitions load, 1,500 people (s)"]) == {"name", "ours", "peer", "ratio", "aim", "met"}
    assert claims["definitions load, 1,500 people (s)"]["ours"] > 0.5, "importing Dagster alone takes as much"
    assert claims["run with nothing new, 1,500 people (s)"]["aim"] == "< 10 s"
    assert claims["stages run with nothing new, 1,500 people"]["met"] is True


def test_a_claim_without_a_peer_is_met_when_it_reaches_its_aim():
    assert Claim.of("load", 4.2, "< 5 s") == Claim("load", 4.2, None, None, "< 5 s", True)
    assert not Claim.of("load", 5.0, "< 5 s").met
    assert Claim.of("precision", 0.99, ">= 0.99").met


def test_only_the_demo_size_claims_the_demos_minute():
    demo, larger = (list(claims_of(_cost(people, run_seconds=61.0))) for people in (5000, 50_000))
    assert [claim.met for claim in demo if claim.name.startswith("demo")] == [False]
    assert not any(claim.name.startswith("demo") for claim in larger)


def test_a_run_with_nothing_new_that_started_a_run_misses_its_aim():
    missed = [claim.name for claim in claims_of(_cost(1500, again_runs=1)) if not claim.met]
    assert missed == ["stages run with nothing new, 1,500 people"]


def test_memory_counts_the_children_of_a_process(tmp_path):
    hold = "import time; held = bytearray(120 * 2**20); time.sleep(1.5)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hold!r}])"
    measured = measure([sys.executable, "-c", parent], os.environ, tmp_path)
    assert measured.peak_mib() > 120
    assert measured.seconds > 1.5


def test_processor_time_counts_the_children_of_a_process(tmp_path):
    busy = "import time\nwhile time.process_time() < 0.5: pass"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])"
    assert measure([sys.executable, "-c", parent], os.environ, tmp_path).cpu_seconds > 0.5


def test_a_step_owns_the_samples_taken_while_it_ran():
    measured = Measured(samples=[(10.0, 5 * MIB), (20.0, 9 * MIB), (30.0, 2 * MIB)])
    assert measured.peak_mib(5.0, 15.0) == 5
    assert measured.peak_mib(25.0, 35.0) == 2
    assert measured.peak_mib() == 9


def test_a_command_that_fails_says_what_it_printed(tmp_path):
    with pytest.raises(RuntimeError, match="status 3: the reason"):
        measure([sys.executable, "-c", "print('the reason'); raise SystemExit(3)"], os.environ, tmp_path)


def _cost(people: int, run_seconds: float = 1.0, again_runs: int = 0) -> PipelineCost:
    return PipelineCost(people, Measured(run_seconds), [], Measured(1.0), Measured(1.0), again_runs)
