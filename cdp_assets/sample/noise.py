"""What makes two records of one person differ: typos, nicknames, moves, marriages, other e-mails, junk in fields."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from cdp_assets.sample.phones import international
from cdp_assets.sample.randomness import chance
from cdp_assets.sample.words import word_list

JUNK_EMAILS = ["test@test.com", "null", "n/a", "noreply@example.com", "none@none.com", "-"]
JUNK_PHONES = ["0000000000", "1234567890", "n/a", "9999999999", "null"]


@dataclass(frozen=True)
class Profile:
    """How one system's records differ from the truth: shares from 0 to 1. The rest of e-mail and phone is missing."""

    email: float
    email_2: float
    mobile: float
    mobile_2: float
    nickname: float = 0.06
    married: float = 0.02
    moved: float = 0.06
    typo: float = 0.03
    hopeless: float = 0.1


def records(people: pl.DataFrame, person: pl.Series, rng: np.random.Generator, profile: Profile) -> pl.DataFrame:
    """One row an entry of `person`: that person as a system may have written them down.

    Columns: `person`, `first`, `last`, `email`, `phone` (E.164), `number` (national significant number), `street`,
    `city`, `region`, `postal`, `country`, `landline`, `born`, `company`.
    """
    truth, size = people[person.to_numpy()], len(person)
    email_kind = _kinds(rng, size, profile.email, profile.email_2)
    phone_kind = _kinds(rng, size, profile.mobile, profile.mobile_2)
    lost = (email_kind != 0) & (phone_kind != 0) & ~chance(rng, size, profile.hopeless)
    phone_kind = np.where(lost, 0, phone_kind)
    number = _chosen(truth, phone_kind, "mobile", "mobile_2")
    moved = pl.Series(chance(rng, size, profile.moved))
    place = {name: truth[name + "_2"].zip_with(moved, truth[name]) for name in ("street", "city", "region", "postal")}
    first = _nicknames(truth["first"], pl.Series(chance(rng, size, profile.nickname)))
    last = truth["last_2"].zip_with(pl.Series(chance(rng, size, profile.married)), truth["last"])
    return truth.select("person", "country", "landline", "born", "company").with_columns(
        first=with_typos(rng, first, profile.typo),
        last=with_typos(rng, last, profile.typo),
        email=_untidy(rng, _chosen(truth, email_kind, "email", "email_2")),
        number=number,
        phone=international(number, truth["country"]),
        city=place["city"],
        region=place["region"],
        postal=place["postal"],
        street=with_typos(rng, place["street"], profile.typo),
    )


def with_typos(rng: np.random.Generator, values: pl.Series, share: float) -> pl.Series:
    """A share of the values with one letter left out, doubled or swapped with the next; never the first letter."""
    size = len(values)
    draw = {"hit": chance(rng, size, share), "kind": rng.integers(0, 3, size), "where": rng.random(size)}
    frame = pl.DataFrame({"value": values, **draw})
    at = (pl.col("where") * (pl.col("value").str.len_chars() - 2)).floor().cast(pl.Int64) + 1
    head, one, two = (
        pl.col("value").str.slice(0, at),
        pl.col("value").str.slice(at, 1),
        pl.col("value").str.slice(at + 1, 1),
    )
    rest = pl.col("value").str.slice(at + 1)
    swapped = pl.concat_str([head, two, one, pl.col("value").str.slice(at + 2)])
    wrong = (
        pl.when(pl.col("kind") == 0)
        .then(pl.concat_str([head, rest]))
        .when(pl.col("kind") == 1)
        .then(pl.concat_str([head, one, one, rest]))
        .otherwise(swapped)
    )
    hit = pl.col("hit") & (pl.col("value").str.len_chars() > 3)
    return frame.select(value=pl.when(hit).then(wrong).otherwise("value"))["value"]


def with_junk(rng: np.random.Generator, values: pl.Series, junk: list[str], share: float) -> pl.Series:
    """A share of the missing values filled with what people type to get past a required field."""
    filler = pl.Series(junk).gather(rng.integers(0, len(junk), len(values)))
    return filler.zip_with(values.is_null() & pl.Series(chance(rng, len(values), share)), values)


def _kinds(rng: np.random.Generator, size: int, main: float, other: float) -> np.ndarray:
    draw = rng.random(size)
    return np.where(draw < main, 0, np.where(draw < main + other, 1, 2))


def _chosen(truth: pl.DataFrame, kind: np.ndarray, main: str, other: str) -> pl.Series:
    return pl.select(
        pl.when(pl.lit(pl.Series(kind == 0)))
        .then(truth[main])
        .when(pl.lit(pl.Series(kind == 1)))
        .then(truth[other])
        .alias("value")
    )["value"]


def _nicknames(first: pl.Series, hit: pl.Series) -> pl.Series:
    table = word_list("nicknames")
    return first.replace(table["name"], table["nickname"]).zip_with(hit, first)


def _untidy(rng: np.random.Generator, emails: pl.Series) -> pl.Series:
    """Some addresses in capitals, some with a blank at the end."""
    loud, loose = (pl.Series(chance(rng, len(emails), share)) for share in (0.03, 0.01))
    emails = emails.str.to_titlecase().zip_with(loud, emails)
    return (emails + " ").zip_with(loose, emails)
