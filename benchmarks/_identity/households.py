"""Records of people who live together, with the truth: what tells entity resolution from merging households.

Spouses, children, juniors and twins share a surname, an address, a landline and some an e-mail; people move, marry,
use nicknames, second e-mails and mobiles; each source asks for other fields and every hand slips.
"""

from typing import NamedTuple

import numpy as np
import polars as pl

from benchmarks._identity.noise import births, called, chance, misheard, phones, slips, streets, written
from benchmarks._identity.places import PLACE
from benchmarks._identity.population import population

RECORDS_A_PERSON = 4
_FIELDS = ["source", "record_id", "email", "phone", "first_name", "last_name", *PLACE, "country", "date_of_birth"]


class _Source(NamedTuple):
    """A source's share of the records, and how often it asks for and gets each field."""

    name: str
    share: float
    email: float
    phone: float
    first_name: float
    last_name: float
    address: float
    born: float


_SOURCES = (
    _Source("crm", 0.30, 0.84, 0.82, 0.985, 0.99, 0.93, 0.78),
    _Source("shop", 0.32, 0.97, 0.66, 0.985, 0.99, 0.94, 0.35),
    _Source("loyalty", 0.16, 0.80, 0.66, 0.985, 0.99, 0.88, 0.93),
    _Source("support", 0.14, 0.82, 0.72, 0.96, 0.96, 0.45, 0.25),
    _Source("newsletter", 0.08, 0.99, 0.10, 0.90, 0.80, 0.10, 0.10),
)


def households(people: int, seed: int) -> tuple[pl.DataFrame, pl.Series]:
    """Records in contract columns and the person of each, in the same order; four records a person, unevenly.

    The same seed gives the same records. Rows are shuffled and record ids say nothing of the person. `date_of_birth` is
    a date, every other column text; all but `source` and `record_id` may be null.
    """
    rng = np.random.default_rng(seed)
    everyone = population(rng, people)
    person = _record_owners(rng, people)
    truth = everyone[person]
    frame = _filled(rng, truth)
    size = frame.height
    numbers = pl.Series(rng.permutation(size) + 10**6)
    records = frame.with_columns(record_id=pl.concat_str([pl.col("source").str.slice(0, 2), numbers.cast(pl.String)]))
    return records.select(_FIELDS), truth["person"].alias("truth")


def _record_owners(rng: np.random.Generator, people: int) -> np.ndarray:
    """The person of each record, shuffled: everyone has one, and eagerness decides about the rest."""
    eagerness = rng.gamma(1.0, size=people)
    further = rng.choice(people, (RECORDS_A_PERSON - 1) * people, p=eagerness / eagerness.sum())
    return rng.permutation(np.concatenate([np.arange(people), further]))


def _filled(rng: np.random.Generator, truth: pl.DataFrame) -> pl.DataFrame:
    size = truth.height
    which = rng.choice(len(_SOURCES), size, p=[source.share for source in _SOURCES])

    def kept(field: str, values: pl.Series) -> pl.Series:
        shares = np.array([getattr(source, field) for source in _SOURCES])[which]
        return pl.DataFrame({field: values}).select(pl.when(pl.lit(pl.Series(rng.random(size) < shares))).then(field))[
            field
        ]

    first, last = _names(rng, truth)
    place = _places(rng, truth)
    frame = pl.DataFrame(
        {
            "source": pl.Series([source.name for source in _SOURCES]).gather(which),
            "email": kept("email", _emails(rng, truth)),
            "phone": kept("phone", _phones(rng, truth)),
            "first_name": kept("first_name", first),
            "last_name": kept("last_name", last),
            "street": kept("address", streets(rng, place["street"])),
            "city": place["city"],
            "region": place["region"],
            "postal_code": place["postal_code"],
            "country": truth["country"],
            "date_of_birth": kept("born", births(rng, truth["born"], 0.035)),
        }
    )
    addressed = pl.col("street").is_not_null()
    frame = frame.with_columns(
        pl.when(addressed).then("city").alias("city"),
        pl.when(addressed).then("region").alias("region"),
        pl.when(addressed & ~chance(rng, size, 0.05)).then("postal_code").alias("postal_code"),
        pl.when(addressed | chance(rng, size, 0.5)).then("country").alias("country"),
    )
    return _of_households(rng, frame, truth)


