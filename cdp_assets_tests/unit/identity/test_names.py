"""A person's name written differently gives the same match key, in any script."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_assets.identity.normalise.names import normalise_names
from cdp_assets.identity.normalise.nicknames import name_forms
from cdp_assets.identity.normalise.text import LONGEST, fold, tidy


def column(*texts: str | None) -> pl.Series:
    return pl.Series("sent", texts, dtype=pl.String)


def names(first: str | None, last: str | None) -> tuple[str | None, ...]:
    return normalise_names(column(first), column(last)).row(0)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("Müller-Lüdenscheidt", "muller ludenscheidt"),
        ("Mu\u0308ller", "muller"),
        ("O\u2019Brien", "obrien"),
        ("O\u00b4Brien", "obrien"),
        ("Łukasz Żółć", "lukasz zolc"),
        ("Straße", "strasse"),
        ("Æsa \ufb01n", "aesa fin"),
        ("İstanbul \u0131ŞIK", "istanbul isik"),
        ("Αλέξανδρος", "αλεξανδροσ"),
        ("ΑΛΕΞΑΝΔΡΟΣ", "αλεξανδροσ"),
        ("\u202bمحمد\u202c", "محمد"),
        ("مُحَمَّد", "محمد"),
        ("שָׁלוֹם", "שלום"),
        ("नमस्ते", "नमस्ते"),
        ("\uff71\uff9d\uff85", "アンナ"),
        ("An\u200bna\x00", "anna"),
        ("An\tna", "an na"),
        ("Anna 🎉", "anna"),
        ("🙂", None),
        ("👨\u200d👩\u200d👧", None),
        ("\u3164", None),
        ("  ", None),
        (None, None),
    ],
)
def test_a_name_is_folded_in_any_script(written, key):
    assert fold(column(written)).to_list() == [key]


def test_a_name_of_ten_thousand_characters_is_cut():
    long = fold(column("ab" * 5000, "é " * 5000, "a\u0301" * 5000))
    assert long[0] == ("ab" * 5000)[:LONGEST]
    assert (long.str.len_chars() <= LONGEST).all()


@settings(deadline=None)
@given(st.text())
def test_folding_twice_changes_nothing(text):
    once = fold(column(text))
    assert fold(once).to_list() == once.to_list()


@settings(deadline=None)
@given(st.text())
def test_what_is_plain_is_folded_as_what_is_odd(text):
    """The way taken for plain values gives what the way for odd ones does: an emoji sends a value the long way."""
    assert fold(column(text)).to_list() == fold(column(f"{text} 🙂")).to_list()


@settings(deadline=None)
@given(st.text())
def test_tidy_text_has_no_control_characters_and_no_space_around(text):
    (kept,) = tidy(column(text)).to_list()
    assert kept is None or (kept and kept == kept.strip() and "\x00" not in kept)


@pytest.mark.parametrize(
    ("first", "last", "parts"),
    [
        ("Dr. Anna Maria", "Smith Jr.", ("anna maria", "smith", "jr")),
        ("Anna Smith", None, ("anna", "smith", None)),
        ("Smith, Anna", None, ("anna", "smith", None)),
        (None, "Smith, Anna", ("anna", "smith", None)),
        (None, "Anna Smith", ("anna", "smith", None)),
        ("Smith Jr., John", None, ("john", "smith", "jr")),
        ("Smith, John, Jr.", None, ("john", "smith", "jr")),
        ("John Smith, Jr.", "", ("john", "smith", "jr")),
        ("John Smith, PhD", None, ("john", "smith", None)),
        ("Mr John Smith III MD", None, ("john", "smith", "iii")),
        ("John", "Smith 2nd", ("john", "smith", "ii")),
        ("John Jr", "Smith", ("john", "smith", "jr")),
        ("John Senior", "Smith", ("john", "smith", "sr")),
        ("Ludwig van Beethoven", None, ("ludwig", "van beethoven", None)),
        ("Maria de la Cruz", " ", ("maria", "de la cruz", None)),
        (None, "van der Berg", (None, "van der berg", None)),
        ("Van Morrison", None, ("van", "morrison", None)),
        ("Ronald Mc Donald", None, ("ronald", "mcdonald", None)),
        ("Ronald", "Mac Donald", ("ronald", "macdonald", None)),
        ("Sean", "O'Brien", ("sean", "obrien", None)),
        ("Sean", "O Brien", ("sean", "obrien", None)),
        ("Anna", "Müller-Lüdenscheidt", ("anna", "muller ludenscheidt", None)),
        ("John Smith", "Smith", ("john", "smith", None)),
        ("Smith", "Smith", ("smith", "smith", None)),
        ("Anna", None, ("anna", None, None)),
        ("Dr.", "Smith", (None, "smith", None)),
        (None, "Herr", (None, "herr", None)),
        ("Mrs. Dr.", "Smith", (None, "smith", None)),
        ("Sir", "Smith", ("sir", "smith", None)),
        ("Prof. Dr. Anna Smith", None, ("anna", "smith", None)),
        ("Jr", None, ("jr", None, None)),
        (",", None, (None, None, None)),
        (None, None, (None, None, None)),
    ],
)
def test_a_name_is_divided_and_loses_titles_but_not_the_generation(first, last, parts):
    assert names(first, last) == parts


@settings(deadline=None)
@given(st.lists(st.tuples(st.text() | st.none(), st.text() | st.none()), max_size=5))
def test_each_name_is_read_by_itself(pairs):
    together = normalise_names(column(*(first for first, _ in pairs)), column(*(last for _, last in pairs)))
    assert together.rows() == [names(first, last) for first, last in pairs]


def test_a_nickname_lists_the_names_it_is_short_for():
    forms = name_forms(column("bob", "bob john", "zyx", None)).to_list()
    assert {"bob", "robert"} <= set(forms[0].split())
    assert forms[1:] == [forms[0], "zyx", None]
