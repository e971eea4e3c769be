"""Phones become E.164 exactly as phonenumbers reads them, a column at a time."""

import phonenumbers
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cdp_assets.identity.normalise.phones import normalise_phones, read_phone

# Regions with a plain plan, a shared country code, and prefixes that are rewritten.
REGIONS = ("US", "CA", "BS", "GB", "GG", "DE", "FR", "IT", "VA", "RU", "KZ", "AR", "BR", "MX", "JP", "AU", "CX", "SM")
SHAPES = (
    "{}",
    "+{code}{}",
    "+{code} (0) {}",
    "0{}",
    "1{}",
    "8{}",
    "00{code}{}",
    "011{code} {}",
    "{code}{}",
    "0049 {}",
    "Tel. {}",
    "tel:+{code}-{}",
    "({}",
)


def read(texts: list[str | None], regions: list[str], country: str | None = None, fewest: int = 1) -> list[str | None]:
    sent = pl.Series("phone", texts, dtype=pl.String)
    countries = pl.Series([country], dtype=pl.String).new_from_index(0, len(texts))
    sources = pl.Series(["crm"]).new_from_index(0, len(texts))
    return normalise_phones(sent, countries, sources, {"default": regions}, fewest).to_list()


@pytest.mark.parametrize("fewest", [1, 100], ids=["a column at a time", "one at a time"])
@pytest.mark.parametrize(
    ("written", "regions", "key"),
    [
        ("(305) 904-3600", ["US"], "+13059043600"),
        ("1-305-904-3600", ["US"], "+13059043600"),
        ("3059043600", ["US"], "+13059043600"),
        ("+44 7712 647678", ["US"], "+447712647678"),
        ("+44 (0)7712 647678", ["US"], "+447712647678"),
        ("011 44 7712 647678", ["US"], "+447712647678"),
        ("07712-647-678", ["GB"], "+447712647678"),
        ("004915202743713", ["DE"], "+4915202743713"),
        ("0151.139.85164", ["US", "GB", "DE"], "+4915113985164"),
        ("0236618300", ["IT"], "+390236618300"),
        ("305-904-3600 ext. 12", ["US"], "+13059043600"),
        ("305-904-3600 x12", ["US"], "+13059043600"),
        ("305-904-3600;ext=12", ["US"], "+13059043600"),
        ("1-800-FLOWERS", ["US"], "+18003569377"),
        ("٣٠٥٩٠٤٣٦٠٠", ["US"], "+13059043600"),
        ("+13059043600", [], "+13059043600"),
        ("3059043600", [], None),
        ("3059043600", ["XX"], None),
        ("+999 123 4567", ["US"], None),
        ("Tel.: 305\u2013904\u20133600", ["US"], "+13059043600"),
        ("tel:+1-305-904-3600", ["GB"], "+13059043600"),
        ("12", ["US"], None),
        ("call me", ["US"], None),
        ("9" * 60, ["US"], None),
        ("", ["US"], None),
        (None, ["US"], None),
    ],
)
def test_a_phone_becomes_e164(written, regions, key, fewest):
    assert read([written], regions, fewest=fewest) == [key]


def test_the_country_of_the_record_is_tried_before_the_regions_of_its_source():
    texts = pl.Series(["07712 647678"] * 3)
    countries = pl.Series(["GB", None, None], dtype=pl.String)
    read = normalise_phones(texts, countries, pl.Series(["crm", "shop", "crm"]), {"default": ["US"], "shop": ["GB"]})
    assert read.to_list() == ["+447712647678", "+447712647678", None]


def test_each_row_keeps_its_own_number():
    texts = [None, "305-904-3600", "n/a", "+447712647678", "3059043600 x1", "(305) 904-3601"]
    keys = [None, "+13059043600", None, "+447712647678", "+13059043600", "+13059043601"]
    assert read(texts, ["US"]) == keys


def numbers() -> st.SearchStrategy[str]:
    """Examples of real numbers with some digits changed, as people write them; and any digits at all."""
    known = [
        (str(phonenumbers.country_code_for_region(region)), description.example_number)
        for region in REGIONS
        for description in vars(phonenumbers.PhoneMetadata.metadata_for_region(region)).values()
        if isinstance(description, phonenumbers.PhoneNumberDesc) and description.example_number
    ]
    digits = st.text("0123456789", max_size=4)
    changed = st.builds(
        lambda shape, number, place, put, cut: shape.format(
            number[1][:place] + put + number[1][place + cut :], code=number[0]
        ),
        st.sampled_from(SHAPES),
        st.sampled_from(known),
        st.integers(0, 12),
        digits,
        st.integers(0, 3),
    )
    return changed | st.text("0123456789 ()+-./[]x#;~:\u2013\u00a0\uff0b\uff11\u0661Te", max_size=20)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(numbers(), min_size=30, max_size=120),
    st.lists(st.sampled_from(REGIONS), max_size=3),
    st.sampled_from([*REGIONS, None]),
)
@example(["0" * length for length in range(18)] + ["+" + "1" * length for length in range(18)], ["US"], None)
def test_a_column_is_read_as_phonenumbers_reads_one_number(texts, regions, country):
    tried = list(dict.fromkeys(([country] if country else []) + regions)) or ["ZZ"]
    assert read(texts, regions, country) == [read_phone(text, tried) for text in texts]
