"""Postal addresses as match keys."""

import polars as pl

from cdp_assets.identity.normalise.series import absent_when_empty, refine, select
from cdp_assets.identity.normalise.text import fold, tidy

_ABBREVIATIONS = {
    "street": "st",
    "road": "rd",
    "avenue": "ave",
    "av": "ave",
    "boulevard": "blvd",
    "boul": "blvd",
    "lane": "ln",
    "drive": "dr",
    "court": "ct",
    "place": "pl",
    "square": "sq",
    "terrace": "ter",
    "highway": "hwy",
    "parkway": "pkwy",
    "circle": "cir",
    "crescent": "cres",
    "close": "cl",
    "gardens": "gdns",
    "mount": "mt",
    "apartment": "apt",
    "appartement": "apt",
    "suite": "ste",
    "unit": "apt",
    "flat": "apt",
    "floor": "fl",
    "building": "bldg",
    "north": "n",
    "south": "s",
    "east": "e",
    "west": "w",
    "northeast": "ne",
    "northwest": "nw",
    "southeast": "se",
    "southwest": "sw",
    "saint": "st",
    "strasse": "str",
}
_WORDS = {f" {word} ": f" {short} " for word, short in _ABBREVIATIONS.items()} | {"strasse ": "str "}
_COUNTRIES = {
    "UK": "GB",
    "EL": "GR",
    "USA": "US",
    "U.S.": "US",
    "U.S.A.": "US",
    "UNITED STATES": "US",
    "UNITED STATES OF AMERICA": "US",
    "GBR": "GB",
    "UNITED KINGDOM": "GB",
    "GREAT BRITAIN": "GB",
    "CAN": "CA",
    "CANADA": "CA",
    "DEU": "DE",
    "GERMANY": "DE",
    "DEUTSCHLAND": "DE",
    "FRA": "FR",
    "FRANCE": "FR",
    "AUS": "AU",
    "AUSTRALIA": "AU",
}
_DIGITS_OF_POSTAL_CODE = {"US": 5, "DE": 5, "FR": 5, "IT": 5, "ES": 5, "MX": 5, "AU": 4}
_LONGEST_POSTAL_CODE = 20


def normalise_streets(texts: pl.Series) -> pl.Series:
    """Street and number, folded, with the usual words abbreviated; `#4` is an apartment."""
    apartments = refine(texts, texts.str.contains("#", literal=True), lambda odd: odd.str.replace_all(r"#+", " apt "))
    folded = fold(apartments)
    # Twice: of two words in a row, the first takes the space between them.
    abbreviated = pl.format(" {} ", "value").str.replace_many(_WORDS).str.replace_many(_WORDS)
    short = select(folded, abbreviated)
    # "Apt #4" and "Unit 4, Flat 4" name one thing twice
    return refine(short, short.str.contains("apt apt", literal=True), _once).str.strip_chars()


def _once(texts: pl.Series) -> pl.Series:
    return texts.str.replace_all(r"apt(?: apt)+", "apt")


def normalise_countries(texts: pl.Series) -> pl.Series:
    """ISO 3166 alpha-2 in upper case; a few names and alpha-3 codes are understood, others stay as sent."""
    upper = tidy(texts).str.to_uppercase()
    return select(upper, pl.col("value").replace(_COUNTRIES))


def normalise_postal_codes(texts: pl.Series, countries: pl.Series) -> pl.Series:
    """Letters and digits in upper case, without a country's prefix (`D-`, `LV-`).

    United States codes have their first five digits, also where the country is null; zeros that a spreadsheet took
    from the front of a code are put back where its country is known.
    """
    upper = texts.str.strip_chars().str.to_uppercase()
    plain = refine(upper, upper.str.contains(r"[^A-Z0-9]") | (upper.str.len_bytes() > _LONGEST_POSTAL_CODE), _tidied)
    american = select(countries, pl.col("value").is_null() | (pl.col("value") == "US"))
    plus_four = american & plain.str.contains(r"^\d{9}$")
    digits = select(
        countries, pl.col("value").replace_strict(_DIGITS_OF_POSTAL_CODE, default=0, return_dtype=pl.UInt32)
    )
    short = plain.str.contains(r"^\d+$") & (plain.str.len_bytes() < digits) & (plain.str.len_bytes() + 2 >= digits)
    codes = pl.DataFrame({"code": plain, "plus_four": plus_four, "short": short, "digits": digits}).select(
        pl.when("plus_four")
        .then(pl.col("code").str.head(5))
        .when("short")
        .then(pl.col("code").str.pad_start(pl.col("digits"), "0"))
        .otherwise("code")
        .alias(texts.name)
    )
    return absent_when_empty(codes.to_series())


def _tidied(texts: pl.Series) -> pl.Series:
    short = select(texts, pl.when(pl.col("value").str.len_chars() <= _LONGEST_POSTAL_CODE).then("value"))
    return short.str.normalize("NFKC").str.replace(r"^[A-Z]{1,2}-(\d)", "${1}").str.replace_all(r"[^A-Z0-9]", "")
