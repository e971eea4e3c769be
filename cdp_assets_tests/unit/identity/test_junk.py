"""Values that too many people share are found by frequency and masked with their reason; a family's are not."""

import polars as pl
import pytest

from cdp_assets.identity.config import Junk
from cdp_assets.identity.junk import frequency_junk
from cdp_assets.identity.masking import mask_junk
from cdp_assets.identity.records import build_records, normalised
from cdp_assets_tests.unit.identity.people import CONFIG, customer_records, identifiers

LETTERS = "abcdefghijkl"
PLACEHOLDER = {"key": "date_of_birth", "value": "1980-01-01", "reason": "placeholder"}


def found(people: list[dict], *further: tuple[str, str, str, str], **limits: object) -> list[tuple[str, str, str]]:
    records = normalised(customer_records(people), identifiers(*further), CONFIG)
    return frequency_junk(records, Junk.model_validate(limits)).rows()


def office(**shared: str) -> list[dict]:
    """Twelve colleagues."""
    return [{"id": letter, "first_name": f"{letter}nn", "last_name": f"{letter}son"} | shared for letter in LETTERS]


@pytest.mark.parametrize(
    ("key", "value"),
    [("email", "office@b.org"), ("phone", "+13059043600"), ("user_id", "kiosk"), ("anonymous_id", "tablet")],
)
def test_what_colleagues_share_is_junk(key, value):
    further = [("crm", letter, key, value) for letter in LETTERS]
    assert found(office(), *further) == [(key, value, "shared by many names")]


def test_an_id_elsewhere_that_colleagues_share_is_junk():
    further = [("crm", letter, "loyalty", "7") for letter in LETTERS]
    assert found(office(), *further) == [("external_id", "loyalty:7", "shared by many names")]


def test_first_names_alone_are_enough_to_see_many_people():
    people = [{"id": letter, "first_name": f"{letter}nn", "email": "office@b.org"} for letter in LETTERS]
    assert found(people) == [("email", "office@b.org", "shared by many names")]


def test_a_familys_landline_is_not_junk_however_large_the_family():
    family = [person | {"last_name": "Morgan", "phone": "+13059043600"} for person in office()]
    guests = [{"id": f"guest {n}", "first_name": "Xu", "last_name": "Li", "phone": "+13059043600"} for n in range(3)]
    assert found(family + guests) == []


def test_one_person_whose_name_is_mistyped_many_times_is_one():
    typos = [f"Anders{letter}n" for letter in LETTERS]
    people = [{"id": typo, "first_name": "Ann", "last_name": typo, "email": "ann@b.org"} for typo in typos]
    assert found(people) == []


def test_a_value_on_too_many_records_is_junk_whoever_has_it():
    people = [{"id": n, "email": "ann@b.org", "first_name": "Ann"} for n in range(11)]
    assert found(people, most_records_per_value=10) == [("email", "ann@b.org", "shared by many records")]
    assert found(people, most_records_per_value=11) == []


def test_a_date_of_birth_that_stands_out_of_the_years_around_it_is_a_placeholder():
    default = [{"id": f"d{n}", "date_of_birth": "1980-01-01"} for n in range(60)]
    others = [{"id": f"o{n}", "date_of_birth": f"{1960 + n % 40}-{n % 12 + 1:02}-03"} for n in range(400)]
    assert found(default + others) == [tuple(PLACEHOLDER.values())]
    assert found(default + others, fewest_same_births=61) == []
    assert found(default + others, placeholder_birth_share=0.2) == []


def test_first_days_of_years_are_no_placeholders_where_sources_know_but_the_year():
    people = [{"id": n, "date_of_birth": f"{1850 + n % 5}-01-01"} for n in range(500)]
    assert found(people) == []


def test_no_records_have_no_junk():
    assert found([]) == []


def masked(people: list[dict], junk: list[dict], *further: tuple[str, str, str, str]) -> dict:
    frame = pl.DataFrame(junk, schema=dict.fromkeys(("key", "value", "reason"), pl.String))
    return build_records(customer_records(people), identifiers(*further), CONFIG, frame).row(0, named=True)


def test_masked_values_are_null_the_others_stay_and_the_reason_is_kept():
    further = [("crm", "1", "email", "b@b.org"), ("crm", "1", "user_id", 'a "b"'), ("crm", "1", "user_id", "7")]
    junk = [
        {"key": "email", "value": "a@b.org", "reason": "shared by many names"},
        {"key": "user_id", "value": "7", "reason": "shared by many records"},
        {"key": "phone", "value": "+13059043600", "reason": "shared by many names"},
        PLACEHOLDER,
    ]
    person = {"id": 1, "email": "a@b.org", "phone": "3059043600", "date_of_birth": "1980-01-01", "first_name": "test"}
    record = masked([person], junk, *further)
    assert (record["email"], record["emails"]) == ("b@b.org", "b@b.org")
    assert (record["user_id"], record["user_ids"]) == ('a "b"', '["a \\"b\\""]')
    assert (record["phone"], record["phones"], record["date_of_birth"]) == (None, None, None)
    assert record["junk_reasons"] == (
        "date_of_birth placeholder; email shared by many names; first_name placeholder;"
        " phone shared by many names; user_id shared by many records"
    )


def test_masking_changes_no_other_record_and_not_twice():
    junk = pl.DataFrame([{"key": "email", "value": "a@b.org", "reason": "shared by many names"}])
    people = [{"id": 1, "email": "a@b.org"}, {"id": 2, "email": "aa@b.org"}, {"id": 3}]
    records = normalised(customer_records(people), identifiers(("crm", "2", "email", "c@b.org")), CONFIG)
    once = mask_junk(records, junk)
    assert once.filter(pl.col("record_id") != "1").equals(records.filter(pl.col("record_id") != "1"))
    assert mask_junk(once, junk).equals(once)
    assert mask_junk(records, junk.clear()).equals(records)
