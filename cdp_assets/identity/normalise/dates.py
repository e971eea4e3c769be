"""Dates of birth as sources write them."""

import polars as pl

from cdp_assets.identity.normalise.text import tidy

_TIME = r"(?:[T ]+\d{1,2}:\d{2}.*)?$"
_YEAR_FIRST = rf"(?i)^(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_TIME}"
_COMPACT = r"^(\d{4})(\d{2})(\d{2})$"
_YEAR_LAST = rf"(?i)^(\d{{1,2}})[-/. ](\d{{1,2}})[-/. ](\d{{4}}){_TIME}"
_DAY_FIRST_ALWAYS = r"^\d{1,2}\."  # dots are written where the day comes first
_DAY_AND_NAME = rf"(?i)^(\d{{1,2}})(?:st|nd|rd|th|\.)?[-/ ]*(?:of )?([a-z]{{3,9}})[-/., ]*(\d{{4}}){_TIME}"
_NAME_AND_DAY = rf"(?i)^([a-z]{{3,9}})[-/. ]*(\d{{1,2}})(?:st|nd|rd|th)?[-/., ]+(\d{{4}}){_TIME}"
_NAMES = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november")
_MONTHS = {
    name[:length]: str(number)
    for number, name in enumerate((*_NAMES, "december"), start=1)
    for length in range(3, len(name) + 1)
}


def normalise_dates(values: pl.Series, day_first: pl.Series) -> pl.Series:
    """The dates; null where there is none, or none that can be read.

    Read are dates, date-times, and text: ISO 8601 (with or without a time, whose day is taken as written), `19900305`,
    `05.03.1990`, `5/3/1990`, `5 March 1990`, `Mar 5, 1990`. Years have four digits.

    Args:
        values: dates, date-times or text.
        day_first: whether 05/03/1990 is the fifth of March; a part above 12 is the day in any case.
    """
    if values.dtype == pl.Date:
        return values
    if values.dtype.is_temporal():
        return values.dt.date()
    texts = pl.DataFrame([tidy(values).alias("text"), day_first.alias("day_first")])
    read = texts.unique().with_columns(read=_iso().str.to_date("%Y-%m-%d", strict=False))
    return texts.join(read, on=["text", "day_first"], how="left", nulls_equal=True, maintain_order="left")["read"]


def _iso() -> pl.Expr:
    text = pl.col("text")
    day_month = (text.str.extract(_DAY_AND_NAME, place) for place in (1, 2, 3))
    month_day = (text.str.extract(_NAME_AND_DAY, place) for place in (2, 1, 3))
    return pl.coalesce(
        pl.when(text.str.extract(_YEAR_FIRST, 2).cast(pl.Int8) > 12).then(_when(text, _YEAR_FIRST, "$1-$3-$2")),
        _when(text, _YEAR_FIRST, "$1-$2-$3"),
        _when(text, _COMPACT, "$1-$2-$3"),
        pl.when(_day_comes_first(text)).then(_when(text, _YEAR_LAST, "$3-$2-$1")),
        _when(text, _YEAR_LAST, "$3-$1-$2"),
        _with_named_month(*day_month),
        _with_named_month(*month_day),
    )


def _when(text: pl.Expr, pattern: str, iso: str) -> pl.Expr:
    return pl.when(text.str.contains(pattern)).then(text.str.replace(pattern, iso))


def _day_comes_first(text: pl.Expr) -> pl.Expr:
    first, second = (text.str.extract(_YEAR_LAST, place).cast(pl.Int8) for place in (1, 2))
    unclear = (first <= 12) & (second <= 12)
    return pl.when(unclear).then(pl.col("day_first") | text.str.contains(_DAY_FIRST_ALWAYS)).otherwise(second <= 12)


def _with_named_month(day: pl.Expr, name: pl.Expr, year: pl.Expr) -> pl.Expr:
    month = name.str.to_lowercase().replace_strict(_MONTHS, default=None, return_dtype=pl.String)
    return pl.concat_str(year, month, day, separator="-")
