"""Where customers live, out of their records: every address each has given, and which of them is its home."""

import polars as pl

_STREET_CITY = ["street", "city"]


def addresses(members: pl.DataFrame) -> pl.DataFrame:
    """`node`, `street`, `area`, `is_home`, one row a customer and address.

    The area is the postal code, else the only one known of that street and city, else the city. Home is the address
    that the latest record tells, then the one that most tell: one a customer.

    Args:
        members: `node`, `street`, `city`, `postal_code`, `source_updated_at`, one row a record.
    """
    placed = members.drop_nulls("street").join(_sole_postal_codes(members), on=_STREET_CITY, how="left")
    known = placed.with_columns(area=pl.coalesce("postal_code", "sole", "city")).drop_nulls("area")
    given = known.group_by("node", "street", "area").agg(pl.len(), pl.col("source_updated_at").max())
    ordered = given.sort(
        *("node", "source_updated_at", "len", "street", "area"),
        descending=[False, True, True, False, False],
        nulls_last=True,
    )
    return ordered.select("node", "street", "area", is_home=pl.col("node").is_first_distinct())


def main_last_names(members: pl.DataFrame) -> pl.DataFrame:
    """`node`, `last_name`: the one that most records of a customer have, of equal ones the first in order."""
    counts = members.drop_nulls("last_name").group_by("node", "last_name").len()
    ordered = counts.sort("node", "len", "last_name", descending=[False, True, False])
    return ordered.unique("node", keep="first", maintain_order=True).drop("len")


def _sole_postal_codes(members: pl.DataFrame) -> pl.DataFrame:
    codes = members.select(*_STREET_CITY, "postal_code").drop_nulls().unique()
    return codes.filter(pl.len().over(_STREET_CITY) == 1).rename({"postal_code": "sole"})
