"""Google's rules for identifiers, with the values that Google publishes for them.

Those named as published are in https://developers.google.com/data-manager/api/devguides/concepts/formatting, or in the
tests of the library that it names, https://github.com/googleads/data-manager-python/blob/main/tests/formatter_test.py.
"""

import hashlib
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_assets.activation.hashing import google

ALEX = "509e933019bb285a134a9334b8bb679dff79d0ce023d529af4bd744d47b4fd8a"
PHONE = "fb4f73a6ec5fdb7077d564cdd22c3554b43ce49168550c3b12c547b78c517b30"
GIVEN = "128a07bfe2df877c52076e60d7774cf5baaa046c5a6c48daf30ff43ecca2f814"
FAMILY = "77762c287e61ce065bee5c15464012c6fbe088398b8057627d5577249430d574"
NOTHING: list[Any] = [None, "", "   ", "\u3000", True, date(2026, 6, 30), b"x", [], {}, float("nan"), Decimal("1.5")]
DIGEST = r"[0-9a-f]{64}"
DEVICE = "38400000-8CF0-11BD-B23E-10B96E40000D"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def wide(text: str) -> str:
    """The text in full-width characters, as a Japanese keyboard types it."""
    return "".join(chr(ord(char) + 0xFEE0) for char in text)


@pytest.mark.parametrize("value", ["alexz@example.com", "  ALEXZ@example.com   ", "  alexz@EXAMPLE.com"])
def test_a_published_email(value: str):
    assert google.email(value) == ALEX


@pytest.mark.parametrize("value", ["+18005550100", "   +1-800-555-0100", "+1 800-555-0100"])
def test_a_published_phone_number(value: str):
    assert google.phone(value, None) == PHONE


@pytest.mark.parametrize("value", ["1 800 555 0100", "1-800-555-0100   ", "18005550100", "(800)555-0100"])
def test_a_published_phone_number_without_a_plus_is_read_in_its_country(value: str):
    assert google.phone(value, "US") == PHONE
    assert google.phone(value, None) is None


def test_published_names():
    assert {google.given_name(value) for value in ("Givenname", "  GivenName  ")} == {GIVEN}
    assert {google.family_name(value) for value in ("Familyname", "  FamilyName ")} == {FAMILY}


@pytest.mark.parametrize(
    ("value", "normalised"),
    [
        ("QuinnY@EXAMPLE.com", "quinny@example.com"),
        ("Jefferson.Loves.hiking@gmail.com", "jeffersonloveshiking@gmail.com"),
        ("Jefferson.LOVES.Hiking@googlemail.com", "jeffersonloveshiking@googlemail.com"),
        ("Cloudy.SanFrancisco+shopping@googlemail.com", "cloudysanfrancisco@googlemail.com"),
        ("Cloudy.SanFrancisco+shopping@gmail.com", "cloudysanfrancisco@gmail.com"),
        ("user.name+NYC@Example.com", "user.name+nyc@example.com"),
        ("a.b+c@gmail.com.example.org", "a.b+c@gmail.com.example.org"),
        ("ann\t@ example .com\n", "ann@example.com"),
        (wide("ann@example.com"), "ann@example.com"),
        ("rene\u0301@example.com", "ren\u00e9@example.com"),
        ("日本@example.com", "日本@example.com"),
    ],
)
def test_an_email_is_lower_case_without_white_space_and_at_gmail_without_what_gmail_ignores(value, normalised):
    assert google.email(value) == sha256(normalised)


@pytest.mark.parametrize(
    "value",
    ["quinn", "@googlemail.com", "...@gmail.com", "+x@gmail.com", "a@b@c", "a@", "a\x00@b.c", "a\ud800@b.c", "@"],
)
def test_what_is_no_email_has_no_digest(value: str):
    assert google.email(value) is None
    assert google.email("a" * 1_000_000 + "@example.com") is None


