"""Addresses: streets with numbers in cities, some of them large buildings, with the postal code of the street."""

import numpy as np
import polars as pl

from cdp_assets.sample.words import word_list

PLACE = ["street", "city", "region", "postal_code"]
_HOUSES, _BUILDINGS = 400, 12


def addresses(rng: np.random.Generator, country: pl.Series) -> pl.DataFrame:
    """An address a row of `country` (`US` or `GB`): `street`, `city`, `region`, `postal_code`, `area`."""
    parts = [_in_country(rng, code, int((country == code).sum())) for code in ("US", "GB")]
    position = pl.concat([pl.Series("at", np.flatnonzero((country == code).to_numpy())) for code in ("US", "GB")])
    return pl.concat(parts).with_columns(position).sort("at").drop("at")


def _in_country(rng: np.random.Generator, country: str, size: int) -> pl.DataFrame:
    cities = word_list("cities").filter(pl.col("country") == country)
    streets = word_list("streets").filter(pl.col("country") == country)["street"]
    weights = 1 / (np.arange(cities.height) + 4)
    town = rng.choice(cities.height, size, p=weights / weights.sum())
    way = rng.integers(0, len(streets), size)
    flat = rng.random(size) < 0.15
    number = np.where(flat, rng.integers(1, _BUILDINGS, size), rng.integers(1, _HOUSES, size))
    home = pl.DataFrame(
        {
            "number": number,
            "way": streets.gather(way),
            "flat": pl.Series(np.where(flat, rng.integers(1, 60, size), 0)),
            "code": (way * 7 + town * 13) % 100,
        }
    ).hstack(cities[town])
    apartment = pl.when(pl.col("flat") > 0).then(pl.format(" Apt {}", "flat")).otherwise(pl.lit(""))
    postal = pl.format("{}{}", "zip_prefix", pl.col("code").cast(pl.String).str.zfill(2))
    if country == "GB":
        letters = pl.Series(list("ABDEFGHJLNPQ"))
        unit = letters.gather(way % 12) + letters.gather(number % 12)
        postal = pl.format("{}{} {}{}", "zip_prefix", pl.col("code") % 19 + 1, pl.col("number") % 9 + 1, unit)
    return home.select(
        pl.concat_str([pl.col("number").cast(pl.String), pl.lit(" "), "way", apartment]).alias("street"),
        "city",
        "region",
        postal.alias("postal_code"),
        pl.col("area_code").alias("area"),
    )
