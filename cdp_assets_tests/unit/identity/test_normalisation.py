"""The same thing written differently gives the same match key."""

import polars as pl
import pytest

from cdp_assets.identity.normalise.addresses import normalise_countries, normalise_postal_codes, normalise_streets
from cdp_assets.identity.normalise.emails import normalise_emails


def column(*texts: str | None) -> pl.Series:
    return pl.Series("sent", texts, dtype=pl.String)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        (" Anna.Smith@Example.ORG ", "anna.smith@example.org"),
        ("mailto:anna@example.org", "anna@example.org"),
        ("<anna@example.org>", "anna@example.org"),
        ("Anna Smith <Anna@example.org>", "anna@example.org"),
        ("anna@example.org.", "anna@example.org"),
        ("an\x00na@exa\u200bmple.org", "anna@example.org"),
        ("\uff41nna@example.org", "anna@example.org"),
        ("anna+news@example.org", "anna@example.org"),
        ("+news@example.org", "+news@example.org"),
        ("a.n.na+x@gmail.com", "anna@gmail.com"),
        ("a.nna@googlemail.com", "anna@gmail.com"),
        ("anna@gmial.com", "anna@gmail.com"),
        ("a.nna@notgmail.com", "a.nna@notgmail.com"),
        ("anna@", None),
        ("anna example.org", None),
        ("a@b", None),
        ("a@b@example.org", None),
        ("x" * 400 + "@example.org", None),
        ("", None),
        (None, None),
    ],
)
def test_an_email_is_reduced_to_its_mailbox(written, key):
    assert normalise_emails(column(written)).to_list() == [key]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12 Main Street", "12, main st."),
        ("5 Forest Drive", "5 FOREST DR"),
        ("1 Rue É", "1 rue e"),
        ("7 North East Road", "7 n e rd"),
        ("Hauptstraße 5", "hauptstr. 5"),
        ("6 Ridge St #48", "6 Ridge Street, Apt 48"),
        ("6 Ridge St Apt #48", "6 Ridge Street Unit 48"),
    ],
)
def test_a_street_is_the_same_with_its_abbreviations(one, other):
    keys = normalise_streets(column(one, other)).to_list()
    assert keys[0] == keys[1] is not None


def test_a_street_without_letters_and_digits_is_none():
    assert normalise_streets(column("--", "", None)).to_list() == [None, None, None]


@pytest.mark.parametrize(
    ("written", "country", "key"),
    [
        ("sw1a 1aa", "GB", "SW1A1AA"),
        ("94107-1234", "US", "94107"),
        ("941071234", None, "94107"),
        ("2134", "US", "02134"),
        ("2134", None, "2134"),
        ("20046", "DE", "20046"),
        ("D-20046", None, "20046"),
        ("LV-1010", "LV", "1010"),
        ("-", None, None),
        ("1" * 30, "US", None),
        (None, "US", None),
    ],
)
def test_a_postal_code_is_letters_and_digits(written, country, key):
    assert normalise_postal_codes(column(written), column(country)).to_list() == [key]


@pytest.mark.parametrize(
    ("written", "key"), [("uk", "GB"), (" us ", "US"), ("Germany", "DE"), ("ZZ", "ZZ"), ("", None)]
)
def test_a_country_is_its_two_letters(written, key):
    assert normalise_countries(column(written)).to_list() == [key]
