"""Meta's keys as its page normalises them, with the digests it publishes."""

import hashlib
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_assets.activation.hashing import meta

JOHN = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"
PHONE = "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176"
US = "79adb2a2fce5c6ba215fe5f27f532d4e7edbac4b6a5e09e1ef3a08084a904621"
DEVICE = "aece52e7-03ee-455a-b3c4-e57283966239"
HASHING: dict[str, Callable[[Any], str | None]] = {
    "email": meta.email,
    "phone": meta.phone,
    "name": meta.name,
    "city": meta.city,
    "state": meta.state,
    "postal_code": meta.postal_code,
    "country": meta.country,
    "gender": meta.gender,
}
UNHASHED = {"external_id": meta.external_id, "mobile_ad_id": meta.mobile_ad_id}
NOT_ONE = [None, "", "  ", "\x00", "\ud800", True, [], {}, b"x", float("nan"), float("inf"), Decimal("NaN"), 1.5]


def of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "sent", ["John_Smith@gmail.com", " john_smith@gmail.com\n", "\uff2a\uff2f\uff28\uff2e_smith\uff20gmail.com"]
)
def test_the_published_email(sent: str):
    assert meta.email(sent) == JOHN


@pytest.mark.parametrize(
    ("sent", "country"),
    [
        ("16505551212", None),
        ("+1 (650) 555-1212", None),
        ("0016505551212", None),
        ("(650) 555-1212", "us"),
        ("650.555.1212", "us"),
        (6505551212, "us"),
        (16505551212.0, None),
        (Decimal("16505551212"), "fr"),
        ("\uff0b\uff11 650 555 1212", None),
        ("+1 650 555 1212 ext. 5", None),
    ],
)
def test_the_published_phone(sent: object, country: str | None):
    assert meta.phone(sent, country) == PHONE


@pytest.mark.parametrize("sent", ["us", "US", " Us ", "\uff55\uff53", "USA"])
def test_the_published_country(sent: str):
    assert meta.country(sent) == US


@pytest.mark.parametrize(
    ("sent", "country", "digits"),
    [
        ("06 12 34 56 78", "fr", "33612345678"),
        ("0033 6 12 34 56 78", None, "33612345678"),
        ("+33 (0)6 12 34 56 78", "us", "33612345678"),
        ("33612345678", "us", "33612345678"),
        ("011 33 6 12 34 56 78", "us", "33612345678"),
        ("13812345678", "cn", "8613812345678"),
        ("+39 06 1234567", None, "39061234567"),
    ],
)
def test_a_phone_is_digits_with_its_country_code(sent: str, country: str | None, digits: str):
    assert meta.phone(sent, country) == of(digits)


@pytest.mark.parametrize(
    "sent", ["06 12 34 56 78", "6505551212", "4755551234", "13812345678", "+", "00", "12", "9" * 99]
)
def test_a_phone_whose_country_is_not_known_is_none(sent: str):
    assert meta.phone(sent) is None


@pytest.mark.parametrize(
    ("normalise", "sent", "becomes"),
    [
        (meta.name, "  Mary  Jane ", "mary jane"),
        (meta.name, "O'Brien-Smith, Jr.", "obriensmith jr"),
        (meta.name, "Zoë", "zoë"),
        (meta.name, "정", "정"),
        (meta.name, "İpek", "i̇pek"),
        (meta.name, "अमित", "अमित"),
        (meta.city, "St. John's", "stjohns"),
        (meta.city, "New York", "newyork"),
        (meta.city, "São Paulo", "sãopaulo"),
        (meta.state, "California", "ca"),
        (meta.state, "N.Y.", "ny"),
        (meta.state, "District of Columbia", "dc"),
        (meta.state, "Île-de-France", "îledefrance"),
        (meta.postal_code, "M1 1AE", "m11ae"),
        (meta.postal_code, "1234-567", "1234567"),
        (meta.postal_code, "94035-1234", "94035"),
        (meta.postal_code, 75018, "75018"),
        (meta.country, "UK", "gb"),
        (meta.gender, "Female", "f"),
        (meta.gender, "M", "m"),
    ],
)
def test_what_a_value_becomes_before_it_is_hashed(normalise: Callable[[Any], str | None], sent: object, becomes: str):
    assert normalise(sent) == of(unicodedata.normalize("NFC", becomes))


