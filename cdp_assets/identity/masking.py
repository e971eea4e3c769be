"""Takes junk out of the records and says why."""

import polars as pl

from cdp_assets.identity.keys import LISTS, KeyList, decode_lists, encode_lists, several, single_lists
from cdp_assets.identity.normalise.series import place


def mask_junk(normalised: pl.DataFrame, junk: pl.DataFrame) -> pl.DataFrame:
    """The records without the junk values, the reason added to `junk_reasons`.

    Args:
        normalised: `records.normalised`.
        junk: `key`, `value`, `reason`, as `junk.frequency_junk` gives them.
    """
    masked, reasons = normalised, []
    for entry in LISTS.values():
        bad = junk.filter(pl.col("key") == entry.key).select("value", "reason")
        if not bad.is_empty():
            masked, found = _without(masked, entry, bad)
            reasons.append(found)
    born = junk.filter(pl.col("key") == "date_of_birth").select(pl.col("value").str.to_date(), "reason")
    if not born.is_empty():
        masked, found = _without_births(masked, born)
        reasons.append(found)
    return with_reasons(masked, pl.concat(reasons)) if reasons else masked


def with_reasons(records: pl.DataFrame, reasons: pl.DataFrame) -> pl.DataFrame:
    """The records with more reasons in `junk_reasons`: each once, sorted, separated by `; `.

    Args:
        records: with `junk_reasons`.
        reasons: `node` (the number of the row), `reason`.
    """
    if reasons.is_empty():
        return records
    before = records.select("junk_reasons").with_row_index("node").drop_nulls()
    known = before.filter(pl.col("node").is_in(reasons["node"].unique().implode()))
    known = known.select("node", pl.col("junk_reasons").str.split("; ").alias("reason")).explode("reason")
    every = pl.concat([known, reasons.select("node", "reason")]).unique().sort("node", "reason")
    joined = every.group_by("node", maintain_order=True).agg(pl.col("reason").str.join("; "))
    return records.with_columns(place(records["junk_reasons"], _marks(records, joined["node"]), joined["reason"]))


def _without(records: pl.DataFrame, entry: KeyList, bad: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    alone = single_lists(entry, bad["value"])
    suspects = (
        records.select(entry.column)
        .with_row_index("node")
        .filter(pl.col(entry.column).is_in(alone.implode()) | several(entry, pl.col(entry.column)))
    )
    lists = suspects.select("node", decode_lists(entry, suspects[entry.column]).alias("value"))
    values = lists.explode("value").join(bad, on="value", how="left", maintain_order="left")
    found = values.drop_nulls("reason").select("node", pl.format(f"{entry.key} {{}}", "reason").alias("reason"))
    touched = found.select("node").unique(maintain_order=True)
    kept = values.filter(pl.col("reason").is_null()).group_by("node").agg("value")
    remaining = touched.join(kept, on="node", how="left", maintain_order="left")["value"]
    marks = _marks(records, touched["node"])
    columns = [place(records[entry.column], marks, encode_lists(entry, remaining))]
    if entry.main:
        columns.append(place(records[entry.main], marks, remaining.list.first()))
    return records.with_columns(columns), found


def _without_births(records: pl.DataFrame, bad: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    births = records.select(value="date_of_birth").with_row_index("node")
    found = births.join(bad, on="value", maintain_order="left")
    kept = pl.when(~pl.col("date_of_birth").is_in(bad["value"].implode())).then("date_of_birth")
    reasons = found.select("node", pl.format("date_of_birth {}", "reason").alias("reason"))
    return records.with_columns(kept.alias("date_of_birth")), reasons


def _marks(records: pl.DataFrame, nodes: pl.Series) -> pl.Series:
    return pl.int_range(records.height, dtype=pl.UInt32, eager=True).is_in(nodes.cast(pl.UInt32).implode())
