"""The word lists beside this module: names, nicknames, streets, cities and products."""

from functools import cache
from pathlib import Path

import polars as pl

_FOLDER = Path(__file__).parent / "words"
CULTURE_OF_COUNTRY = {"US": "en", "GB": "en", "FR": "fr", "DE": "de"}


@cache
def word_list(name: str) -> pl.DataFrame:
    """One list, all columns as text (postal prefixes begin with zeros), in its file's order: most frequent first."""
    return pl.read_csv(_FOLDER / f"{name}.csv", infer_schema=False)


def words_of(name: str, key: str, value: str, column: str) -> pl.Series:
    """The values of `column` in the rows whose `key` is `value`."""
    return word_list(name).filter(pl.col(key) == value)[column]
