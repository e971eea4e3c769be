"""What the whole pipeline costs: time and memory a stage, loading the definitions, and a run with nothing new.

Runs `cdp` as a user does, in processes and a deployment folder of its own. Times of steps are those of Dagster's
event log, dbt's are of its own run results.

    python benchmarks/pipeline.py --people 5000 50000 --json claims.json
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import dagster as dg
from dagster._core.execution.stats import RunStepKeyStatsSnapshot

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # so that it runs as a script as well as with -m

from benchmarks.claims import Claim, print_claims, write_claims  # noqa: E402
from benchmarks.machine import describe_machine  # noqa: E402
from benchmarks.processes import Measured, measure  # noqa: E402

DEMO_PEOPLE = 5000
DEMO_AIM, LOAD_AIM, NOTHING_NEW_AIM = "< 60 s", "< 5 s", "< 10 s"
_LOAD = "from cdp_assets.definitions import defs; defs().resolve_asset_graph()"


@dataclass
class StageCost:
    """What the steps of a stage took: seconds, those of them in which dbt started, and peak resident memory."""

    name: str
    steps: int = 0
    seconds: float = 0.0
    dbt_start: float = 0.0
    peak_mib: float = 0.0


@dataclass
class PipelineCost:
    """What one size took. Seconds are wall time of whole processes, the interpreter's start included."""

    people: int
    run: Measured
    stages: list[StageCost]
    load: Measured
    nothing_new: Measured
    nothing_new_runs: int


@dataclass(frozen=True)
class Deployment:
    """A deployment of its own in a folder."""

    folder: Path

    @property
    def env(self) -> dict[str, str]:
        """The environment that points every command at the folder."""
        places = {
            "CDP_DUCKDB_PATH": "cdp.duckdb",
            "CDP_LANDING_DIR": "landing",
            "CDP_OUTBOX_DIR": "outbox",
            "DAGSTER_HOME": "dagster_home",
            "CDP_DBT_OUTPUT_DIR": "dbt",
            "CDP_SECRET_KEY_FILE": "secret.key",
        }
        own = {name: str(self.folder / place) for name, place in places.items()}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CDP_")}
        return {**kept, **own, "CDP_LANDING_SETTLE_SECONDS": "0"}

    def cdp(self, *arguments: str) -> Measured:
        """Run the command `cdp`."""
        return measure([str(Path(sys.executable).with_name("cdp")), *arguments], self.env, ROOT)

    def load_definitions(self) -> Measured:
        """Load the definitions in a process of their own."""
        return measure([sys.executable, "-c", _LOAD], self.env, ROOT)

    def stages(self, run: Measured) -> list[StageCost]:
        """What each stage took, in the order they ran."""
        stages: dict[str, StageCost] = {}
        for step in self._steps():
            assert step.start_time is not None
            assert step.end_time is not None
            name = _stage_of(step.step_key)
            cost = stages.setdefault(name, StageCost(name))
            cost.steps += 1
            cost.seconds += step.end_time - step.start_time
            cost.peak_mib = max(cost.peak_mib, run.peak_mib(step.start_time, step.end_time))
            results = self.folder / "dbt" / step.step_key / "run_results.json"
            if results.exists():
                cost.dbt_start += _first_node(results) - step.start_time
        return list(stages.values())

    def run_count(self) -> int:
        """How many Dagster runs there were."""
        with dg.DagsterInstance.from_config(self.env["DAGSTER_HOME"]) as instance:
            return instance.get_runs_count()

    def _steps(self) -> list[RunStepKeyStatsSnapshot]:
        with dg.DagsterInstance.from_config(self.env["DAGSTER_HOME"]) as instance:
            steps = [s for run in instance.get_runs() for s in instance.get_run_step_stats(run.run_id)]
        return sorted(steps, key=lambda step: step.start_time or 0.0)