def _names(rng: np.random.Generator, truth: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    size = truth.height
    first = slips(rng, called(rng, truth["first"], 0.13), 0.025)
    wed = truth.with_columns(
        last=pl.when(pl.col("last_2").is_not_null() & chance(rng, size, 0.15))
        .then("last_2")
        .when(pl.col("last_2").is_not_null() & chance(rng, size, 0.04))
        .then(pl.format("{}-{}", "last_2", "last"))
        .otherwise("last")
    )
    last = misheard(rng, slips(rng, wed["last"], 0.025), 0.03)
    frame = pl.DataFrame({"first": first, "last": last}).hstack(truth.select("middle", "junior"))
    initial = pl.col("first").str.slice(0, 1)
    frame = frame.with_columns(
        first=pl.when(chance(rng, size, 0.03))
        .then(initial + pl.when(chance(rng, size, 0.5)).then(pl.lit(".")).otherwise(pl.lit("")))
        .when(chance(rng, size, 0.08))
        .then(pl.format("{} {}", "first", "middle"))
        .otherwise("first"),
        last=pl.when(pl.col("junior") & chance(rng, size, 0.3)).then(pl.format("{} Jr.", "last")).otherwise("last"),
    )
    turned = chance(rng, size, 0.005)
    frame = frame.with_columns(
        first=pl.when(turned).then("last").otherwise("first"), last=pl.when(turned).then("first").otherwise("last")
    )
    return written(rng, frame["first"]), written(rng, frame["last"])


def _places(rng: np.random.Generator, truth: pl.DataFrame) -> pl.DataFrame:
    other = pl.col("street_2").is_not_null() & chance(rng, truth.height, 0.3)
    chosen = truth.select(pl.when(other).then(name + "_2").otherwise(name).alias(name) for name in PLACE)
    return chosen.with_columns(city=written(rng, chosen["city"]))


def _emails(rng: np.random.Generator, truth: pl.DataFrame) -> pl.Series:
    draw = pl.lit(pl.Series(rng.random(truth.height)))
    chosen = truth.select(
        email=pl.when((draw < 0.12) & pl.col("family_email").is_not_null())
        .then("family_email")
        .when((draw > 0.72) & pl.col("email_2").is_not_null())
        .then("email_2")
        .otherwise("email")
    )
    return written(rng, slips(rng, chosen["email"], 0.015))


def _phones(rng: np.random.Generator, truth: pl.DataFrame) -> pl.Series:
    draw = pl.lit(pl.Series(rng.random(truth.height)))
    number = truth.select(
        number=pl.when((draw < 0.3) & pl.col("landline").is_not_null())
        .then("landline")
        .when((draw > 0.85) & pl.col("mobile_2").is_not_null())
        .then("mobile_2")
        .otherwise("mobile")
    )["number"]
    return phones(rng, number, truth["country"])


def _of_households(rng: np.random.Generator, frame: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """Some records name the family alone: no given name, no date of birth, seldom an own e-mail."""
    size = frame.height
    family = pl.lit(pl.Series(rng.random(size) < 0.015)) & pl.col("street").is_not_null()
    landline = phones(rng, truth["landline"], truth["country"])
    return frame.with_columns(
        pl.when(family).then(None).otherwise("first_name").alias("first_name"),
        pl.when(family).then(None).otherwise("date_of_birth").alias("date_of_birth"),
        pl.when(family).then(pl.lit(landline)).otherwise("phone").alias("phone"),
        pl.when(family & chance(rng, size, 0.6)).then(pl.lit(truth["family_email"])).otherwise("email").alias("email"),
    )
