"""The history rows between two assignments of customer ids."""

from datetime import datetime

import polars as pl

from cdp_assets.identity.contracts import ID_HISTORY
from cdp_assets.identity.stable_ids import RECORD


def history_rows(before: pl.DataFrame, after: pl.DataFrame, as_of: datetime, run_id: str) -> pl.DataFrame:
    """Created, merged, split and retired ids as `contracts.ID_HISTORY`; empty when no id changed.

    A record that moved from an id is a `merged` row where that id is gone, and a `split` row where it lives on.

    Args:
        before: `source`, `record_id`, `customer_id` as issued.
        after: the same, now.
        as_of: the moment of the run.
        run_id: the run.
    """
    old, new = before.select("customer_id").unique(), after.select("customer_id").unique()
    gone, fresh = old.join(new, on="customer_id", how="anti"), new.join(old, on="customer_id", how="anti")
    moved = _moved(before, after)
    ended = moved.join(gone, on="customer_id", how="semi")
    divided = moved.join(gone, on="customer_id", how="anti")
    retired = gone.join(ended, on="customer_id", how="anti")
    rows = pl.concat(
        [
            _rows(fresh, "created", pl.lit("new customer")),
            _rows(ended, "merged", pl.format("{} records went to the other id", "records")),
            _rows(divided, "split", pl.format("{} records went to the other id", "records")),
            _rows(retired, "retired", pl.lit("no record is left")),
        ]
    )
    dated = rows.with_columns(happened_at=pl.lit(as_of).cast(pl.Datetime("us", "UTC")), run_id=pl.lit(run_id))
    ordered = dated.sort("event", "customer_id", "other_customer_id")
    return ordered.select(column.name for column in ID_HISTORY.columns)


def _moved(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    both = before.join(after.select(*RECORD, other_customer_id="customer_id"), on=RECORD)
    changed = both.filter(pl.col("customer_id") != pl.col("other_customer_id"))
    return changed.group_by("customer_id", "other_customer_id").len("records")


def _rows(ids: pl.DataFrame, event: str, reason: pl.Expr) -> pl.DataFrame:
    other = pl.col("other_customer_id") if "other_customer_id" in ids.columns else pl.lit(None, pl.String)
    return ids.select(
        "customer_id", other.alias("other_customer_id"), pl.lit(event).alias("event"), reason.alias("reason")
    )
