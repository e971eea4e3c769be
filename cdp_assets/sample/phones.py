"""Phone numbers that are valid under each country's plan, and the ways people and systems write them."""

import numpy as np
import polars as pl

from cdp_assets.sample.randomness import Bools, Ints, between

CALLING_CODE = {"US": "1", "GB": "44", "FR": "33", "DE": "49"}
_MOBILE = {
    "GB": (["740", "741", "742", "743", "771", "772", "774", "775", "784", "785", "786", "794", "797", "798"], 7),
    "FR": (["60", "61", "62", "64", "65", "66", "67", "68", "75", "76", "77"], 7),
    "DE": (["1511", "1512", "1516", "1520", "1522", "1573", "1575", "1590"], 7),
}
_LANDLINE_LEAD = {"GB": 7, "FR": 4, "DE": 4}
_LANDLINE_DIGITS = {"FR": 8, "DE": 7}


def mobiles(rng: np.random.Generator, country: pl.Series, area: pl.Series) -> pl.Series:
    """National significant numbers of mobiles. American mobiles share the area codes of landlines."""
    size = len(country)
    american = _american(rng, area)
    drawn = pl.DataFrame({"country": country, "number": american})
    for code, (prefixes, digits) in _MOBILE.items():
        prefix = pl.Series(prefixes).gather(rng.integers(0, len(prefixes), size))
        number = prefix + pl.Series(rng.integers(0, 10**digits, size)).cast(pl.String).str.zfill(digits)
        drawn = drawn.with_columns(number=pl.when(pl.col("country") == code).then(number).otherwise(pl.col("number")))
    return drawn["number"]


def landlines(rng: np.random.Generator, country: pl.Series, area: pl.Series) -> pl.Series:
    """National significant numbers of landlines in the city's area."""
    size = len(country)
    drawn = pl.DataFrame({"country": country, "area": area, "number": _american(rng, area)})
    digits = pl.Series(rng.integers(0, 10**6, size)).cast(pl.String).str.zfill(6)
    lead = pl.Series(rng.integers(2, 5, size)).cast(pl.String)
    london = area + "7" + pl.Series(rng.integers(2, 9, size)).cast(pl.String) + digits
    european = (
        pl.when(pl.col("area") == "20")
        .then(london)
        .when(pl.col("country") == "FR")
        .then(pl.col("area") + lead + "2" + digits)
        .otherwise(pl.col("area") + lead + digits)
    )
    return drawn.select(pl.when(pl.col("country") == "US").then("number").otherwise(european))["number"]


def international(numbers: pl.Series, country: pl.Series) -> pl.Series:
    """E.164: `+` and digits alone."""
    return "+" + country.replace_strict(CALLING_CODE, return_dtype=pl.String) + numbers


def national(rng: np.random.Generator, numbers: pl.Series, country: pl.Series) -> pl.Series:
    """As written at home: brackets, hyphens, dots, blanks or nothing; European numbers with their leading zero."""
    return _written(numbers, country, pl.Series(rng.integers(0, 4, len(numbers))))


def mixed(rng: np.random.Generator, numbers: pl.Series, country: pl.Series, abroad: Bools) -> pl.Series:
    """As typed into a form: in international writing with punctuation where `abroad`, else as written at home."""
    home = national(rng, numbers, country)
    code = country.replace_strict(CALLING_CODE, return_dtype=pl.String)
    frame = pl.DataFrame(
        {"code": code, "number": numbers, "home": home, "abroad": abroad, "style": rng.integers(0, 3, len(home))}
    )
    parts = [pl.col("number").str.slice(0, 3), pl.col("number").str.slice(3, 3), pl.col("number").str.slice(6)]
    spaced = pl.concat_str([pl.lit("+") + pl.col("code"), *parts], separator=" ")
    zeros = pl.lit("00") + pl.col("code") + pl.col("number")
    written = (
        pl.when((pl.col("style") == 0) & (pl.col("code") != "1"))
        .then(zeros)
        .when(pl.col("style") == 1)
        .then(pl.lit("+") + pl.col("code") + pl.col("number"))
        .otherwise(spaced)
    )
    return frame.select(pl.when("abroad").then(written).otherwise("home").alias("phone"))["phone"]


def _american(rng: np.random.Generator, area: pl.Series) -> pl.Series:
    exchange: Ints = between(rng, 220, 989, len(area))
    # N11 exchanges are service codes and 555 is reserved for fiction
    exchange = np.where((exchange % 100 == 11) | (exchange == 555), exchange + 2, exchange)
    line = pl.Series(rng.integers(0, 10_000, len(area))).cast(pl.String).str.zfill(4)
    return area + pl.Series(exchange).cast(pl.String) + line


def _written(numbers: pl.Series, country: pl.Series, style: pl.Series) -> pl.Series:
    frame = pl.DataFrame({"number": numbers, "country": country, "style": style})
    trunk = pl.when(pl.col("country") == "US").then(pl.lit("")).otherwise(pl.lit("0"))
    parts = [trunk + pl.col("number").str.slice(0, 3), pl.col("number").str.slice(3, 3), pl.col("number").str.slice(6)]
    brackets = pl.concat_str([pl.lit("("), parts[0], pl.lit(") "), parts[1], pl.lit("-"), parts[2]])
    written = (
        pl.when(pl.col("style") == 0)
        .then(pl.when(pl.col("country") == "US").then(brackets).otherwise(pl.concat_str(parts, separator=" ")))
        .when(pl.col("style") == 1)
        .then(pl.concat_str(parts, separator="-"))
        .when(pl.col("style") == 2)
        .then(pl.concat_str(parts, separator="."))
        .otherwise(pl.concat_str(parts))
    )
    return frame.select(phone=written)["phone"]
