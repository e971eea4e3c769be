"""Names as often as they occur: real given names and surnames, a long tail of built ones, and nicknames."""

from functools import cache

import numpy as np
import polars as pl
from nicknames import NickNamer

from cdp_assets.sample.words import word_list

SURNAMES = 8000
_ONSETS = ("B", "Br", "C", "D", "F", "G", "Gr", "H", "K", "L", "M", "N", "P", "R", "S", "Sh", "St", "T", "V", "W")
_VOWELS = ("a", "e", "i", "o", "u", "ie", "ee", "oo")
_MIDDLES = ("ll", "nd", "rt", "ck", "m", "r", "v", "nn", "st", "ph")
_ENDINGS = ("er", "man", "son", "ley", "ton", "ski", "well", "ard", "is", "es")


def given_names(rng: np.random.Generator, female: np.ndarray) -> pl.Series:
    """A given name a person; `female` is a Boolean each. Frequencies fall with rank, as in a census."""
    english = word_list("first_names").filter(pl.col("culture") == "en")["name"]
    names = (english.gather_every(2, 0), english.gather_every(2, 1))  # the list alternates
    men, women = (series.gather(_ranks(rng, len(series), len(female), 10.0)) for series in names)
    return women.zip_with(pl.Series(female), men)


def surnames(rng: np.random.Generator, size: int) -> pl.Series:
    """`size` surnames: the most frequent is borne by 0.8 % of people, half of them by the first few hundred."""
    return all_surnames().gather(_ranks(rng, SURNAMES, size, 20.0))


@cache
def all_surnames() -> pl.Series:
    """Every surname, the most frequent first; the built ones follow the real ones."""
    real = word_list("surnames").sort(pl.col("culture") != "en", maintain_order=True)["name"]
    built = [
        onset + vowel + middle + ending
        for ending in _ENDINGS
        for middle in _MIDDLES
        for vowel in _VOWELS
        for onset in _ONSETS
    ]
    shuffled = np.random.default_rng(0).permutation(len(built))
    names = pl.concat([real.rename("name"), pl.Series("name", built).gather(shuffled)])
    return names.unique(maintain_order=True).head(SURNAMES)


@cache
def nicknames() -> pl.DataFrame:
    """`first` in lower case, and `nickname`: the list of those in use, capitalised."""
    english = word_list("first_names").filter(pl.col("culture") == "en")["name"].unique().sort()
    namer = NickNamer()
    rows = [(name, sorted(n.title() for n in namer.nicknames_of(name) if " " not in n)) for name in english]
    return pl.DataFrame([row for row in rows if row[1]], schema=["first", "nickname"], orient="row")


def _ranks(rng: np.random.Generator, names: int, size: int, offset: float) -> np.ndarray:
    """Ranks after Zipf and Mandelbrot: the share of a rank is proportional to 1 / (rank + offset)."""
    weights = 1 / (np.arange(names) + offset)
    return np.searchsorted(np.cumsum(weights / weights.sum()), rng.random(size)).clip(0, names - 1)
