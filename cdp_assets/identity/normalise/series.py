"""Works a column in two passes: what is plain as a whole, the odd values apart."""

from collections.abc import Callable

import polars as pl


def refine(values: pl.Series, odd: pl.Series, function: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """The values, those marked `odd` replaced by what `function` makes of them.

    Args:
        values: any type.
        odd: Boolean, as long as the values; null is not odd.
        function: a series to one of the same length and of the type of `values`.
    """
    return place(values, odd, function(values.filter(odd))) if odd.any() else values


def place(values: pl.Series, marked: pl.Series, replacements: pl.Series) -> pl.Series:
    """The values with the marked ones replaced in order; `replacements` is as long as there are marks."""
    if replacements.is_empty():
        return values
    after = values.len() - 1
    source = pl.select(
        pl.when(marked).then(marked.cast(pl.UInt32).cum_sum() + after).otherwise(pl.int_range(values.len()))
    ).to_series()
    return pl.concat([values, replacements.alias(values.name)]).gather(source)


def spread(rows: pl.Series, values: pl.Series, length: int) -> pl.Series:
    """A series of `length` that has the values in their rows (0, 1, ..., each at most once) and null elsewhere."""
    places = pl.Series([None], dtype=pl.UInt32).new_from_index(0, length)
    places.scatter(rows, pl.int_range(rows.len(), dtype=pl.UInt32, eager=True))
    return values.gather(places)


def select(values: pl.Series, expression: pl.Expr) -> pl.Series:
    """An expression over `pl.col("value")`, computed on the values."""
    return values.alias("value").to_frame().select(expression.alias(values.name)).to_series()


def absent_when_empty(values: pl.Series) -> pl.Series:
    """Text with the empty values as null."""
    return select(values, pl.when(pl.col("value") != "").then("value"))
