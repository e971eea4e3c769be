"""Identifiers in words, and values fit to be shown."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_assets.identity.explain import words


@settings(deadline=None)
@given(st.floats(0, 1, exclude_max=True))
def test_what_is_not_certain_is_never_said_to_be(share: float) -> None:
    assert words.probability(share) != words.probability(1.0) == "100\u00a0%"
    assert not words.probability(share).startswith("100")


def test_what_is_possible_is_never_said_to_be_impossible() -> None:
    assert words.probability(1e-9) == "< 0.01\u00a0%"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("first_name", "the first names contradict each other"),
        ("never", "a steward decided"),
        ("email_differs", "the rule asks that email does not differ"),
        ("something_new", "the guard something_new"),
    ],
)
def test_a_guard_is_told_in_words(name: str, said: str) -> None:
    assert words.guard(name).startswith(said)


def test_a_weight_carries_its_sign_and_none_is_nought() -> None:
    weights = [words.weight(bits) for bits in (2.5, -2.5, 0.0, -0.004)]
    assert weights == ["+2.50", "\N{MINUS SIGN}2.50", "0", "0"]


def test_what_would_move_a_cursor_or_turn_text_around_becomes_visible() -> None:
    assert words.shown("a\x1b[31m\u202eb\x7f") == "a␛[31m⟨U+202E⟩b␡"
    assert words.shown("👩‍👩‍👧 مريم") == "👩‍👩‍👧 مريم"


def test_a_long_value_is_cut_and_its_length_told() -> None:
    assert words.shown("x" * 1000, 5) == "xxxxx… (1,000 characters)"
