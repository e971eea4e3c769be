"""What the match model compares: each comparison a list of levels, the strongest agreement first.

Street, city and postal code move together, so they are one comparison; given names have a nickname level, and a name
that stands in the other field is a level of its own. Conditions are SQL of the local DuckDB that Splink writes its
queries for, over the columns of `nodes.sql`; each says the same whichever of the two records is on the left.
"""

from collections.abc import Sequence
from dataclasses import dataclass

_BOTH_WAYS = (("l", "r"), ("r", "l"))


@dataclass(frozen=True)
class Level:
    """One level of agreement; `tf_column` is the column whose rare values agree more strongly."""

    label: str
    condition: str
    tf_column: str | None = None


@dataclass(frozen=True)
class Comparison:
    """Levels in order, from `missing` (nothing to compare) over agreement down to all else, which is implied.

    `columns` are those it reads: without any value in them, there is nothing to compare.
    """

    name: str
    columns: tuple[str, ...]
    missing: str
    levels: tuple[Level, ...]

    @property
    def count(self) -> int:
        """How many levels a pair can be at, all else included."""
        return len(self.levels) + 1


def _either(column: str) -> str:
    return f"{column}_l IS NULL OR {column}_r IS NULL"


def _same(column: str) -> str:
    return f'"{column}_l" = "{column}_r"'


def _exact(column: str) -> Level:
    return Level(f"same {column.replace('_', ' ')}", _same(column), column)


def _similar(column: str, least: float) -> Level:
    name = column.replace("_", " ")
    return Level(f"{name} alike ({least})", f"jaro_winkler_similarity({column}_l, {column}_r) >= {least}")


def _word(word: str, words: str) -> str:
    """Whether one record's word is among the other's; `words` columns have a space before and after each word.

    Searching for the bare word first spares most pairs the making of one with spaces.
    """
    return " OR ".join(
        f"(contains({words}_{a}, {word}_{b}) AND contains({words}_{a}, ' ' || {word}_{b} || ' '))"
        for a, b in _BOTH_WAYS
    )


def _name(word: str) -> str:
    """Whether one record's word is among the other's given and family names."""
    return " OR ".join(
        f"((contains(first_name_{a}, {word}_{b}) OR contains(last_name_{a}, {word}_{b}))"
        f" AND contains(concat(' ', first_name_{a}, ' ', last_name_{a}, ' '), ' ' || {word}_{b} || ' '))"
        for a, b in _BOTH_WAYS
    )


def _crossed(left: str, right: str, least: float) -> str:
    """A name that stands, or nearly stands, in the other field."""
    alike = " OR ".join(f"jaro_winkler_similarity({left}_{a}, {right}_{b}) >= {least}" for a, b in _BOTH_WAYS)
    return f"{_name(left)} OR {alike}"


def _differing(column: str, characters: int) -> str:
    """At most so many characters differ; DuckDB's `hamming` counts bytes, and fails where their numbers differ."""
    within = f"hamming({column}_l, {column}_r) <= {characters}"
    return f"CASE WHEN strlen({column}_l) = strlen({column}_r) THEN {within} ELSE false END"


def _slip(column: str) -> str:
    """One character wrong or two swapped; the edit distance is slow and asked only where it can be that small."""
    edits = f"damerau_levenshtein({column}_l, {column}_r) <= 1"
    return f"CASE WHEN {_differing(column, 2)} THEN {edits} ELSE false END"


def _any_of(column: str) -> Level:
    """The main values agree, or any of the further ones, which few records have."""
    further = [f"list_contains(all_{column}s_{a}, {column}_{b})" for a, b in _BOTH_WAYS]
    both = f"list_has_any(all_{column}s_l, all_{column}s_r)"
    return Level(f"same {column}", " OR ".join([_same(column), *further, both]))


