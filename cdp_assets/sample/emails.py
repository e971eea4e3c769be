"""E-mail addresses as people choose them; two people never get the same one by chance."""

import numpy as np
import polars as pl

from cdp_assets.sample.randomness import skewed
from cdp_assets.sample.words import word_list

_DOMAINS = {
    "US": ["gmail.com", "yahoo.com", "outlook.com", "hotmail.com", "icloud.com", "aol.com", "comcast.net"],
    "GB": ["gmail.com", "hotmail.co.uk", "outlook.com", "yahoo.co.uk", "btinternet.com", "icloud.com", "sky.com"],
    "FR": ["gmail.com", "orange.fr", "hotmail.fr", "free.fr", "laposte.net", "sfr.fr", "yahoo.fr"],
    "DE": ["gmail.com", "gmx.de", "web.de", "t-online.de", "outlook.de", "freenet.de", "icloud.com"],
}


def email_addresses(rng: np.random.Generator, frame: pl.DataFrame) -> list[pl.Series]:
    """`email` and `email_2` (an older or a work address) of the people in `frame`."""
    size = len(frame)
    first, last = ascii_letters(frame["first"]), ascii_letters(frame["last"])
    year = frame["born"].dt.strftime("%y")
    main = _local_parts(rng, first, last, year) + "@" + _domains(rng, frame["country"])
    other = _local_parts(rng, first, last, year) + "@" + _domains(rng, frame["country"])
    work = first + "." + last + "@" + company_domain(frame["company"].fill_null(0))
    other = work.zip_with(frame["company"].is_not_null(), other)
    unique = _told_apart(pl.concat([main, other]))
    return [unique.slice(0, size).alias("email"), unique.slice(size).alias("email_2")]


def ascii_letters(names: pl.Series) -> pl.Series:
    """Lower-case a to z alone: `Weiß` becomes `weiss`, `Hélène` becomes `helene`."""
    folded = names.str.to_lowercase().str.replace_all("ß", "ss").str.replace_all("\u0131", "i")
    return folded.str.normalize("NFKD").str.replace_all("[^a-z]", "")


def company_name(company: pl.Series) -> pl.Series:
    """The account name of a company number."""
    surnames, kinds = word_list("surnames")["name"], pl.Series(["Logistics", "Consulting", "Foods", "Studio", "Group"])
    number = company.cast(pl.Int64)
    return surnames.gather((number * 7 + 3) % len(surnames)) + " " + kinds.gather(number % len(kinds))


def company_domain(company: pl.Series) -> pl.Series:
    """The domain of a company number, told apart by the number where names are equal."""
    return ascii_letters(company_name(company)) + company.cast(pl.String) + ".example"


def _domains(rng: np.random.Generator, country: pl.Series) -> pl.Series:
    place = skewed(rng, 7, len(country), 0.8)
    drawn = pl.Series([""] * len(country))
    for code, domains in _DOMAINS.items():
        drawn = pl.Series(domains).gather(place).zip_with(country == code, drawn)
    return drawn


def _local_parts(rng: np.random.Generator, first: pl.Series, last: pl.Series, year: pl.Series) -> pl.Series:
    names = pl.DataFrame({"f": first, "l": last, "y": year, "style": rng.integers(0, 8, len(first))})
    initial = pl.col("f").str.slice(0, 1)
    digits = pl.Series(rng.integers(1, 999, len(first))).cast(pl.String)
    styles = [
        pl.col("f") + "." + pl.col("l"),
        pl.col("f") + pl.col("l"),
        initial + pl.col("l") + pl.col("y"),
        pl.col("f") + "_" + pl.col("l"),
        pl.col("l") + "." + pl.col("f"),
        pl.col("f") + pl.col("y") + digits,
        initial + "." + pl.col("l") + digits,
        pl.col("f") + "." + pl.col("l") + pl.col("y"),
    ]
    chosen = pl.coalesce([pl.when(pl.col("style") == number).then(style) for number, style in enumerate(styles)])
    return names.select(local=chosen)["local"]


def _told_apart(addresses: pl.Series) -> pl.Series:
    """Repeated addresses get their position as a number, as a mail provider proposes."""
    frame = pl.DataFrame({"address": addresses}).with_row_index("position")
    local, domain = pl.col("address").str.split("@").list.get(0), pl.col("address").str.split("@").list.get(1)
    numbered = local + "_" + pl.col("position").cast(pl.String) + "@" + domain
    return frame.select(pl.when(pl.col("address").is_first_distinct()).then("address").otherwise(numbered).alias("a"))[
        "a"
    ]
