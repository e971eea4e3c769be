"""Full runs: assets that keep state make it anew."""

import dagster as dg

FULL_TAG = "cdp/full"


def full_tags() -> dict[str, str]:
    """The tags of a full run."""
    return {FULL_TAG: "true"}


def is_full(run: dg.DagsterRun) -> bool:
    """Whether a run was asked to make everything anew."""
    return run.tags.get(FULL_TAG) == "true"