_FIRST_NAME = Comparison(
    "first_name",
    ("first_name",),
    _either("first_name"),
    (
        _exact("first_name"),
        Level("nickname", _word("given", "forms")),
        _similar("first_name", 0.9),
        Level("initial", "(length(given_l) = 1 OR length(given_r) = 1) AND given_l[1] = given_r[1]"),
        Level("in the other field", _crossed("given", "last_name", 0.9)),
        _similar("first_name", 0.8),
    ),
)
_LAST_NAME = Comparison(
    "last_name",
    ("last_name",),
    _either("last_name"),
    (
        _exact("last_name"),
        _similar("last_name", 0.92),
        Level("in the other field", _crossed("last_name", "given", 0.9)),
        _similar("last_name", 0.85),
    ),
)
_MAILBOXES_ALIKE = Level(
    "mailbox alike (0.9)",
    f"{_same('mailbox_digits')} AND jaro_winkler_similarity(mailbox_l, mailbox_r) >= 0.9",
)
_EMAIL = Comparison(
    "email",
    ("email",),
    _either("email"),
    (_any_of("email"), Level("same mailbox name", _same("mailbox")), _MAILBOXES_ALIKE),
)
_PHONE = Comparison(
    "phone", ("phone",), _either("phone"), (_any_of("phone"), Level("a slip in the phone", _slip("phone")))
)
_STREETS_ALIKE = "jaro_winkler_similarity(street_l, street_r) >= 0.9"
_STREET_NAMES_ALIKE = "jaro_winkler_similarity(street_name_l, street_name_r) >= 0.95"
_CITIES_ALIKE = "jaro_winkler_similarity(city_l, city_r) >= 0.9"
_NUMBER_MISSING = "(street_l = street_name_l OR street_r = street_name_r)"
_ADDRESS = Comparison(
    "address",
    ("street", "postal_code"),
    f"({_either('street')}) AND ({_either('postal_code')})",
    (
        Level("same address", f"{_same('street')} AND ({_same('postal_code')} OR {_same('city')})"),
        Level("address alike", f"({_same('postal_code')} OR {_same('city')}) AND {_STREETS_ALIKE}"),
        Level("same street", _same("street")),
        Level("street alike without a number", f"{_NUMBER_MISSING} AND {_STREET_NAMES_ALIKE}"),
        Level("street alike", f"{_STREETS_ALIKE} AND ({_slip('postal_code')} OR {_CITIES_ALIKE})"),
        _exact("postal_code"),
        Level("a slip in the postal code", _slip("postal_code")),
        Level("same area", "postal_code_l[:3] = postal_code_r[:3]"),
    ),
)
_CITY = Comparison("city", ("city",), _either("city"), (_exact("city"), _similar("city", 0.9)))
_MONTH_DAY_SWAPPED = (
    "date_of_birth_l[:4] = date_of_birth_r[:4] AND date_of_birth_l[6:7] = date_of_birth_r[9:10]"
    " AND date_of_birth_l[9:10] = date_of_birth_r[6:7]"
)
_DATE_OF_BIRTH = Comparison(
    "date_of_birth",
    ("date_of_birth",),
    _either("date_of_birth"),
    (
        _exact("date_of_birth"),
        Level("a slip in the date", _slip("date_of_birth")),
        Level("same month, or swapped", f"date_of_birth_l[:7] = date_of_birth_r[:7] OR ({_MONTH_DAY_SWAPPED})"),
        Level(
            "same year, or two digits",
            f"date_of_birth_l[:4] = date_of_birth_r[:4] OR {_differing('date_of_birth', 2)}",
        ),
    ),
)
_COMPANY = Comparison("company", ("company",), _either("company"), (_exact("company"),))

COMPARISONS = (_FIRST_NAME, _LAST_NAME, _EMAIL, _PHONE, _ADDRESS, _CITY, _DATE_OF_BIRTH, _COMPANY)
TERM_FREQUENCIES = ("first_name", "last_name", "postal_code", "city", "date_of_birth", "company")
"""Columns of which the model keeps how common each value is."""


def comparable(known: set[str]) -> Sequence[Comparison]:
    """The comparisons of which some column has values."""
    return [comparison for comparison in COMPARISONS if known.intersection(comparison.columns)]
