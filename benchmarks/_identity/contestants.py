"""Ours and its peers: each links a record set in a process of its own, under the same measure."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from benchmarks._identity.datasets import Dataset
from benchmarks.processes import Measured, measure
from cdp_assets.identity.quality import Quality, cluster_quality

OURS, SPLINK, ECM, GOLDEN = "cdp match", "Splink", "recordlinkage ECM", "goldenmatch"
PEERS = (SPLINK, ECM, GOLDEN)
MOST_PAIRS_IN_PYTHON = 100_000
_HERE = Path(__file__).resolve().parent
_ROOT = _HERE.parent.parent
_TIMED_OUT = "ended with status 124"
_GIB = 2**30


@dataclass(frozen=True)
class Outcome:
    """How one contestant did on one set; all but `note` are null where it came to no result.

    `largest`: its largest cluster over the largest true one. Seconds are wall time of the process, start included.
    """

    contestant: str
    dataset: str
    quality: Quality | None = None
    largest: float | None = None
    seconds: float | None = None
    peak_mib: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Limits:
    """What a contestant may take for one set: seconds, and GiB of memory for its data."""

    seconds: float = 900
    gib: float = 12


def compete(contestant: str, dataset: Dataset, folder: Path, limits: Limits) -> Outcome:
    """Link a set and compare with its truth; a failure is a note, not an error, and so is reaching a limit."""
    if contestant == ECM and dataset.records.height > MOST_PAIRS_IN_PYTHON:
        return Outcome(contestant, dataset.name, note=f"not run above {MOST_PAIRS_IN_PYTHON:,} records")
    records, labels = folder / "records.parquet", folder / "labels.parquet"
    sent = dataset.contract_records if contestant == OURS else dataset.records
    sent.write_parquet(records)
    try:
        measured = run(command_of(contestant, dataset.model, records, labels), folder, limits)
        found = aligned(dataset.records, labels)
    except RuntimeError as error:
        took = f"stopped at its limit of {limits.seconds:g} s"
        return Outcome(contestant, dataset.name, note=took if _TIMED_OUT in str(error) else _reason(error, limits))
    return Outcome(
        contestant,
        dataset.name,
        cluster_quality(found, dataset.truth),
        largest_ratio(found, dataset.truth),
        measured.seconds,
        measured.peak_mib(),
    )


def command_of(contestant: str, model: str, records: Path, labels: Path) -> list[str]:
    """The command line of a contestant; goldenmatch's begins an environment of its own."""
    if contestant == OURS:
        return match_command(records, labels)
    if contestant == GOLDEN:
        return [*golden_python(), str(_HERE / "golden.py"), str(records), str(labels)]
    script = {SPLINK: "plain_splink.py", ECM: "ecm.py"}[contestant]
    return [sys.executable, str(_HERE / script), model, str(records), str(labels)]


def match_command(records: Path, labels: Path, *options: str) -> list[str]:
    """`cdp match`."""
    cdp = str(Path(sys.executable).with_name("cdp"))
    return [cdp, "match", str(records), "--out", str(labels), *options]


def golden_python() -> list[str]:
    """The command that runs Python in the environment of the pinned requirements; the first use makes it."""
    pinned = ["--with-requirements", str(_HERE / "goldenmatch.txt")]
    return [sys.executable, "-m", "uv", "run", "--quiet", "--no-project", "--python", sys.executable, *pinned, "python"]


def run(command: list[str], folder: Path, limits: Limits | None = None) -> Measured:
    """Run a command within its limits.

    Raises:
        RuntimeError: it failed or reached a limit.
    """
    limits = limits or Limits()
    within = ["timeout", "--kill-after=10", f"{limits.seconds:g}", "prlimit", f"--data={round(limits.gib * _GIB)}"]
    return measure([*within, *command], _environment(), folder)


def aligned(records: pl.DataFrame, labels: Path) -> pl.Series:
    """The label of each record, in the records' order.

    Raises:
        RuntimeError: a record has no label or several.
    """
    found = pl.read_parquet(labels, columns=["source", "record_id", "customer_id"])
    joined = records.select("source", "record_id").join(
        found, on=["source", "record_id"], how="left", maintain_order="left"
    )
    missing = joined["customer_id"].null_count()
    if missing or joined.height != records.height:
        raise RuntimeError(f"{missing} of {records.height} records have no label, {joined.height} labels were joined")
    return joined["customer_id"]


def largest_ratio(found: pl.Series, truth: pl.Series) -> float:
    """The largest cluster found over the largest true one, in records."""
    largest, true = (series.alias("label").value_counts()["count"].to_numpy().max() for series in (found, truth))
    return float(largest / true)


def _reason(error: RuntimeError, limits: Limits) -> str:
    return f"failed within {limits.gib:g} GiB: {str(error)[-120:]}"


def _environment() -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CDP_")}
    return {**kept, "GOLDENMATCH_AUTOCONFIG_MEMORY": "0"}
