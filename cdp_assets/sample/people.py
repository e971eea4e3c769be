"""The people behind the records: households, names, addresses, phones, e-mails, and which systems know them."""

import numpy as np
import polars as pl

from cdp_assets.sample.emails import email_addresses
from cdp_assets.sample.phones import landlines, mobiles
from cdp_assets.sample.randomness import Ints, between, chance, generator, skewed
from cdp_assets.sample.words import CULTURE_OF_COUNTRY, word_list, words_of

_COUNTRIES = ["US", "GB", "FR", "DE"]
_COUNTRY_SHARES = [0.45, 0.25, 0.15, 0.15]
_HOUSEHOLD_SIZES = [1, 2, 3, 4]
_HOUSEHOLD_SHARES = [0.55, 0.315, 0.09, 0.045]


def people(seed: int, count: int) -> pl.DataFrame:
    """One row a person.

    `person` (0-based), `household`, `seat` (0 = first adult), `first`, `last`, `last_2` (after a marriage), `email`,
    `email_2`, `mobile`, `mobile_2`, `landline`, two addresses (`street` ... and `street_2` ...),
    `country`, `born`, `company` (null for most) and `in_crm`, `in_shop`, `in_web`, `in_support`.
    """
    rng = generator(seed, "people")
    frame = _households(rng, count)
    frame = frame.with_columns(_names(rng, frame))
    frame = frame.with_columns(_homes(rng, frame["household"], frame["country"], ""))
    frame = frame.with_columns(_homes(rng, frame["person"], frame["country"], "_2"))
    frame = frame.with_columns(
        mobile=mobiles(rng, frame["country"], frame["area"]),
        mobile_2=mobiles(rng, frame["country"], frame["area_2"]),
        landline=_of_household(landlines(rng, frame["country"], frame["area"]), frame["household"]),
        born=_births(rng, frame),
        company=pl.Series(_companies(rng, count)),
    ).with_columns(pl.when(pl.col("company") >= 0).then("company").alias("company"))
    frame = frame.with_columns(email_addresses(rng, frame))
    return frame.with_columns(_share_a_mailbox(rng, frame), *_presence(rng, count))


def _households(rng: np.random.Generator, count: int) -> pl.DataFrame:
    sizes = rng.choice(_HOUSEHOLD_SIZES, p=_HOUSEHOLD_SHARES, size=count)
    household = np.repeat(np.arange(count), sizes)[:count]
    seat = np.arange(count) - np.searchsorted(household, household)
    country = pl.Series(_COUNTRIES).gather(rng.choice(4, p=_COUNTRY_SHARES, size=count)).gather(household)
    return pl.DataFrame({"person": np.arange(count), "household": household, "seat": seat, "country": country})


def _names(rng: np.random.Generator, frame: pl.DataFrame) -> list[pl.Series]:
    size = len(frame)
    first, last, second = (pl.Series([""] * size) for _ in range(3))
    for culture in ("en", "fr", "de"):
        mine = frame["country"].replace_strict(CULTURE_OF_COUNTRY) == culture
        given = words_of("first_names", "culture", culture, "name")
        family = words_of("surnames", "culture", culture, "name")
        first = given.gather(skewed(rng, len(given), size, 40.0)).zip_with(mine, first)
        last = family.gather(skewed(rng, len(family), size, 60.0)).zip_with(mine, last)
        second = family.gather(skewed(rng, len(family), size, 60.0)).zip_with(mine, second)
    own_name = pl.Series(chance(rng, size, 0.12))
    doubled = pl.Series(chance(rng, size, 0.04))
    last = last.zip_with(~doubled, last + "-" + second)
    head = np.searchsorted(frame["household"].to_numpy(), frame["household"].to_numpy())
    last = last.zip_with(own_name, last.gather(head))
    namesake = pl.Series(chance(rng, size, 0.008)) & (frame["seat"] == 2)
    first = first.gather(head).zip_with(namesake, first)
    last = last.gather(head).zip_with(namesake, last)
    return [first.alias("first"), last.alias("last"), second.alias("last_2")]


