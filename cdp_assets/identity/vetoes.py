"""Contradictions that forbid a link between two records, whatever else they share."""

import polars as pl

from cdp_assets.identity.config import Vetoes
from cdp_assets.identity.keys import MULTIPLE
from cdp_assets.identity.names import incompatible

PROFILE = ("first_name", "last_name", "date_of_birth", "emails", "phones", "street", "source", "user_ids", "account_id")


def contradictions(pairs: pl.DataFrame, profiles: pl.DataFrame, vetoes: Vetoes) -> pl.Series:
    """What speaks against each pair: `first_name`, `last_name`, `date_of_birth` or a strong id's name, or null.

    A first-name conflict stands unless e-mail and date of birth both agree: an e-mail alone is often a household's.
    A last-name conflict stands unless e-mail, phone or street agrees: people marry.
    A date-of-birth conflict stands unless an e-mail agrees; one digit apart, or day and month swapped, is a slip.

    Args:
        pairs: `node_l`, `node_r`.
        profiles: `node` and the columns of `PROFILE`, e-mails, phones and user ids as lists.
        vetoes: which contradictions count.
    """
    sides = pairs.select("node_l", "node_r")
    for side in ("l", "r"):
        named = profiles.select(
            pl.col("node").alias(f"node_{side}"), *(pl.col(name).alias(f"{name}_{side}") for name in PROFILE)
        )
        sides = sides.join(named, on=f"node_{side}", how="left", maintain_order="left")
    sides = sides.with_columns(
        first_names_conflict=_names_conflict(sides, "first_name", vetoes.similar_name),
        last_names_conflict=_names_conflict(sides, "last_name", vetoes.similar_name),
    )
    same_email, same_phone = _share("emails"), _share("phones")
    same_street = (pl.col("street_l") == pl.col("street_r")).fill_null(value=False)
    born_same = (pl.col("date_of_birth_l") == pl.col("date_of_birth_r")).fill_null(value=False)
    born_apart = _births_conflict()
    objections = [_strong_id_conflict(key) for key in vetoes.strong_ids]
    if vetoes.first_name:
        objections.append(
            pl.when(pl.col("first_names_conflict") & ~(same_email & born_same)).then(pl.lit("first_name"))
        )
    if vetoes.last_name:
        in_touch = same_email | same_phone | same_street
        objections.append(pl.when(pl.col("last_names_conflict") & ~in_touch).then(pl.lit("last_name")))
    if vetoes.date_of_birth:
        objections.append(pl.when(born_apart & ~same_email).then(pl.lit("date_of_birth")))
    vetoed = sides.select(pl.coalesce(*objections, pl.lit(None, pl.String)).alias("vetoed_by"))
    return vetoed["vetoed_by"]


def _share(column: str) -> pl.Expr:
    return pl.col(f"{column}_l").list.set_intersection(pl.col(f"{column}_r")).list.len().fill_null(0) > 0


def _names_conflict(sides: pl.DataFrame, column: str, similar: float) -> pl.Series:
    names = sides.select(name_l=f"{column}_l", name_r=f"{column}_r")
    bad = incompatible(names.drop_nulls(), similar).with_columns(conflict=pl.lit(value=True))
    found = names.join(bad, on=["name_l", "name_r"], how="left", maintain_order="left")["conflict"]
    swapped = sides.select(
        ((pl.col("first_name_l") == pl.col("last_name_r")) & (pl.col("last_name_l") == pl.col("first_name_r")))
        .fill_null(value=False)
        .alias("swapped")
    )["swapped"]
    return found.fill_null(value=False) & ~swapped


def _births_conflict() -> pl.Expr:
    left, right = pl.col("date_of_birth_l"), pl.col("date_of_birth_r")
    digits = [(side.dt.to_string("%Y%m%d").str.slice(place, 1)) for place in range(8) for side in (left, right)]
    unlike = pl.sum_horizontal(
        (one != other).cast(pl.Int8) for one, other in zip(digits[::2], digits[1::2], strict=True)
    )
    swapped = (
        (left.dt.year() == right.dt.year()) & (left.dt.month() == right.dt.day()) & (left.dt.day() == right.dt.month())
    )
    return (left.is_not_null() & right.is_not_null() & (unlike > 1) & ~swapped).fill_null(value=False)


def _strong_id_conflict(key: str) -> pl.Expr:
    column = MULTIPLE.get(key, key)
    left, right = pl.col(f"{column}_l"), pl.col(f"{column}_r")
    differs = left.list.set_intersection(right).list.len() == 0 if key in MULTIPLE else left != right
    return pl.when((pl.col("source_l") == pl.col("source_r")) & differs).then(pl.lit(key))
