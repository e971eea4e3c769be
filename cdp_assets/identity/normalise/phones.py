"""Phone numbers as match keys: E.164, as `phonenumbers` reads them."""

import re
from collections.abc import Mapping, Sequence

import phonenumbers
import polars as pl

from cdp_assets.identity.normalise.phone_digits import READ, read_international, read_national
from cdp_assets.identity.normalise.series import refine, spread

_EXTENSION = r"\s*(?:ext\.?|x|extension|#)\s*\d+\s*$"
_PUNCTUATION = r"[ ().\-/\[\]\x{A0}\x{AD}\x{200B}\x{2010}-\x{2015}\x{2060}\x{2212}\x{3000}\x{30FC}\x{FF0D}-\x{FF0F}]*"
# Of these, phonenumbers keeps the digits from the first on, and whether a plus sign stands before them.
_PLAIN = rf"^[^\d+\x{{FF0B}};]*\+?(?:{_PUNCTUATION}[0-9]){{3,}}{_PUNCTUATION}$"
_LONGEST = 40
_FEWEST = 300  # numbers of a country from which it pays to read a column at a time


def normalise_phones(
    texts: pl.Series,
    countries: pl.Series,
    sources: pl.Series,
    regions: Mapping[str, Sequence[str]],
    fewest: int = _FEWEST,
) -> pl.Series:
    """The numbers in E.164; null where there is none.

    A number without a country code is read as one of the first of the record's country and its source's regions where
    it is valid, else of the first where its length is possible.

    Args:
        texts: numbers as sent.
        countries: ISO alpha-2 of their records, or null.
        sources: of their records.
        regions: ISO alpha-2 codes by source, `default` for the others.
        fewest: fewer numbers of a country are read one at a time: quicker, with the same result.
    """
    sent = pl.DataFrame([texts.alias("text"), countries.alias("country"), sources.alias("source")])
    homes = sent.select("country", "source").unique()
    tried = {(country, source): _tried(country, source, regions) for country, source in homes.iter_rows()}
    rows = sent.with_row_index("row").drop_nulls("text").filter(pl.col("text").str.len_chars() <= _LONGEST)
    bare = rows.with_columns(digits=_without_extension(rows["text"]))
    plain = bare.select(pl.col("digits").str.contains(_PLAIN) & (pl.len().over("country") >= fewest)).to_series()
    read, left = _read_plain(bare.filter(plain), tried, fewest)
    odd = _read_odd(pl.concat([rows.filter(~plain), left.select(rows.columns)]), tried)
    found = pl.concat([read, odd])
    return spread(found["row"], found["e164"], texts.len())


def read_phone(text: str, regions: Sequence[str]) -> str | None:
    """One number in E.164, or null, by `phonenumbers` itself."""
    if len(text) > _LONGEST:
        return None
    plain = re.sub(_EXTENSION, "", text, flags=re.IGNORECASE)
    read = [number for region in regions if (number := _parsed(plain, region)) is not None]
    possible = [number for number in read if phonenumbers.is_possible_number(number)]
    best = next((number for number in possible if phonenumbers.is_valid_number(number)), None)
    if best is None and not possible:
        return None
    return phonenumbers.format_number(best or possible[0], phonenumbers.PhoneNumberFormat.E164)


def _tried(country: str | None, source: str, regions: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The regions to read a number in, in order; `ZZ` is none, where only numbers with their country code are read."""
    listed = regions.get(source, regions.get("default", ()))
    return tuple(dict.fromkeys((country, *listed) if country else listed)) or ("ZZ",)


def _without_extension(texts: pl.Series) -> pl.Series:
    """Cheap to ask first whether there is a sign of one."""
    return refine(texts, texts.str.contains("[xX#]"), lambda some: some.str.replace(f"(?i){_EXTENSION}", ""))


def _read_plain(
    sent: pl.DataFrame, tried: Mapping[tuple[str | None, str], tuple[str, ...]], fewest: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`row`, `e164` of plain numbers, and those left over: a plus sign before a rare country code, or before none."""
    digits = sent.with_columns(pl.col("digits").str.replace_all("[^0-9]", ""))
    plus = sent["digits"].str.contains("+", literal=True)
    abroad = read_international(digits.filter(plus).select("row", "digits"), fewest)
    found = [abroad.filter(pl.col("is_possible")).select("row", "e164")]
    home = digits.filter(~plus).join(_regions(tried), on=["country", "source"], nulls_equal=True)
    found.append(_read_first(home.select("row", "digits", "regions")))
    return pl.concat(found), sent.filter(plus).join(abroad, on="row", how="anti")


def _regions(tried: Mapping[tuple[str | None, str], tuple[str, ...]]) -> pl.DataFrame:
    countries, sources = ([home[place] for home in tried] for place in (0, 1))
    return pl.DataFrame(
        [
            pl.Series("country", countries, dtype=pl.String),
            pl.Series("source", sources, dtype=pl.String),
            pl.Series("regions", [list(regions) for regions in tried.values()], dtype=pl.List(pl.String)),
        ]
    )


def _read_first(pending: pl.DataFrame) -> pl.DataFrame:
    """`row`, `e164` in the first region where the number is valid, else in the first where it is possible."""
    valid, possible = [pl.DataFrame(schema=READ)], [pl.DataFrame(schema=READ)]
    while pending.height:
        here = pending.select("row", "digits", pl.col("regions").list.first().alias("region"))
        read = read_national(here).filter("is_possible")
        valid.append(read.filter("is_valid"))
        possible.append(read.filter(~pl.col("is_valid")))
        pending = pending.with_columns(pl.col("regions").list.slice(1)).filter(pl.col("regions").list.len() > 0)
        pending = pending.join(valid[-1], on="row", how="anti")
    first = pl.concat(possible).unique("row", keep="first", maintain_order=True)
    every = pl.concat(valid)
    return pl.concat([every, first.join(every, on="row", how="anti")]).select("row", "e164")


def _read_odd(sent: pl.DataFrame, tried: Mapping[tuple[str | None, str], tuple[str, ...]]) -> pl.DataFrame:
    distinct = sent.select("text", "country", "source").unique()
    read = [read_phone(text, tried[country, source]) for text, country, source in distinct.iter_rows()]
    known = distinct.with_columns(pl.Series("e164", read, dtype=pl.String)).drop_nulls("e164")
    return sent.join(known, on=["text", "country", "source"], nulls_equal=True).select("row", "e164")


def _parsed(text: str, region: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
