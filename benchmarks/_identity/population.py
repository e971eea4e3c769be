"""People in households: who lives with whom, what they share, and what changes in a life."""

import numpy as np
import polars as pl

from benchmarks._identity.names import given_names, surnames
from benchmarks._identity.places import PLACE, addresses
from cdp_assets.sample.phones import landlines, mobiles

_SINGLE, _COUPLE, _FAMILY, _LONE_PARENT, _FLAT_SHARE = range(5)
_KINDS = (0.43, 0.23, 0.22, 0.06, 0.06)
_YEAR = 365.25
_DOMAINS = ("gmail.com", "yahoo.com", "hotmail.com", "outlook.com", "aol.com", "icloud.com", "btinternet.com")


def population(rng: np.random.Generator, people: int) -> pl.DataFrame:
    """One row a person.

    Columns: `person`, `household`, `first`, `middle`, `last`, `last_2` (of birth or of a marriage), `junior`, `born`,
    `email`, `email_2`, `family_email`, `mobile`, `mobile_2`, `landline` (national numbers), `country`, the address and
    the same with `_2` (an older one, or the own one of a grown-up child). All but names and births may be null.
    """
    members = _members(rng, people).pipe(_births, rng).pipe(_names, rng)
    homes = _homes(rng, int(members["household"].max()) + 1)  # type: ignore[arg-type]
    lived = members.join(homes, on="household", maintain_order="left").pipe(_moves, rng)
    return _contacts(lived, rng)


def _members(rng: np.random.Generator, people: int) -> pl.DataFrame:
    kind = rng.choice(5, people, p=_KINDS)
    children = np.minimum(rng.geometric(0.5, people), 5)
    sizes = np.select(
        [kind == _SINGLE, kind == _COUPLE, kind == _FAMILY, kind == _LONE_PARENT],
        [1, 2, 2 + children, 1 + children],
        np.minimum(1 + children, 4),
    )
    household = np.repeat(np.arange(people), sizes)[:people]
    starts = np.cumsum(sizes) - sizes
    place = np.arange(people) - starts[household]
    kind = kind[household]
    adults = np.select([kind == _LONE_PARENT, kind == _FLAT_SHARE], [1, 9], 2)
    partner = (place == 1) & ((kind == _COUPLE) | (kind == _FAMILY))
    lead_female = rng.random(people)[household] < np.where(kind == _LONE_PARENT, 0.8, 0.4)
    female = np.where(partner, ~lead_female, rng.random(people) < 0.5)
    female = np.where(place == 0, lead_female, female)
    return pl.DataFrame(
        {
            "person": np.arange(people),
            "household": household,
            "place": place,
            "female": female,
            "partner": partner,
            "child": place >= adults,
            "nth_child": place - adults,
            "mate": kind == _FLAT_SHARE,
        }
    )