@pytest.mark.parametrize(
    ("value", "country", "normalised"),
    [
        ("441134960987", "GB", "+441134960987"),
        ("+44-113-496-0987", None, "+441134960987"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("0033 6 12 34 56 78", "FR", "+33612345678"),
        ("+33 (0)6 12 34 56 78", "US", "+33612345678"),
        (wide("+33612345678"), None, "+33612345678"),
        (33612345678, "FR", "+33612345678"),
        (33612345678.0, "FR", "+33612345678"),
        (Decimal(33612345678), "FR", "+33612345678"),
        ("+1 800 555 0100 ext. 7", None, "+18005550100"),
    ],
)
def test_a_phone_number_is_e164(value, country, normalised):
    assert google.phone(value, country) == sha256(normalised)


@pytest.mark.parametrize(
    ("value", "country"),
    [
        (" +A BCD EFG ", None),
        ("12", "FR"),
        ("06 12 34 56 78", None),
        ("06 12 34 56 78", "XX"),
        ("+999 12345678", None),
        ("1" * 1_000_000, "US"),
    ],
)
def test_what_is_no_phone_number_has_no_digest(value, country):
    assert google.phone(value, country) is None


@pytest.mark.parametrize(
    ("value", "normalised"),
    [
        ("Mrs. Ann", "ann"),
        ("DR Prof. Ann  Marie", "ann marie"),
        ("Mr", "mr"),
        ("Missy", "missy"),
        ("Jean-Luc", "jean-luc"),
        ("Jose\u0301", "jos\u00e9"),
        (wide("Ann"), "ann"),
        ("ÉLODIE", "élodie"),
    ],
)
def test_a_given_name_loses_its_prefix(value, normalised):
    assert google.given_name(value) == sha256(normalised)


@pytest.mark.parametrize(
    ("value", "normalised"),
    [
        ("King Jr.", "king"),
        ("King, Jr", "king"),
        ("King III", "king"),
        ("King Ph.D.", "king"),
        ("Jr", "jr"),
        ("Juniper", "juniper"),
        ("O'Brien", "o'brien"),
        ("VAN DER BERG", "van der berg"),
    ],
)
def test_a_family_name_loses_its_suffix(value, normalised):
    assert google.family_name(value) == sha256(normalised)


@pytest.mark.parametrize(
    ("value", "country", "shown"),
    [
        ("1229-076", "PT", "1229-076"),
        (" 1229-076  ", "PT", "1229-076"),
        ("wc2h  8lg", "GB", "WC2H 8LG"),
        (75001, "FR", "75001"),
        ("94303", "US", "94303"),
        ("94303-5300", "US", "94303-5300"),
        ("943035300", "US", "94303-5300"),
        ("1234", "US", None),
        ("ann@example.com", "FR", None),
        ("12 rue de la Paix, Paris", "FR", None),
        ("1" * 1_000_000, "FR", None),
    ],
)
def test_a_postal_code_goes_out_as_it_is_if_it_looks_like_one(value, country, shown):
    assert google.postal_code(value, country) == shown


def test_a_country_goes_out_as_its_two_letters():
    assert [google.region_code(value) for value in (" us", "uS ", wide("FR"))] == ["US", "US", "FR"]
    assert [google.region_code(value) for value in ("France", "FRA", "F1", "Fé", 33)] == [None] * 5


def test_a_mobile_id_goes_out_as_it_is_unless_it_is_of_all_devices_or_none():
    assert google.mobile_id(f" {DEVICE} ") == DEVICE
    wrong = ("00000000-0000-0000-0000-000000000000", "384000008CF011BDB23E10B96E40000D", "x", sha256("x"))
    assert [google.mobile_id(value) for value in wrong] == [None] * 4


def test_a_user_id_goes_out_as_it_is_unless_it_says_who_somebody_is():
    assert google.user_id(" C-1 ") == "C-1"
    assert google.user_id(17) == "17"
    assert [google.user_id(value) for value in ("ann@example.com", "x" * 1_000_000)] == [None] * 2


@pytest.mark.parametrize("digest", [ALEX, ALEX.upper(), f" {ALEX} "])
def test_what_is_hashed_already_goes_out_as_it_is_in_lower_case(digest: str):
    hashing = (google.email, lambda value: google.phone(value, None), google.given_name, google.family_name)
    assert [function(digest) for function in hashing] == [ALEX] * 4


@pytest.mark.parametrize("value", NOTHING, ids=repr)
def test_what_is_no_text_and_no_number_is_no_identifier(value: object):
    assert google.email(value) is google.phone(value, "FR") is google.given_name(value) is None
    assert google.family_name(value) is google.region_code(value) is google.postal_code(value, "FR") is None
    assert google.mobile_id(value) is google.user_id(value) is None


@given(st.text())
def test_white_space_around_a_value_and_its_way_of_being_typed_change_nothing(text: str):
    for function in (google.email, google.given_name, google.family_name, lambda value: google.phone(value, "FR")):
        found = function(text)
        assert function(f" \t{text}\u00a0\n") == found
        assert found is None or (len(found) == 64 and function(found) == found)


@given(st.from_regex(r"[a-z]{1,9}(\.[a-z]{1,9}){0,3}", fullmatch=True), st.text("abc.+", max_size=8))
def test_every_way_of_writing_a_gmail_address_is_one_identifier(user: str, suffix: str):
    assert google.email(f"{user.upper()}+{suffix}@GMAIL.com") == google.email(f"{user.replace('.', '')}@gmail.com")
    assert google.email(f"{user}+{suffix}@example.com") != google.email(f"{user}@example.com")
