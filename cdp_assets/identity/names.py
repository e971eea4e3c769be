"""Names as match keys: folded to plain words, split, and compared with nicknames in mind."""

import re
import unicodedata
from functools import cache

import duckdb
import polars as pl
from nicknames import NickNamer

LONGEST = 100
_LETTERS_WITHOUT_DECOMPOSITION = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "\u0131": "i", "þ": "th", "ð": "d"}
)
_APOSTROPHES = re.compile("['\u2018\u2019`\u00b4\u02bc]")
_TITLES = frozenset(["mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "herr", "frau", "mme"])
_SUFFIXES = frozenset(["jr", "sr", "ii", "iii", "iv", "phd", "md", "esq"])


def fold(text: str | None) -> str | None:
    """Lower-case words of letters and digits without accents or punctuation, in any script; null when none is left."""
    if text is None:
        return None
    plain = _APOSTROPHES.sub("", text[: LONGEST * 4]).casefold().translate(_LETTERS_WITHOUT_DECOMPOSITION)
    kept = "".join(_kept(character) for character in unicodedata.normalize("NFKD", plain))
    return " ".join(kept.split())[:LONGEST].strip() or None


def _kept(character: str) -> str:
    if character.isalnum():
        return character
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return ""
    return character if unicodedata.category(character)[0] == "M" else " "


def split_name(first: str | None, last: str | None) -> tuple[str | None, str | None]:
    """Folded given and family name; a full name in one field is divided, titles and suffixes are dropped."""
    if first and not last and first.count(",") == 1:
        last, first = first.split(",")
    given, family = _words(first), _words(last)
    if len(given) > 1 and not family:
        given, family = given[:-1], given[-1:]
    if len(family) > 1 and not given:
        given, family = family[:-1], family[-1:]
    return " ".join(given) or None, " ".join(family) or None


def _words(text: str | None) -> list[str]:
    words = (fold(text) or "").split()
    while words and words[0] in _TITLES:
        words = words[1:]
    while len(words) > 1 and words[-1] in _SUFFIXES:
        words = words[:-1]
    return words


def name_forms(first_name: str | None) -> str | None:
    """The first given name and the full names it is short for, sorted, separated by spaces."""
    if first_name is None:
        return None
    word = first_name.split(" ", 1)[0]
    return " ".join(sorted({word, *(form for form in _full_names(word) if " " not in form)}))


@cache
def _nicknames() -> NickNamer:
    return NickNamer()


def _full_names(word: str) -> set[str]:
    return set(_nicknames().canonicals_of(word))


def incompatible(pairs: pl.DataFrame, similar: float) -> pl.DataFrame:
    """The pairs of folded names that cannot be one person's.

    Compatible are equal names, a nickname and its full name, an initial and a name, three or more letters and the
    longer name they begin, and names whose Jaro-Winkler similarity reaches `similar`.

    Args:
        pairs: `name_l`, `name_r`, without nulls.
        similar: 0 to 1.
    """
    distinct = pairs.select("name_l", "name_r").unique().sort("name_l", "name_r")
    distinct = distinct.filter(pl.col("name_l") != pl.col("name_r"))
    if distinct.is_empty():
        return distinct
    with duckdb.connect(":memory:") as connection:
        connection.register("pairs", distinct.to_arrow())
        unlike = pl.DataFrame(
            connection.sql(
                "SELECT name_l, name_r FROM pairs WHERE jaro_winkler_similarity(name_l, name_r) < ?",
                params=[similar],
            ).to_arrow_table()
        )
    related = [_related(name_l, name_r) for name_l, name_r in unlike.iter_rows()]
    return unlike.filter(~pl.Series(related, dtype=pl.Boolean)).sort("name_l", "name_r")


def _related(name_l: str, name_r: str) -> bool:
    words_l, words_r = name_l.split(), name_r.split()
    word_l, word_r = words_l[0], words_r[0]
    if word_l in words_r or word_r in words_l:
        return True
    if len(word_l) != 2 != len(word_r) and (word_l.startswith(word_r) or word_r.startswith(word_l)):
        return True
    return word_l in _full_names(word_r) or word_r in _full_names(word_l)
