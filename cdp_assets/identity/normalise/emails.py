"""E-mail addresses as match keys: the same mailbox gives the same text. Not for sending to."""

import re

import polars as pl

from cdp_assets.identity.normalise.series import refine, select

LONGEST = 320
_PART = r"[^@\s,;<>()\"]"
_ADDRESS = rf"^{_PART}+@{_PART}+\.[^@\s,;<>()\".]{{2,}}$"
_DOMAINS = {
    "gmial.com": "gmail.com",
    "gmai.com": "gmail.com",
    "gmal.com": "gmail.com",
    "gamil.com": "gmail.com",
    "gmail.co": "gmail.com",
    "gmail.con": "gmail.com",
    "googlemail.com": "gmail.com",
    "hotmial.com": "hotmail.com",
    "hotmail.con": "hotmail.com",
    "yaho.com": "yahoo.com",
    "yahoo.con": "yahoo.com",
    "outlok.com": "outlook.com",
    "outlook.con": "outlook.com",
}
_ALIAS = r"\+|\.[^@]*@gmail\.com$|@(?:" + "|".join(re.escape(domain) for domain in _DOMAINS) + ")$"


def normalise_emails(texts: pl.Series) -> pl.Series:
    """The mailbox in lower case, without its `+tag` (and without dots at Gmail); null where there is no address."""
    short = refine(texts, texts.str.len_bytes() > LONGEST, lambda long: long.str.head(2 * LONGEST))
    lower = short.str.strip_chars().str.to_lowercase()
    tidied = refine(
        lower, ~lower.str.contains(r"^[a-z0-9][!-;=?-~]*[a-z0-9]$") | lower.str.starts_with("mailto:"), _tidied
    )
    valid = tidied.str.contains(_ADDRESS) & (tidied.str.len_chars() <= LONGEST)
    addresses = select(tidied, pl.when(valid).then("value"))
    return refine(addresses, addresses.str.contains(_ALIAS), _mailbox)


def _tidied(texts: pl.Series) -> pl.Series:
    """What is left of `Anna <ANNA@example.org>` or `mailto:anna@example.org.`"""
    plain = texts.str.normalize("NFKC").str.replace_all(r"[\p{Cf}\p{Cc}]", "")
    inner = select(plain, pl.coalesce(pl.col("value").str.extract(r"^[^<]*<([^<>]*)>\s*$"), "value"))
    return inner.str.strip_chars().str.to_lowercase().str.replace(r"^mailto:", "").str.strip_chars_end(".")


def _mailbox(addresses: pl.Series) -> pl.Series:
    parts = (
        addresses.alias("value")
        .to_frame()
        .select(
            local=pl.col("value").str.extract("^([^@]*)@"),
            domain=pl.col("value").str.extract("@(.*)$").replace(_DOMAINS),
        )
    )
    untagged = pl.coalesce(pl.col("local").str.extract(r"^([^+]+)"), "local")
    undotted = untagged.str.replace_all(".", "", literal=True)
    local = pl.when((pl.col("domain") == "gmail.com") & (undotted != "")).then(undotted).otherwise(untagged)
    return parts.select(pl.concat_str(local, pl.lit("@"), "domain").alias(addresses.name)).to_series()
