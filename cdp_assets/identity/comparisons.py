"""What the match model compares, and which pairs it is shown.

Street, city and postal code move together, so they are one comparison; given names have a nickname level.
"""

from typing import Any

from splink import comparison_level_library as cll
from splink import comparison_library as cl
from splink.internals.comparison_creator import ComparisonCreator
from splink.internals.comparison_level_creator import ComparisonLevelCreator

BLOCKING = (
    ("email",),
    ("phone",),
    ("last_name", "date_of_birth"),
    ("given", "date_of_birth"),
    ("last_name", "postal_code"),
    ("given", "last_name", "city"),
    ("street", "postal_code"),
    ("email_name", "last_name"),
)
TRAINING = (("email",), ("last_name", "date_of_birth"), ("given", "phone"), ("given", "last_name", "postal_code"))
TERM_FREQUENCIES = ("first_name", "last_name")
_COMPARED = (
    {"first_name", "given"},
    {"last_name"},
    {"email", "email_name"},
    {"phone"},
    {"street", "city", "postal_code"},
    {"date_of_birth"},
)
"""The columns of each comparison: those of the keys that pairs are blocked on teach nothing."""


def teaches(rule: tuple[str, ...], known: set[str]) -> bool:
    """Whether pairs that agree on a rule's columns can be learned from: these and another comparison's are `known`."""
    return known >= set(rule) and any(known & columns and not columns & set(rule) for columns in _COMPARED)


def comparisons() -> list[ComparisonCreator | dict[str, Any]]:
    """One creator a comparison, in the order of the settings."""
    return [_first_name(), _last_name(), _email(), _phone(), _address(), _date_of_birth()]


def _level(condition: str, label: str) -> ComparisonLevelCreator:
    return cll.CustomLevel(condition, label)


def _exact(column: str) -> ComparisonLevelCreator:
    return cll.ExactMatchLevel(column, term_frequency_adjustments=True)


def _of(name: str, levels: list[ComparisonLevelCreator | dict[str, Any]]) -> ComparisonCreator:
    return cl.CustomComparison(output_column_name=name, comparison_levels=levels)


def _first_name() -> ComparisonCreator:
    nickname = "list_contains(name_forms_l, given_r) OR list_contains(name_forms_r, given_l)"
    return _of(
        "first_name",
        [
            cll.NullLevel("first_name"),
            _exact("first_name"),
            _level(nickname, "nickname"),
            cll.JaroWinklerLevel("first_name", 0.9),
            _level("(length(given_l) = 1 OR length(given_r) = 1) AND given_l[1] = given_r[1]", "initial"),
            cll.ElseLevel(),
        ],
    )


def _last_name() -> ComparisonCreator:
    return _of(
        "last_name",
        [
            cll.NullLevel("last_name"),
            _exact("last_name"),
            cll.JaroWinklerLevel("last_name", 0.92),
            cll.JaroWinklerLevel("last_name", 0.85),
            cll.ElseLevel(),
        ],
    )


def _email() -> ComparisonCreator:
    return _of(
        "email",
        [
            cll.NullLevel("email"),
            cll.ExactMatchLevel("email"),
            cll.ExactMatchLevel("email_name"),
            cll.JaroWinklerLevel("email_name", 0.9),
            cll.ElseLevel(),
        ],
    )


def _phone() -> ComparisonCreator:
    return _of(
        "phone",
        [
            cll.NullLevel("phone"),
            cll.ExactMatchLevel("phone"),
            cll.DamerauLevenshteinLevel("phone", 1),
            cll.ElseLevel(),
        ],
    )


def _address() -> ComparisonCreator:
    nothing = "(street_l IS NULL OR street_r IS NULL) AND (postal_code_l IS NULL OR postal_code_r IS NULL)"
    return _of(
        "address",
        [
            cll.CustomLevel(nothing, "null").configure(is_null_level=True),
            _level("street_l = street_r AND (postal_code_l = postal_code_r OR city_l = city_r)", "same address"),
            _level(
                "postal_code_l = postal_code_r AND jaro_winkler_similarity(street_l, street_r) >= 0.9",
                "similar address",
            ),
            _level("postal_code_l = postal_code_r", "same postal code"),
            _level("city_l = city_r", "same city"),
            cll.ElseLevel(),
        ],
    )


def _date_of_birth() -> ComparisonCreator:
    return _of(
        "date_of_birth",
        [
            cll.NullLevel("date_of_birth"),
            cll.ExactMatchLevel("date_of_birth"),
            cll.DamerauLevenshteinLevel("date_of_birth", 1),
            _level("date_of_birth_l[:4] = date_of_birth_r[:4]", "same year"),
            cll.ElseLevel(),
        ],
    )
