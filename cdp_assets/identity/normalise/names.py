"""Names of persons as match keys: folded, split into given and family name, without titles."""

from collections.abc import Callable

import polars as pl

from cdp_assets.identity.normalise.series import place
from cdp_assets.identity.normalise.text import fold

_NEVER_A_NAME = "mr|mrs|ms|miss|mx|dr|prof|herr|frau|mme|mlle"
_TITLE = rf"{_NEVER_A_NAME}|professor|sir|dame|madam|rev|reverend|monsieur|madame|sra|srta|signora|dhr|mevr"
_GENERATIONS = {"junior": "jr", "senior": "sr", "2nd": "ii", "3rd": "iii", "4th": "iv"}
_GENERATION = "|".join(["jr", "sr", "ii", "iii", "iv", *_GENERATIONS])
_SUFFIX = rf"{_GENERATION}|phd|md|esq|mba|dds|dvm|cpa"
_PARTICLE = (
    "van|von|der|den|ter|ten|de|del|della|di|da|do|dos|das|du|des|la|le|las|los|el|al|bin|ibn|bint|abu|zu|zur|zum|af"
    "|av|st"
)
_AFFIXED = rf"^(?:{_TITLE}) |^(?:{_NEVER_A_NAME})$| (?:{_SUFFIX})$"
_SUFFIX_AFTER_COMMA = rf"(?i),\s*((?:{_SUFFIX})\.?)\s*(,|$)"
_GIVEN_AND_FAMILY = rf"^(\S+(?: \S+)*?) ((?:(?:{_PARTICLE}) )*\S+)$"
_LONGEST_READ = 400
_GIVEN, _FAMILY = pl.col("given"), pl.col("family")
_LONE = _GIVEN.is_null() != _FAMILY.is_null()
_SENT = pl.when(_GIVEN.is_not_null()).then("first").otherwise("last")
_EITHER = pl.coalesce("given", "family")


def normalise_names(first: pl.Series, last: pl.Series) -> pl.DataFrame:
    """`first_name`, `last_name` and `name_suffix` (jr, sr, ii, iii, iv), folded, one row a pair of names as sent.

    A full name in one field is divided: at its comma where it has one, else before the family name and its particles.
    Titles and degrees fall away, and prefixes that some write apart are joined (`Mc Donald`, `O Brien`).
    """
    names = pl.DataFrame({"given": fold(first), "family": fold(last), "first": first, "last": last})
    names = names.with_columns(suffix=pl.lit(None, pl.String))
    names = _amend(names, _LONE & _SENT.str.contains(",", literal=True), _divided_at_comma).drop("first", "last")
    spaced = pl.any_horizontal(pl.col("given", "family").str.contains(" ", literal=True).fill_null(value=False))
    names = _amend(names, spaced | _GIVEN.is_in(_NEVER_A_NAME.split("|")), _words_apart)
    return names.select(first_name="given", last_name="family", name_suffix="suffix")


def _words_apart(names: pl.DataFrame) -> pl.DataFrame:
    names = _amend(names, _matches(_AFFIXED), _without_affixes)
    names = _amend(names, _LONE & _EITHER.str.contains(" ", literal=True), _divided)
    names = _amend(names, _GIVEN.str.contains(" ", literal=True) & _FAMILY.is_not_null(), _given_alone)
    return _amend(names, _FAMILY.str.contains(r"(?:^| )(?:o|mc|mac|d) "), _joined)


def _amend(names: pl.DataFrame, odd: pl.Expr, function: Callable[[pl.DataFrame], pl.DataFrame]) -> pl.DataFrame:
    """The names with what `function` makes of the odd rows."""
    marked = names.select(odd.fill_null(value=False)).to_series()
    if not marked.any():
        return names
    amended = function(names.filter(marked))
    return names.with_columns(place(names[name], marked, amended[name]) for name in ("given", "family", "suffix"))


def _matches(pattern: str) -> pl.Expr:
    return _GIVEN.str.contains(pattern).fill_null(value=False) | _FAMILY.str.contains(pattern).fill_null(value=False)


def _divided_at_comma(names: pl.DataFrame) -> pl.DataFrame:
    """`Smith Jr., Anna` is family name and given name; `Anna Smith, Jr.` is one name and its suffix."""
    text = _SENT.str.slice(0, _LONGEST_READ).str.replace(_SUFFIX_AFTER_COMMA, " ${1}${2}")
    parts = names.select("suffix", text=text, commas=text.str.count_matches(",", literal=True))
    at_comma = parts.select(
        "suffix",
        family=pl.when(pl.col("commas") == 1).then(pl.col("text").str.extract(r"^([^,]*),")),
        given=pl.when(pl.col("commas") == 1).then(pl.col("text").str.extract(r",([^,]*)$")).otherwise("text"),
    )
    return at_comma.select("suffix", fold(at_comma["given"]).alias("given"), fold(at_comma["family"]).alias("family"))


def _without_affixes(names: pl.DataFrame) -> pl.DataFrame:
    def suffix(name: pl.Expr) -> pl.Expr:
        return name.str.extract(rf" ({_GENERATION})(?: (?:{_SUFFIX}))*$").replace(_GENERATIONS)

    def bare(name: pl.Expr) -> pl.Expr:
        return name.str.replace(rf"^(?:(?:{_TITLE}) )+", "").str.replace(rf"(?: (?:{_SUFFIX}))+$", "")

    given = bare(_GIVEN)
    return names.select(
        given=pl.when(~given.is_in(_NEVER_A_NAME.split("|"))).then(given),
        family=bare(_FAMILY),  # where a title alone is a name: Herr, Miss
        suffix=pl.coalesce(suffix(_FAMILY), suffix(_GIVEN), "suffix"),
    )


def _divided(names: pl.DataFrame) -> pl.DataFrame:
    whole = _FAMILY.is_not_null() & _FAMILY.str.contains(rf"^(?:{_PARTICLE}) ")
    text = _EITHER.str.replace_all(r"(^| )(mc|mac) ", "${1}${2}")
    given, family = (text.str.extract(_GIVEN_AND_FAMILY, place) for place in (1, 2))
    return names.select(
        "suffix",
        given=pl.when(~whole.fill_null(value=False)).then(given),
        family=pl.when(whole).then("family").otherwise(pl.coalesce(family, text)),
    )


def _given_alone(names: pl.DataFrame) -> pl.DataFrame:
    """A family name that the given-name field repeats falls away there."""
    repeated = _GIVEN.str.ends_with(pl.concat_str(pl.lit(" "), "family"))
    shorter = _GIVEN.str.head(_GIVEN.str.len_chars().cast(pl.Int64) - _FAMILY.str.len_chars().cast(pl.Int64) - 1)
    return names.select("family", "suffix", given=pl.when(repeated).then(shorter).otherwise("given"))


def _joined(names: pl.DataFrame) -> pl.DataFrame:
    joined = _FAMILY.str.replace_all(r"(^| )(o|mc|mac|d) (\S{3,})", "${1}${2}${3}")
    return names.select("given", "suffix", family=joined)