def test_the_country_says_what_a_state_and_a_postal_code_are():
    assert meta.state("Georgia", "us") == meta.state("Georgia") == of("ga")
    assert meta.state("Georgia", "gb") == of("georgia")
    assert meta.postal_code("940351234", "us") == meta.postal_code("94035", "us") == of("94035")
    assert meta.postal_code("940351234", "fr") == of("940351234")
    assert meta.postal_code("4035", "us") is None


@pytest.mark.parametrize(
    ("normalise", "sent"),
    [
        (meta.email, "nobody"),
        (meta.email, "a b@example.com"),
        (meta.email, "a@b@c"),
        (meta.name, "-."),
        (meta.city, "?!"),
        (meta.country, "zz"),
        (meta.country, "France"),
        (meta.gender, "x"),
        (meta.mobile_ad_id, "00000000-0000-0000-0000-000000000000"),
        (meta.mobile_ad_id, DEVICE.replace("-", "")),
    ],
)
def test_what_cannot_be_a_value_is_none(normalise: Callable[[Any], str | None], sent: object):
    assert normalise(sent) is None


@pytest.mark.parametrize("sent", NOT_ONE, ids=repr)
@pytest.mark.parametrize("normalise", [*HASHING.values(), meta.mobile_ad_id])
def test_what_holds_no_text_is_none(normalise: Callable[[Any], str | None], sent: object):
    assert normalise(sent) is None


@pytest.mark.parametrize("normalise", HASHING.values())
def test_what_is_hashed_already_stays_as_it_is(normalise: Callable[[Any], str | None]):
    assert normalise(f" {JOHN.upper()} ") == JOHN


@pytest.mark.parametrize("normalise", [meta.name, meta.city, meta.state])
def test_composed_and_decomposed_text_is_one(normalise: Callable[[Any], str | None]):
    forms = {normalise(unicodedata.normalize(form, "Élodie")) for form in ("NFC", "NFD", "NFKC", "NFKD")}
    assert forms == {of("élodie")}


@pytest.mark.parametrize(
    "sent", [date(1997, 2, 6), datetime(1997, 2, 6, 23, tzinfo=UTC), "1997-02-06", " 19970206 ", "1997-02-06T10:00:00Z"]
)
def test_a_date_of_birth_is_three_keys(sent: object):
    assert meta.birth_parts(sent) == {"DOBY": of("1997"), "DOBM": of("02"), "DOBD": of("06")}


@pytest.mark.parametrize(
    "sent", [*NOT_ONE, "2/6/1997", "1899-12-31", "1997-02-30", date(1, 1, 1), JOHN, 19970206], ids=repr
)
def test_what_is_no_date_of_birth_has_none(sent: object):
    assert meta.birth_parts(sent) == {}


def test_ids_are_not_hashed():
    assert meta.external_id(" C-42 ") == "C-42"
    assert meta.external_id(42) == "42"
    assert meta.external_id(None) is None
    assert meta.mobile_ad_id(f" {DEVICE.upper()} ") == DEVICE


@given(st.text(), st.sampled_from([None, "us", "fr", "cn"]))
def test_whatever_is_sent_becomes_a_digest_or_none_and_stays_it(text: str, country: str | None):
    found = [normalise(text) for normalise in HASHING.values()]
    found += [meta.phone(text, country), meta.state(text, country), meta.postal_code(text, country)]
    assert all(one is None or (len(one) == 64 and meta.email(one) == one) for one in found)
    assert of("") not in found


@given(st.text())
def test_what_is_the_same_to_people_is_the_same_digest(text: str):
    for normalise in (meta.name, meta.city):
        forms = {normalise(unicodedata.normalize(form, text)) for form in ("NFC", "NFD", "NFKC", "NFKD")}
        assert forms == {normalise(text)}
        assert normalise(f"  {text} ") == normalise(text)


@given(st.integers(min_value=2_012_000_000, max_value=9_899_999_999))
def test_a_number_is_the_same_person_however_it_is_written(national: int):
    digits = str(national)
    written = [f"+1{digits}", f"001{digits}", f"+1 ({digits[:3]}) {digits[3:6]}-{digits[6:]}"]
    assert len({meta.phone(text) for text in written}) == 1
    assert meta.phone(digits, "us") in {None, meta.phone(f"+1{digits}")}
