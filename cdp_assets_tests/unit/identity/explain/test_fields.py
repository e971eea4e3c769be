"""Which values are said to differ."""

from cdp_assets.identity.explain.explanation import Record
from cdp_assets.identity.explain.fields import Field, fields_of


def record(sent: dict[str, str] | None = None, junk: str | None = None, **matched: tuple[str, ...]) -> Record:
    return Record("crm", "1", 1, "email", 1.0, None, None, sent or {}, matched, junk)


def field(name: str, *records: Record) -> Field:
    (found,) = (one for one in fields_of(records) if one.name == name)
    return found


def differing(*values: tuple[str, ...]) -> list[bool]:
    keys = [{"city": value} if value else {} for value in values]
    return [cell.differs for cell in field("city", *(record(**one) for one in keys)).cells]


def test_what_most_have_is_the_yardstick() -> None:
    assert differing(("a",), ("a",), ("b",)) == [False, False, True]


def test_of_two_values_neither_is_the_right_one() -> None:
    assert differing(("a",), ("b",)) == [True, True]
    assert differing(("a",), ("a",)) == [False, False]


def test_of_two_equally_frequent_values_neither_is_marked_but_a_third_is() -> None:
    assert differing(("a",), ("a",), ("b",), ("b",), ("c",)) == [False, False, False, False, True]


def test_having_no_value_is_no_difference() -> None:
    assert differing(("a",), (), ("a",)) == [False, False, False]
    assert differing(("a",), ()) == [False, False]


def test_one_value_in_common_is_enough() -> None:
    assert differing(("a", "b"), ("b", "c"), ("d",)) == [False, False, True]


def test_values_are_shown_as_sent_and_as_matched_where_that_is_not_the_same() -> None:
    sent = {"city": "Boston ", "first_name": "Ann", "email": "nobody@nowhere"}
    one = record(sent, "email malformed", city=("boston",), first_name=("ann",))
    city, name, email = (field(name, one).cells[0] for name in ("city", "first name", "email"))
    assert (city.value, city.matched) == ("Boston ", "boston")
    assert (name.value, name.matched) == ("Ann", None)
    assert (email.value, email.unused) == ("nobody@nowhere", True)
    assert field("left out as junk", one).cells[0].value == "email malformed"


def test_what_else_was_sent_comes_after_the_match_keys() -> None:
    names = [
        one.name for one in fields_of([record({"source_updated_at": "2026-01-01", "email": "a@b"}, email=("a@b",))])
    ]
    assert names == ["email", "source updated at"]


def test_what_a_name_is_short_for_is_shown_where_names_differ() -> None:
    ann, anna = (record(first_name=(name,), name_forms=("anna", name)) for name in ("ann", "anna"))
    assert "name forms" in [one.name for one in fields_of([ann, anna])]
    assert "name forms" not in [one.name for one in fields_of([ann, ann])]
