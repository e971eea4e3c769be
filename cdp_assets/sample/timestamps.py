"""Moments in milliseconds since 1970, written as each system writes them."""

import polars as pl

from cdp_assets.sample.randomness import Ints

SALESFORCE = "%Y-%m-%dT%H:%M:%S.000+0000"
SEGMENT = "%Y-%m-%dT%H:%M:%S%.3fZ"
SUPPORT = "%Y-%m-%d %H:%M:%S UTC"


def moments(milliseconds: Ints | pl.Series) -> pl.Series:
    """Aware UTC datetimes."""
    return pl.Series(milliseconds).cast(pl.Datetime("ms")).dt.replace_time_zone("UTC")


def written(milliseconds: Ints | pl.Series, style: str) -> pl.Series:
    """Text in one of this module's styles; nulls stay null."""
    return moments(milliseconds).dt.strftime(style)


def shopify(milliseconds: Ints | pl.Series) -> pl.Series:
    """ISO 8601 with the shop's offset: New York, `-04:00` in summer."""
    return moments(milliseconds).dt.convert_time_zone("America/New_York").dt.strftime("%Y-%m-%dT%H:%M:%S%:z")


def cents(amount: pl.Series) -> pl.Series:
    """Whole cents as Shopify writes money: `1999` becomes `19.99`."""
    return (amount // 100).cast(pl.String) + "." + (amount % 100).cast(pl.String).str.zfill(2)