def _births(members: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    size, household = members.height, members["household"].to_numpy()
    has_children = np.zeros(size, dtype=bool)
    has_children[household[members["child"].to_numpy()]] = True
    eldest = np.where(has_children, rng.uniform(-9000, 4800, size), rng.uniform(-11000, 12500, size))[household]
    spread = np.where(members["mate"], rng.normal(0, 5, size), rng.normal(0, 3.5, size)) * _YEAR
    first_child = (rng.uniform(21, 33, size) * _YEAR)[household]
    nth = members["nth_child"].to_numpy()
    of_child = eldest + first_child + nth * 2.4 * _YEAR + rng.uniform(-0.9, 0.9, size) * _YEAR
    days = np.where(members["child"], of_child, np.where(members["place"] == 0, eldest, eldest + spread)).astype(int)
    twin = (members["child"] & (members["nth_child"] > 0)).to_numpy() & (rng.random(size) < 0.03)
    days[twin] = days[np.flatnonzero(twin) - 1]
    return members.with_columns(born=pl.Series(days).cast(pl.Int32).cast(pl.Date), days=pl.Series(days))


def _names(members: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    size, household = members.height, members["household"].to_numpy()
    first, middle = given_names(rng, members["female"].to_numpy()), given_names(rng, members["female"].to_numpy())
    family, own = surnames(rng, size).gather(household), surnames(rng, size)
    lead = pl.Series(np.arange(size) - members["place"].to_numpy())  # rows of a household are consecutive
    eldest_son = (members["child"] & (members["nth_child"] == 0) & ~members["female"]).to_numpy()
    junior = eldest_son & ~members["female"].gather(lead).to_numpy() & (rng.random(size) < 0.08)
    first = first.gather(lead).zip_with(pl.Series(junior), first)
    unmarried = members["partner"].to_numpy() & (rng.random(size) < 0.15)
    wed_daughter = (members["child"] & members["female"] & (members["days"] < 9500)).to_numpy()
    changed = (members["partner"].to_numpy() & ~unmarried & members["female"].to_numpy()) | (
        wed_daughter & (rng.random(size) < 0.25)
    )
    other = unmarried | (members["mate"] & (members["place"] > 0)).to_numpy()
    return members.with_columns(
        first=first,
        middle=middle.str.slice(0, 1),
        last=own.zip_with(pl.Series(other), family),
        last_2=pl.select(last_2=pl.when(pl.lit(pl.Series(changed))).then(own))["last_2"],
        junior=pl.Series(junior),
    )


def _homes(rng: np.random.Generator, households: int) -> pl.DataFrame:
    country = pl.Series("country", np.where(rng.random(households) < 0.8, "US", "GB"))
    now, before = addresses(rng, country), addresses(rng, country)
    moved = pl.lit(pl.Series(rng.random(households) < 0.25))
    landline = landlines(rng, country, now["area"])
    wired = pl.lit(pl.Series(rng.random(households) < 0.6))
    old = before.select(pl.when(moved).then(name).alias(name + "_2") for name in PLACE)
    homes = pl.DataFrame({"household": np.arange(households), "country": country, "landline": landline})
    return homes.with_columns(pl.when(wired).then("landline").alias("landline")).hstack(now).hstack(old)


def _moves(members: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Grown-up children, and flatmates, have an address of their own beside the shared one."""
    size = members.height
    own = addresses(rng, members["country"])
    grown = (pl.col("child") & (pl.col("days") < 11500)) | pl.col("mate")
    left = grown & pl.lit(pl.Series(rng.random(size) < 0.5))
    return members.with_columns(
        pl.when(left).then(pl.lit(own[name])).otherwise(pl.col(name + "_2")).alias(name + "_2") for name in PLACE
    )


def _contacts(members: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    size = members.height

    def some(share: float, values: pl.Series) -> pl.Series:
        return pl.select(pl.when(pl.lit(pl.Series(rng.random(size) < share))).then(values).alias("v"))["v"]

    handles = _handles(rng, members)
    family = members["last"].str.to_lowercase() + "." + members["household"].cast(pl.String)
    lead = pl.Series(np.arange(size) - members["place"].to_numpy())
    family_email = some(0.2, family + "@family.example").gather(lead)
    return members.with_columns(
        email=some(0.95, handles[0]),
        email_2=some(0.3, handles[1]),
        family_email=family_email,
        mobile=some(0.92, mobiles(rng, members["country"], members["area"])),
        mobile_2=some(0.2, mobiles(rng, members["country"], members["area"])),
    )


def _handles(rng: np.random.Generator, members: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Two addresses a person, no two people's alike: providers refuse a name that is taken, so a number follows."""
    size = members.height
    two = pl.concat([members.select("first", "last", "last_2", "born")] * 2)
    style, domain = rng.integers(0, 6, 2 * size), rng.integers(0, len(_DOMAINS), 2 * size)
    first, last = pl.col("first").str.to_lowercase(), pl.col("last").str.to_lowercase()
    year = pl.col("born").dt.year().cast(pl.String)
    local = (
        pl.when(pl.col("style") == 0)
        .then(first + "." + last)
        .when(pl.col("style") == 1)
        .then(first.str.slice(0, 1) + last)
        .when(pl.col("style") == 2)
        .then(first + last + year.str.slice(2))
        .when(pl.col("style") == 3)
        .then(last + "." + first.str.slice(0, 1))
        .when(pl.col("style") == 4)
        .then(first + year)
        .otherwise(pl.col("word") + pl.col("n").cast(pl.String))
    ).str.replace_all(r"[^a-z0-9.]", "")
    words = pl.Series(["sunny", "coffee", "blue", "happy", "music", "lucky", "dr", "the", "star", "garden"])
    named = two.with_columns(
        style=style,
        domain=pl.Series(_DOMAINS).gather(domain),
        word=words.gather(rng.integers(0, len(words), 2 * size)),
        n=rng.integers(10, 9999, 2 * size),
    ).with_columns(local=local)
    taken = pl.int_range(pl.len()).over("local", "domain")
    number = pl.when(taken > 0).then(taken.cast(pl.String)).otherwise(pl.lit(""))
    emails = named.select(pl.concat_str(["local", number, pl.lit("@"), "domain"]))["local"]
    return emails.head(size), emails.tail(size)
