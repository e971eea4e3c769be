"""Source records become match keys, without junk, and say what was left out."""

import polars as pl
import pytest

from cdp_assets.errors import DataError
from cdp_assets.identity.contracts import RECORDS
from cdp_assets.identity.records import build_records
from cdp_assets_tests.unit.identity.people import CONFIG, customer_records, identifiers, records_of


def only(records: pl.DataFrame) -> dict:
    assert records.height == 1
    return records.row(0, named=True)


def test_the_records_keep_their_contract_even_when_there_are_none():
    for people in ([], [{"id": 1, "email": "a@b.org"}], [{"id": 1}]):
        table = records_of(people).to_arrow().cast(RECORDS.schema)
        assert table.num_rows == len(people)


def test_further_emails_phones_and_log_ins_are_kept_beside_the_main_one():
    record = only(
        records_of(
            [{"id": 1, "email": "Main@b.org", "user_id": "7"}],
            ("crm", "1", "email", "a@b.org"),
            ("crm", "1", "email", "main@b.org"),
            ("crm", "1", "phone", "+1 305 904 3600"),
            ("crm", "1", "anonymous_id", "anon"),
            ("crm", "unknown", "email", "c@b.org"),
        )
    )
    assert (record["email"], record["emails"]) == ("main@b.org", "main@b.org a@b.org")
    assert (record["phone"], record["user_ids"]) == ("+13059043600", '["7"]')


def test_deleted_records_are_left_out():
    people = [{"id": 1, "is_deleted": True}, {"id": 2}, {"id": 3, "is_deleted": None}]
    assert records_of(people)["record_id"].to_list() == ["2", "3"]


def test_the_country_of_a_record_reads_its_phone():
    assert only(records_of([{"id": 1, "phone": "07712 647678", "country": "UK"}]))["phone"] == "+447712647678"


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        ({"email": "noreply@example.com"}, "email placeholder"),
        ({"email": "not an address"}, "email malformed"),
        ({"phone": "+1 305 555 5555"}, "phone placeholder"),
        ({"phone": "n/a"}, "phone malformed"),
        ({"user_id": "null"}, "user_id placeholder"),
        ({"first_name": "Test", "last_name": "Smith"}, "first_name placeholder"),
        ({"date_of_birth": "1900-01-01"}, "date_of_birth placeholder"),
        ({"date_of_birth": "1066-10-14"}, "date_of_birth impossible"),
    ],
)
def test_junk_is_null_and_its_reason_kept(person, reason):
    record = only(records_of([{"id": 1} | person]))
    assert record["junk_reasons"] == reason
    key = reason.split(" ", maxsplit=1)[0]
    assert record[key] is None


def test_a_listed_value_is_junk():
    config = CONFIG.model_validate({"junk": {"emails": ["@shop.org"], "phones": ["+13059043600"]}})
    people = [{"id": 1, "email": "a@shop.org", "phone": "305 904 3600"}]
    record = only(build_records(customer_records(people), identifiers(), config))
    assert record["junk_reasons"] == "email blocked; phone blocked"


def test_an_email_that_too_many_names_share_is_junk_but_a_familys_is_not():
    names = [f"Name{letter}" for letter in "abcdefghijkl"]
    office = [{"id": f"o{n}", "email": "office@b.org", "first_name": name} for n, name in enumerate(names)]
    family = [{"id": f"f{n}", "email": "family@b.org", "first_name": name} for n, name in enumerate(names[:4])]
    records = records_of(office + family)
    shared = records.filter(pl.col("junk_reasons") == "email shared by many names")
    assert set(shared["record_id"].str.slice(0, 1)) == {"o"}
    assert records.filter(pl.col("email").is_not_null())["email"].to_list() == ["family@b.org"] * 4


def test_the_hash_changes_with_the_keys_alone():
    hashes = [
        only(records_of([{"id": 1, "email": email, "company": company}]))["record_hash"]
        for email, company in (("a@b.org", "X"), ("A@B.org ", "x"), ("c@b.org", "X"))
    ]
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_record_that_comes_twice_is_refused():
    with pytest.raises(DataError, match="1 repeat"):
        records_of([{"id": 1}, {"id": 1}])


def test_a_record_without_an_id_is_refused():
    people = customer_records([{"id": 1}]).with_columns(record_id=pl.lit(None, pl.String))
    with pytest.raises(DataError, match="1 rows have a null"):
        build_records(people, identifiers(), CONFIG)


def test_a_missing_column_is_named():
    with pytest.raises(DataError, match="lacks email"):
        build_records(customer_records([]).drop("email"), identifiers(), CONFIG)
    with pytest.raises(DataError, match="identifiers lacks value"):
        build_records(customer_records([]), identifiers().drop("value"), CONFIG)