def measure_pipeline(people: int, folder: Path) -> PipelineCost:
    """Materialise the sample, load the definitions, and run again with nothing new.

    Raises:
        RuntimeError: a command failed.
    """
    deployment = Deployment(folder)
    _say(f"{people:,} people: writing the sample")
    deployment.cdp("sample", "--people", str(people))
    _say(f"{people:,} people: materialising the whole graph")
    run = deployment.cdp("run", "--as-of", "sample")
    stages, runs = deployment.stages(run), deployment.run_count()
    _say(f"{people:,} people: {run.seconds:.1f} s; loading the definitions")
    load = deployment.load_definitions()
    _say(f"{people:,} people: {load.seconds:.1f} s; running with nothing new")
    again = deployment.cdp("run")
    _say(f"{people:,} people: {again.seconds:.1f} s")
    return PipelineCost(people, run, stages, load, again, deployment.run_count() - runs)


def claims_of(cost: PipelineCost) -> Iterator[Claim]:
    """What we claim of one size. A run with nothing new that ran a stage is no such run: it misses its aim."""
    size = f"{cost.people:,} people"
    if cost.people == DEMO_PEOPLE:
        yield Claim.of(f"demo materialisation, {size} (s)", cost.run.seconds, DEMO_AIM)
    yield Claim.of(f"definitions load, {size} (s)", cost.load.seconds, LOAD_AIM)
    yield Claim.of(f"run with nothing new, {size} (s)", cost.nothing_new.seconds, NOTHING_NEW_AIM)
    yield Claim.of(f"stages run with nothing new, {size}", cost.nothing_new_runs, "< 1 run")


def print_cost(cost: PipelineCost) -> None:
    """A table of the stages, then the whole."""
    print(f"\n{cost.people:,} people")
    print(f"{'stage':<18}{'steps':>6}{'seconds':>9}{'dbt starts':>12}{'peak MiB':>10}")
    for stage in cost.stages:
        start = f"{stage.dbt_start:.1f}" if stage.dbt_start else "-"
        print(f"{stage.name:<18}{stage.steps:>6}{stage.seconds:>9.1f}{start:>12}{stage.peak_mib:>10,.0f}")
    around = cost.run.seconds - sum(stage.seconds for stage in cost.stages)
    print(f"{'around the steps':<18}{'':>6}{around:>9.1f}")
    print(f"{'the whole run':<18}{'':>6}{cost.run.seconds:>9.1f}{'':>12}{cost.run.peak_mib():>10,.0f}")
    print(f"processors were busy for {cost.run.cpu_seconds:.1f} s of it, all of them together")
    print(f"definitions load with a cached manifest: {_both(cost.load)}")
    ran = f"{cost.nothing_new_runs} runs were started" if cost.nothing_new_runs else "no stage ran"
    print(f"run with nothing new: {_both(cost.nothing_new)}; {ran}")


def main() -> None:
    """Measure, print, and write the claims."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, nargs="+", default=[DEMO_PEOPLE, 50_000], help="sizes of the sample")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the claims here")
    options = parser.parse_args()
    print("\n".join(describe_machine()))
    claims: list[Claim] = []
    for people in options.people:
        with tempfile.TemporaryDirectory(prefix="cdp_benchmark_") as folder:
            cost = measure_pipeline(people, Path(folder))
        print_cost(cost)
        claims += claims_of(cost)
    print()
    print_claims(claims)
    if options.json:
        write_claims(options.json, claims)


def _stage_of(step_key: str) -> str:
    """`churn__scores` → `churn`; a step of dbt names what it builds: `models__staging__lookup` → `staging, lookup`."""
    first, *rest = step_key.split("__")
    return ", ".join(rest) if first == "models" else first


def _first_node(run_results: Path) -> float:
    """When dbt began its first model, seed or test, in seconds since 1970."""
    results = json.loads(run_results.read_text(encoding="utf-8"))["results"]
    began = min(timing["started_at"] for result in results for timing in result["timing"])
    return datetime.fromisoformat(began).timestamp()


def _both(measured: Measured) -> str:
    return f"{measured.seconds:.1f} s ({measured.cpu_seconds:.1f} s of processor time)"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
