"""What a run costs beside plain Splink's, what a change costs beside a full run, and what becomes of ids."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from benchmarks._identity.changes import story
from benchmarks._identity.contestants import SPLINK, aligned, command_of, match_command, run
from benchmarks._identity.datasets import Dataset
from benchmarks._identity.state import merged_ids, quarantined_share
from benchmarks.claims import Claim
from benchmarks.processes import Measured
from cdp_assets.identity.quality import cluster_quality

FULL_AIM, SAVED_AIM, CHANGE_AIM = "<= 1 of plain Splink's", "<= 0.4 of plain Splink's", "<= 0.05 of the full run's"
MEMORY_AIM, QUARANTINE_AIM, NONE_AIM = "<= 2048 MiB", "<= 0.005 of all", "<= 0 records"
_CHANGED = 0.01


@dataclass(frozen=True)
class _Engine:
    """`cdp match` with one model for all of its runs."""

    folder: Path

    def match(self, name: str, records: pl.DataFrame, *options: str) -> tuple[Measured, Path]:
        """How it went, and where the labels are."""
        sent, labels = self.folder / f"{name}.parquet", self.folder / f"{name}_ids.parquet"
        records.write_parquet(sent)
        model = str(self.folder / "model.json")
        measured = run(match_command(sent, labels, "--model", model, *options), self.folder)
        print(f"  {name}: {measured.seconds:.1f} s, {measured.peak_mib():,.0f} MiB", file=sys.stderr, flush=True)
        return measured, labels


def speed_claims(dataset: Dataset, folder: Path, seed: int) -> Iterator[Claim]:
    """Run both engines over a set, then tell ours what changed.

    Times are of whole processes, start included. The full run trains; every later one reads its model. The rebuild is
    a run without state over the records as they are after the changes.

    Raises:
        RuntimeError: a run failed.
    """
    engine, size = _Engine(folder), f"{dataset.records.height:,} records"
    told = story(dataset.contract_records, dataset.truth, _CHANGED, seed)
    records, labels = folder / "plain.parquet", folder / "plain_ids.parquet"
    dataset.records.write_parquet(records)
    plain = run(command_of(SPLINK, dataset.model, records, labels), folder)
    full, _ = engine.match("in full, with training", dataset.contract_records)
    saved, _ = engine.match("in full, saved model", dataset.contract_records)
    yield Claim.of(f"in full with training, {size} (s)", full.seconds, FULL_AIM, plain.seconds)
    yield Claim.of(f"peak memory in full with training, {size} (MiB)", full.peak_mib(), MEMORY_AIM)
    yield Claim.of(f"in full with a saved model, {size} (s)", saved.seconds, SAVED_AIM, plain.seconds)
    state = folder / "state"
    _, before = engine.match("filling the state", told.base, "--state", str(state))
    inserts, after = engine.match("inserts", told.inserted, "--state", str(state))
    yield Claim.of(f"{_CHANGED:.0%} inserts, {size} (s)", inserts.seconds, CHANGE_AIM, full.seconds)
    yield from _id_claims(pl.read_parquet(before), pl.read_parquet(after), merged_ids(state), size)
    changes, changed = engine.match("changes", told.changed, "--state", str(state))
    yield Claim.of(f"{_CHANGED:.0%} changed records, {size} (s)", changes.seconds, CHANGE_AIM, full.seconds)
    engine.match("one record sent again: what a call costs by itself", told.changed.head(1), "--state", str(state))
    yield Claim.of(f"quarantined records, {size} (share)", quarantined_share(state), QUARANTINE_AIM)
    _, rebuilt = engine.match("rebuild", told.final)
    differing = _placed_differently(aligned(told.final, changed), aligned(told.final, rebuilt))
    yield Claim.of(f"records that a rebuild places differently, {size}", differing, NONE_AIM)


def _id_claims(before: pl.DataFrame, after: pl.DataFrame, merged: set[str], size: str) -> Iterator[Claim]:
    """Records that lost their id though their customer met no other, and lost ids that the history does not explain."""
    key = ["source", "record_id"]
    both = before.select(*key, pl.col("customer_id").alias("was")).join(after.select(*key, "customer_id"), on=key)
    met = both.group_by("customer_id").agg(pl.col("was").n_unique() > 1).rename({"was": "met"})
    moved = both.join(met, on="customer_id").filter(pl.col("was") != pl.col("customer_id"))
    kept = 1 - moved.height / max(both.height, 1)
    print(f"  records that kept their id after inserts: {kept:.4%}", file=sys.stderr, flush=True)
    unmerged, untold = moved.filter(~pl.col("met")).height, len(set(moved["was"]) - merged)
    yield Claim.of(f"ids lost without a merge after inserts, {size} (records)", unmerged, NONE_AIM)
    yield Claim.of(f"ids lost that the history does not call merged, {size}", untold, "<= 0 ids")


def _placed_differently(ours: pl.Series, theirs: pl.Series) -> int:
    """Records whose cluster has other members in the other partition; 0 when the partitions are identical."""
    quality = cluster_quality(ours, theirs)
    if quality.precision == quality.recall == 1:
        return 0
    both = pl.DataFrame({"ours": ours, "theirs": theirs})
    size = pl.len()
    together = size.over("ours", "theirs")
    return both.filter((size.over("ours") != together) | (size.over("theirs") != together)).height
