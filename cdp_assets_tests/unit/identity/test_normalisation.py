"""The same thing written differently gives the same match key."""

import pytest

from cdp_assets.identity.addresses import normalise_postal_code, normalise_street
from cdp_assets.identity.emails import normalise_email
from cdp_assets.identity.names import LONGEST, fold, name_forms, split_name
from cdp_assets.identity.phones import normalise_phone


@pytest.mark.parametrize(
    ("written", "key"),
    [
        (" Anna.Smith@Example.ORG ", "anna.smith@example.org"),
        ("mailto:anna@example.org", "anna@example.org"),
        ("anna+news@example.org", "anna@example.org"),
        ("a.n.na+x@gmail.com", "anna@gmail.com"),
        ("a.nna@googlemail.com", "anna@gmail.com"),
        ("anna@gmial.com", "anna@gmail.com"),
        ("anna@", None),
        ("anna example.org", None),
        ("a@b", None),
        ("x" * 400 + "@example.org", None),
        ("", None),
        (None, None),
    ],
)
def test_an_email_is_reduced_to_its_mailbox(written, key):
    assert normalise_email(written) == key


@pytest.mark.parametrize(
    ("written", "regions", "key"),
    [
        ("(305) 904-3600", ["US"], "+13059043600"),
        ("+44 7712 647678", ["US"], "+447712647678"),
        ("07712-647-678", ["GB"], "+447712647678"),
        ("004915202743713", ["DE"], "+4915202743713"),
        ("0151.139.85164", ["US", "GB", "DE"], "+4915113985164"),
        ("305-904-3600 ext. 12", ["US"], "+13059043600"),
        ("12", ["US"], None),
        ("call me", ["US"], None),
        ("9" * 60, ["US"], None),
        (None, ["US"], None),
    ],
)
def test_a_phone_becomes_e164(written, regions, key):
    assert normalise_phone(written, regions) == key


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("Müller-Lüdenscheidt", "muller ludenscheidt"),
        ("O\u2019Brien", "obrien"),
        ("Łukasz Żółć", "lukasz zolc"),
        ("\u202bمحمد\u202c", "محمد"),
        ("Anna 🎉", "anna"),
        ("🎉🎉", None),
        ("  ", None),
        (None, None),
    ],
)
def test_a_name_is_folded_in_any_script(written, key):
    assert fold(written) == key


def test_a_name_of_ten_thousand_characters_is_cut():
    assert fold("ab" * 5000) == ("ab" * 5000)[:LONGEST]


@pytest.mark.parametrize(
    ("first", "last", "names"),
    [
        ("Dr. Anna Maria", "Smith Jr.", ("anna maria", "smith")),
        ("Anna Smith", None, ("anna", "smith")),
        ("Smith, Anna", None, ("anna", "smith")),
        (None, "Anna Smith", ("anna", "smith")),
        ("Anna", None, ("anna", None)),
        (None, None, (None, None)),
    ],
)
def test_a_full_name_is_split_and_loses_titles(first, last, names):
    assert split_name(first, last) == names


def test_a_nickname_lists_the_names_it_is_short_for():
    assert {"bob", "robert"} <= set((name_forms("bob") or "").split())
    assert name_forms("zyx") == "zyx"
    assert name_forms(None) is None


@pytest.mark.parametrize(
    ("one", "other"), [("12 Main Street", "12, main st."), ("5 Forest Drive", "5 FOREST DR"), ("1 Rue É", "1 rue e")]
)
def test_a_street_is_the_same_with_its_abbreviations(one, other):
    assert normalise_street(one) == normalise_street(other)


@pytest.mark.parametrize(
    ("written", "country", "key"),
    [("sw1a 1aa", "GB", "SW1A1AA"), ("94107-1234", "US", "94107"), ("20046", "DE", "20046"), ("-", None, None)],
)
def test_a_postal_code_is_letters_and_digits(written, country, key):
    assert normalise_postal_code(written, country) == key