def _homes(rng: np.random.Generator, owner: pl.Series, country: pl.Series, suffix: str) -> list[pl.Series]:
    size = len(country)
    empty = pl.Series([None] * size, dtype=pl.String)
    home = dict.fromkeys(("street", "city", "region", "postal", "area"), empty)
    number = pl.Series(between(rng, 1, 240, size)).cast(pl.String)
    tail = pl.Series(rng.integers(0, 1000, size)).cast(pl.String).str.zfill(3)
    letters = pl.Series([a + b for a in "ABDEFGHJ" for b in "LNPQRSTU"]).gather(rng.integers(0, 64, size))
    for code in _COUNTRIES:
        mine = country == code
        cities = word_list("cities").filter(pl.col("country") == code)[
            rng.integers(0, 10_000, size) % _city_count(code)
        ]
        streets = words_of("streets", "country", code, "street")
        street = streets.gather(rng.integers(0, len(streets), size))
        prefix = cities["zip_prefix"]
        british = prefix + tail.str.slice(0, 1) + " " + tail.str.slice(1, 1) + letters
        values = {
            "street": street + " " + number if code == "DE" else number + " " + street,
            "postal": british if code == "GB" else prefix + (tail.str.slice(0, 2) if code == "US" else tail),
            "city": cities["city"],
            "region": cities["region"],
            "area": cities["area_code"],
        }
        home = {name: values[name].zip_with(mine, home[name]) for name in home}
    return [_of_household(values, owner).alias(name + suffix) for name, values in home.items()]


def _city_count(country: str) -> int:
    return len(words_of("cities", "country", country, "city"))


def _of_household(values: pl.Series, household: pl.Series) -> pl.Series:
    """The value of the household's first member for all of its members; households stand together."""
    ids = household.to_numpy()
    return values.gather(np.searchsorted(ids, ids))


def _births(rng: np.random.Generator, frame: pl.DataFrame) -> pl.Series:
    size = len(frame)
    ids = frame["household"].to_numpy()
    head_age = between(rng, 24 * 365, 80 * 365, size)[np.searchsorted(ids, ids)]
    seat = frame["seat"].to_numpy()
    age = np.where(seat == 0, head_age, head_age + between(rng, -2500, 2500, size))
    child = np.maximum(head_age - between(rng, 23 * 365, 36 * 365, size), between(rng, 17 * 365, 23 * 365, size))
    age = np.clip(np.where(seat >= 2, child, age), 17 * 365, 92 * 365)
    return pl.Series(20_634 - age).cast(pl.Int32).cast(pl.Date)  # 2026-06-30 in days since 1970


def _companies(rng: np.random.Generator, count: int) -> Ints:
    company = skewed(rng, company_count(count), count)
    return np.where(chance(rng, count, 0.16), company, -1)


def company_count(people_count: int) -> int:
    """How many business accounts the CRM of so many people holds."""
    return max(20, people_count // 25)


def _share_a_mailbox(rng: np.random.Generator, frame: pl.DataFrame) -> pl.Series:
    """A few percent of households have one e-mail address for two people."""
    second = (
        (frame["seat"] == 1) & pl.Series(chance(rng, len(frame), 0.04)) & (frame["first"] != frame["first"].shift(1))
    )
    return frame["email"].shift(1).zip_with(second, frame["email"]).alias("email")


def _presence(rng: np.random.Generator, count: int) -> list[pl.Series]:
    shop = chance(rng, count, 0.65)
    web = shop & chance(rng, count, 0.8)
    crm = chance(rng, count, 0.62) | ~shop
    support = chance(rng, count, 0.11)
    flags = {"in_crm": crm, "in_shop": shop, "in_web": web, "in_support": support}
    return [pl.Series(name, flag) for name, flag in flags.items()]
