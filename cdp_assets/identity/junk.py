"""Junk found by frequency: values that too many different people share. Found at training, frozen in the model."""

import polars as pl

from cdp_assets.identity.config import Junk
from cdp_assets.identity.keys import LISTS, values_by

_SHARED = ("email", "phone", "user_id", "external_id", "anonymous_id")
_JUNK = {"key": pl.String, "value": pl.String, "reason": pl.String}
_FAMILY = pl.col("last_name").str.head(3)
_PERSON = pl.struct(pl.col("first_name").str.head(1), _FAMILY.alias("family"))
_NAMED = pl.col("first_name").is_not_null() | pl.col("last_name").is_not_null()
_YEARS_AROUND = 5
_TIMES_ITS_NEIGHBOURS = 20


def frequency_junk(normalised: pl.DataFrame, junk: Junk) -> pl.DataFrame:
    """`key`, `value`, `reason` of what identifies nobody because too many people or records have it, sorted.

    A value is shared by many names when more than `most_names_per_value` people have it, and no family is half of them:
    so a family's landline stays, however large the family, and a call centre's number does not. People are told
    apart by the first letter of the given name and the first three of the family name, where errors of typing are rare:
    most misspelt names are no further person.

    A date of birth is a placeholder when `placeholder_birth_share` of the known ones are that date, and it is 20 times
    as frequent as the same day in the years around it: sources that know but the year write its first day, every year.

    Args:
        normalised: `records.normalised`.
        junk: the limits.
    """
    people = normalised.select("first_name", "last_name", *(LISTS[key].column for key in _SHARED))
    shared = [_shared(people, key, junk) for key in _SHARED]
    every = pl.concat([pl.DataFrame(schema=_JUNK), *shared, _births(normalised, junk)])
    return every.sort("key", "value")


def _shared(people: pl.DataFrame, key: str, junk: Junk) -> pl.DataFrame:
    values = values_by(people, LISTS[key], ("first_name", "last_name"))
    often = values.group_by("value").len().filter(pl.col("len") > junk.most_names_per_value)
    counts = (
        values.join(often, on="value")
        .group_by("key", "value")
        .agg(
            people=_PERSON.filter(_NAMED).n_unique(),
            named=_NAMED.sum(),
            family=_FAMILY.drop_nulls().unique_counts().max().fill_null(0),
            records=pl.len(),
        )
    )
    many_names = (pl.col("people") > junk.most_names_per_value) & (2 * pl.col("family") < pl.col("named"))
    many_records = pl.col("records") > junk.most_records_per_value
    reason = pl.when(many_names).then(pl.lit("shared by many names")).otherwise(pl.lit("shared by many records"))
    return counts.filter(many_names | many_records).select("key", "value", reason.alias("reason"))


def _births(normalised: pl.DataFrame, junk: Junk) -> pl.DataFrame:
    known = normalised.select(born="date_of_birth").drop_nulls()
    counts = known.group_by("born").len("records")
    fewest = max(junk.fewest_same_births, junk.placeholder_birth_share * known.height)
    often = counts.filter(pl.col("records") >= fewest)
    around = [year for year in range(-_YEARS_AROUND, _YEARS_AROUND + 1) if year]
    same_day = often.select("born", "records", neighbour=pl.concat_list(_same_day(year) for year in around))
    neighbours = same_day.explode("neighbour").join(
        counts.rename({"records": "theirs"}), left_on="neighbour", right_on="born", how="left"
    )
    usual = neighbours.group_by("born", "records").agg(pl.col("theirs").fill_null(0).mean())
    found = usual.filter(pl.col("records") >= _TIMES_ITS_NEIGHBOURS * pl.max_horizontal("theirs", 1))
    return found.select(
        pl.lit("date_of_birth").alias("key"),
        pl.col("born").dt.to_string("%Y-%m-%d").alias("value"),
        pl.lit("placeholder").alias("reason"),
    )


def _same_day(years: int) -> pl.Expr:
    return pl.col("born").dt.offset_by(f"{years}y")
