"""What happens to a value on its way into a record: slips, sounds, short forms and formats."""

import numpy as np
import polars as pl

from benchmarks._identity.names import nicknames
from cdp_assets.sample.phones import mixed

_LETTERS = pl.Series(list("etaoinshrdlucmfwypvbgk"))
_SOUNDS = {"ph": "f", "ck": "k", "ie": "y", "ee": "ea", "ll": "l", "nn": "n", "th": "t", "son": "sen", "er": "or"}
_STREETS = {"Street": "St", "Avenue": "Ave", "Road": "Rd", "Drive": "Dr", "Lane": "Ln", "Apt ": "#", "Court": "Ct"}


def chance(rng: np.random.Generator, size: int, share: float) -> pl.Expr:
    """A Boolean a row, true for a share of the rows."""
    return pl.lit(pl.Series(rng.random(size) < share))


def slips(rng: np.random.Generator, values: pl.Series, share: float) -> pl.Series:
    """A share of the values with one character inserted, deleted, substituted or transposed, anywhere."""
    size = len(values)
    frame = pl.DataFrame(
        {
            "value": values,
            "kind": rng.integers(0, 4, size),
            "where": rng.random(size),
            "letter": _LETTERS.gather(rng.integers(0, len(_LETTERS), size)),
        }
    )
    value, length = pl.col("value"), pl.col("value").str.len_chars()
    at = (pl.col("where") * (length - 1)).floor().cast(pl.Int64)
    head, one, two = value.str.slice(0, at), value.str.slice(at, 1), value.str.slice(at + 1, 1)
    wrong = (
        pl.when(pl.col("kind") == 0)
        .then(pl.concat_str([head, one, "letter", value.str.slice(at + 1)]))
        .when(pl.col("kind") == 1)
        .then(pl.concat_str([head, value.str.slice(at + 1)]))
        .when(pl.col("kind") == 2)
        .then(pl.concat_str([head, "letter", value.str.slice(at + 1)]))
        .otherwise(pl.concat_str([head, two, one, value.str.slice(at + 2)]))
    )
    return frame.select(pl.when(chance(rng, size, share) & (length > 2)).then(wrong).otherwise(value))["value"]


def misheard(rng: np.random.Generator, values: pl.Series, share: float) -> pl.Series:
    """A share of the names spelled as they sound, where the name has such a sound."""
    sounds = list(_SOUNDS.items())
    which = pl.Series(rng.integers(0, len(sounds), len(values)))
    frame = pl.DataFrame({"value": values, "which": which})
    spelled = pl.col("value")
    for place, (heard, written) in enumerate(sounds):
        after = pl.col("value").str.replace(heard, written, literal=True)
        spelled = pl.when((pl.col("which") - place) % len(sounds) < 3).then(after).otherwise(spelled)
    return frame.select(pl.when(chance(rng, len(values), share)).then(spelled).otherwise("value").alias("v"))["v"]


def called(rng: np.random.Generator, first: pl.Series, share: float) -> pl.Series:
    """A share of the given names as one of their nicknames, for those that have any."""
    frame = pl.DataFrame({"first": first, "draw": rng.integers(0, 1000, len(first))})
    known = frame.join(nicknames(), on="first", how="left", maintain_order="left")
    some = pl.col("nickname").list.get(pl.col("draw") % pl.col("nickname").list.len(), null_on_oob=True)
    short = pl.when(chance(rng, len(first), share)).then(some)
    return known.select(pl.coalesce(short, "first").alias("first"))["first"]


def births(rng: np.random.Generator, born: pl.Series, slip: float) -> pl.Series:
    """A share of the dates with day and month swapped, a digit wrong or the first of January."""
    frame = pl.DataFrame({"born": born, "draw": rng.random(len(born)), "days": rng.integers(1, 10, len(born))})
    date, draw = pl.col("born"), pl.col("draw")
    day, month = date.dt.day(), date.dt.month()
    swapped = pl.when(day <= 12).then(pl.date(date.dt.year(), day, month)).otherwise(date)
    wrong = pl.date(date.dt.year() - pl.col("days"), month, pl.min_horizontal(day, pl.lit(28)))
    other = pl.date(date.dt.year(), month, (day + pl.col("days")) % 28 + 1)
    return frame.select(
        pl.when(draw < slip * 0.35)
        .then(swapped)
        .when(draw < slip * 0.6)
        .then(wrong)
        .when(draw < slip * 0.9)
        .then(other)
        .when(draw < slip)
        .then(pl.date(date.dt.year(), 1, 1))
        .otherwise(date)
        .alias("born")
    )["born"]


def written(rng: np.random.Generator, values: pl.Series) -> pl.Series:
    """Some values in capitals, in lower case, or with blanks around."""
    size = len(values)
    return pl.DataFrame({"v": values}).select(
        pl.when(chance(rng, size, 0.08))
        .then(pl.col("v").str.to_uppercase())
        .when(chance(rng, size, 0.07))
        .then(pl.col("v").str.to_lowercase())
        .when(chance(rng, size, 0.02))
        .then(pl.format(" {} ", "v"))
        .otherwise("v")
        .alias("v")
    )["v"]


def streets(rng: np.random.Generator, values: pl.Series) -> pl.Series:
    """Streets with slips, half of them with their usual words abbreviated."""
    slipped = slips(rng, values, 0.04)
    short = slipped
    for word, abbreviation in _STREETS.items():
        short = short.str.replace(word, abbreviation, literal=True)
    return short.zip_with(pl.Series(rng.random(len(values)) < 0.45), slipped)


def phones(rng: np.random.Generator, numbers: pl.Series, country: pl.Series) -> pl.Series:
    """National numbers as people write them, one in a hundred with a wrong digit."""
    size = len(numbers)
    at = pl.Series(rng.integers(3, 10, size))
    digit = pl.Series(rng.integers(0, 10, size)).cast(pl.String)
    frame = pl.DataFrame({"n": numbers, "at": at, "digit": digit})
    wrong = pl.concat_str([pl.col("n").str.slice(0, pl.col("at")), "digit", pl.col("n").str.slice(pl.col("at") + 1)])
    number = frame.select(pl.when(chance(rng, size, 0.012)).then(wrong).otherwise("n").alias("n"))["n"]
    return mixed(rng, number, country, rng.random(size) < 0.4)
