"""Contradictions that forbid a link between two records, whatever else they share."""

import polars as pl

from cdp_assets.identity.clusters import dense
from cdp_assets.identity.config import Vetoes
from cdp_assets.identity.keys import LISTS, decode_lists
from cdp_assets.identity.names import incompatible

SIDES = ["number_l", "number_r"]
_STRONG_IDS = {"user_id": "user_ids", "account_id": "account_id"}
HARD = ("name_suffix", *_STRONG_IDS)
"""Contradictions that the model does not see: its word does not help against them."""
_SUSPECT = ("first_name", "last_name", "name_suffix", "date_of_birth")
_LOOKED_AT = (*_SUSPECT, "emails", "phones", "street")


def contradictions(pairs: pl.DataFrame, records: pl.DataFrame, vetoes: Vetoes) -> pl.DataFrame:
    """The pairs that something speaks against, and what: `first_name`, `name_suffix`, `last_name`, `date_of_birth` or
    a strong id's name.

    A first-name conflict stands even where e-mail and date of birth agree: twins have both in common.
    A last-name conflict stands unless e-mail, phone or street agrees: people marry.
    A date-of-birth conflict stands unless an e-mail agrees; one digit apart, or day and month swapped, is a slip.

    Args:
        pairs: `number_l`, `number_r`.
        records: rows of `identity.records` that hold them.
        vetoes: which contradictions count.

    Returns:
        `number_l`, `number_r`, `objection`, in the order of `pairs`.
    """
    strong = [_STRONG_IDS[key] for key in vetoes.strong_ids]
    sides = _beside(_suspects(pairs, records, strong), records, (*_LOOKED_AT, *strong, *(["source"] if strong else [])))
    sides = sides.with_columns(
        first_names_conflict=_names_conflict(sides, "first_name", vetoes.similar_name),
        last_names_conflict=_names_conflict(sides, "last_name", vetoes.similar_name),
    )
    same_email, same_phone, same_street = _share("emails"), _share("phones"), _agree("street")
    in_touch = same_email | same_phone | same_street
    objections = [_strong_id_conflict(key) for key in vetoes.strong_ids]
    if vetoes.first_name:
        objections.append(pl.when("first_names_conflict").then(pl.lit("first_name")))
        objections.append(pl.when(_differ("name_suffix")).then(pl.lit("name_suffix")))
    if vetoes.last_name:
        objections.append(pl.when(pl.col("last_names_conflict") & ~in_touch).then(pl.lit("last_name")))
    if vetoes.date_of_birth:
        objections.append(pl.when(_births_conflict() & ~same_email).then(pl.lit("date_of_birth")))
    vetoed = sides.select(*SIDES, pl.coalesce(*objections, pl.lit(None, pl.String)).alias("objection"))
    return vetoed.drop_nulls("objection")


def _suspects(pairs: pl.DataFrame, records: pl.DataFrame, strong: list[str]) -> pl.DataFrame:
    """The pairs that differ in something that could contradict: values are compared by their rank, which is quick."""
    numbers = records["record_number"].to_numpy()
    left, right = (dense(pairs[side], numbers) for side in SIDES)
    differ = pl.repeat(value=False, n=pairs.height, dtype=pl.Boolean, eager=True)
    for column in (*_SUSPECT, *strong):
        ranks = records[column].rank("dense")
        differ = differ | (ranks.gather(left) != ranks.gather(right)).fill_null(value=False)
    return pairs.filter(differ)


def _beside(pairs: pl.DataFrame, records: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    lists = {entry.column: entry for entry in LISTS.values()}
    for side in "lr":
        number = f"number_{side}"
        inside = records.join(pairs.select(record_number=number).unique(), on="record_number", how="semi")
        values = [
            (decode_lists(lists[name], inside[name]) if name in lists else inside[name]).alias(f"{name}_{side}")
            for name in columns
        ]
        named = pl.DataFrame([inside["record_number"].alias(number), *values])
        pairs = pairs.join(named, on=number, how="left", maintain_order="left")
    return pairs


def _agree(column: str) -> pl.Expr:
    return (pl.col(f"{column}_l") == pl.col(f"{column}_r")).fill_null(value=False)


def _differ(column: str) -> pl.Expr:
    return (pl.col(f"{column}_l") != pl.col(f"{column}_r")).fill_null(value=False)


def _share(column: str) -> pl.Expr:
    return pl.col(f"{column}_l").list.set_intersection(pl.col(f"{column}_r")).list.len().fill_null(0) > 0


def _names_conflict(sides: pl.DataFrame, column: str, similar: float) -> pl.Series:
    names = sides.select(name_l=f"{column}_l", name_r=f"{column}_r")
    bad = incompatible(names.drop_nulls(), similar).with_columns(conflict=pl.lit(value=True))
    found = names.join(bad, on=["name_l", "name_r"], how="left", maintain_order="left")["conflict"]
    crossed = (pl.col("first_name_l") == pl.col("last_name_r")) & (pl.col("last_name_l") == pl.col("first_name_r"))
    swapped = sides.select(crossed.fill_null(value=False).alias("swapped"))["swapped"]
    return found.fill_null(value=False) & ~swapped


def _births_conflict() -> pl.Expr:
    left, right = pl.col("date_of_birth_l"), pl.col("date_of_birth_r")
    numbers = [side.dt.year() * 10_000 + side.dt.month().cast(pl.Int32) * 100 + side.dt.day() for side in (left, right)]
    digits = [[number // 10**place % 10 for number in numbers] for place in range(8)]
    unlike = pl.sum_horizontal((one != other).cast(pl.Int8) for one, other in digits)
    swapped = (
        (left.dt.year() == right.dt.year()) & (left.dt.month() == right.dt.day()) & (left.dt.day() == right.dt.month())
    )
    return (left.is_not_null() & right.is_not_null() & (unlike > 1) & ~swapped).fill_null(value=False)


def _strong_id_conflict(key: str) -> pl.Expr:
    column = _STRONG_IDS[key]
    differs = ~_share(column) if key == "user_id" else pl.col(f"{column}_l") != pl.col(f"{column}_r")
    both = pl.col(f"{column}_l").is_not_null() & pl.col(f"{column}_r").is_not_null()
    return pl.when((pl.col("source_l") == pl.col("source_r")) & both & differs).then(pl.lit(key))
