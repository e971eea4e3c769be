"""Source records become match keys, without junk, and say what was left out."""

import json
from datetime import date

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_assets.errors import DataError
from cdp_assets.identity.contracts import RECORDS
from cdp_assets.identity.records import build_records
from cdp_assets_tests.unit.identity.people import CONFIG, customer_records, identifiers, records_of

ADDED_BY_THE_TABLE = {"record_number", "source_hash"}
COLUMNS = [column.name for column in RECORDS.columns if column.name not in ADDED_BY_THE_TABLE]


def only(records: pl.DataFrame) -> dict:
    assert records.height == 1
    return records.row(0, named=True)


def test_the_records_keep_their_contract_even_when_there_are_none():
    for people in ([], [{"id": 1, "email": "a@b.org"}], [{"id": 1}]):
        records = records_of(people)
        assert records.columns == COLUMNS
        types = pa.schema([RECORDS.schema.field(name) for name in COLUMNS])
        assert records.to_arrow().cast(types).num_rows == len(people)


def test_further_emails_phones_and_ids_are_kept_beside_the_main_one():
    record = only(
        records_of(
            [{"id": 1, "email": "Main@b.org", "user_id": "7"}],
            ("crm", "1", "email", "z@b.org"),
            ("crm", "1", "email", "a@b.org"),
            ("crm", "1", "email", "main@b.org"),
            ("crm", "1", "email", "not an address"),
            ("crm", "1", "phone", "+1 305 904 3600"),
            ("crm", "1", "anonymous_id", "device 1"),
            ("crm", "1", "user_id", "null"),
            ("crm", "1", "Loyalty", " 123 "),
            ("crm", "unknown", "email", "c@b.org"),
            ("shop", "1", "email", "d@b.org"),
        )
    )
    assert (record["email"], record["emails"]) == ("main@b.org", "main@b.org a@b.org z@b.org")
    assert (record["phone"], record["phones"]) == ("+13059043600", "+13059043600")
    assert (record["user_id"], record["user_ids"]) == ("7", '["7"]')
    assert (record["anonymous_ids"], record["external_ids"]) == ('["device 1"]', '["loyalty:123"]')
    assert record["junk_reasons"] == "email malformed; user_id placeholder"


@pytest.mark.parametrize(
    ("sent", "ids", "reason"),
    [
        ('{"Loyalty": "123"}', ["loyalty:123"], None),
        ('{"b": 12345678901234567890, "a": ["x y", "x\\"z"]}', ["a:x y", 'a:x"z', "b:12345678901234567890"], None),
        ('{"loyalty": null, "crm": {"id": 1}, "shop": "", "web": []}', None, None),
        ('{"loyalty": "null"}', None, "external_id placeholder"),
        ("{}", None, None),
        (" ", None, None),
        (None, None, None),
        ("[1, 2]", None, "external_ids malformed"),
        ("123-456", None, "external_ids malformed"),
        ('{"loyalty": ', None, "external_ids malformed"),
    ],
)
def test_ids_of_other_systems_carry_their_type(sent, ids, reason):
    people = customer_records([{"id": 1}]).with_columns(external_ids=pl.lit(sent, pl.String))
    record = only(build_records(people, identifiers(), CONFIG))
    assert (record["external_ids"] and json.loads(record["external_ids"])) == ids
    assert record["junk_reasons"] == reason


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
        ({"date_of_birth": "9999-12-31"}, "date_of_birth placeholder"),
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


def test_father_and_son_keep_what_tells_them_apart():
    record = only(records_of([{"id": 1, "first_name": "John", "last_name": "Smith Jr."}]))
    assert (record["first_name"], record["last_name"], record["name_suffix"]) == ("john", "smith", "jr")


def test_some_are_called_what_others_leave_as_a_placeholder():
    people = [
        {"id": 1, "first_name": "Nan", "last_name": "Guest"},
        {"id": 2, "first_name": "Nan", "last_name": "Smith"},
    ]
    built = records_of([*people, {"id": 3, "first_name": "nan"}])
    assert built["first_name"].to_list() == [None, "nan", None]
    assert built["last_name"].to_list() == [None, "smith", None]


def test_dates_of_birth_are_read_in_the_order_of_their_source():
    config = CONFIG.model_validate({"date_orders": {"default": "dmy", "shop": "mdy"}})
    people = pl.DataFrame(
        {
            "source": ["crm", "shop", "crm", "crm", "crm"],
            "record_id": ["1", "2", "3", "4", "5"],
            "date_of_birth": ["05/03/1990", "03/05/1990", "tomorrow", " ", "1566-10-14"],
        }
    )
    built = build_records(people, identifiers(), config).sort("record_id")
    born = date(1990, 3, 5)
    assert built["date_of_birth"].to_list() == [born, born, None, None, date(1566, 10, 14)]
    assert built["junk_reasons"].to_list() == [None, None, "date_of_birth malformed", None, None]


def test_births_outside_the_years_that_are_configured_are_impossible():
    config = CONFIG.model_validate({"junk": {"earliest_birth_year": 1900, "latest_birth_year": 2020}})
    people = [{"id": year, "date_of_birth": f"{year}-06-01"} for year in (1899, 1900, 2020, 2021)]
    built = build_records(customer_records(people), identifiers(), config)
    assert built["junk_reasons"].to_list() == ["date_of_birth impossible", None, None, "date_of_birth impossible"]


def test_the_hash_changes_with_the_match_keys_and_with_nothing_else():
    def hash_of(*further, **person):
        return only(records_of([{"id": 1} | person], *further))["record_hash"]

    assert hash_of() == hash_of(email="  ") == "3acce256692887a6c3ecb68de6671513"  # the same on every machine
    assert hash_of(email="a@b.org", company="X") == hash_of(email="A@B.org ", company="x")
    told_apart = [
        hash_of(),
        hash_of(email="a@b.org"),
        hash_of(company="a@b.org"),
        hash_of(("crm", "1", "user_id", "7"), email="a@b.org"),
        hash_of(date_of_birth="1990-03-05"),
        hash_of(first_name="a", last_name="b"),
        hash_of(first_name="b", last_name="a"),
        hash_of(last_name="a Jr"),
        hash_of(id=2),
    ]
    assert len(set(told_apart)) == len(told_apart)


WORDS = st.sampled_from(
    (
        *(
            "Ann",
            "Smith, Ann",
            "O'Brien Jr.",
            "🙂",
            "محمد",
            "\x00",
            "é" * 300,
            "a@b.org",
            "A+x@gmail.com",
            "null",
            "7",
            "",
        ),
        *(
            "305 904 3600",
            "+44 7712 647678",
            "Main Street #4",
            "94107-1234",
            "GB",
            "05/03/1990",
            '{"loyalty": [1, "x"]}',
        ),
    )
)
FIELDS = ("email", "phone", "first_name", "last_name", "street", "city", "postal_code", "country", "date_of_birth")
ROWS = st.fixed_dictionaries({name: WORDS | st.none() for name in (*FIELDS, "user_id", "external_ids")})


@settings(max_examples=20, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=6), st.lists(st.tuples(st.integers(0, 6), WORDS, WORDS)), st.randoms())
def test_a_record_is_read_the_same_whatever_stands_beside_it(rows, further, random):
    """Which is what makes an incremental run give what a full one does."""
    people = pl.DataFrame(rows, schema=dict.fromkeys((*FIELDS, "user_id", "external_ids"), pl.String)).with_columns(
        source=pl.lit("crm"), record_id=pl.int_range(pl.len()).cast(pl.String)
    )
    others = identifiers(*(("crm", str(number), kind, value) for number, kind, value in further))
    together = build_records(people.sample(fraction=1, shuffle=True, seed=random.randint(0, 99)), others, CONFIG)
    alone = [build_records(people[number], others, CONFIG) for number in range(people.height)]
    assert together.equals(pl.concat(alone).sort("source", "record_id"))


def test_batches_are_put_together_as_if_there_were_one(monkeypatch):
    people = [{"id": n, "email": f"{n}@b.org", "phone": f"305 904 360{n}", "first_name": "test"} for n in range(7)]
    further = [("crm", str(n), "phone", f"+1 305 904 361{n}") for n in range(7)]
    whole = records_of(people, *further)
    monkeypatch.setattr("cdp_assets.identity.records._BATCH", 2)
    assert records_of(people, *further).equals(whole)
    assert whole["phones"][5] == "+13059043605 +13059043615"


def test_a_record_that_comes_twice_is_refused():
    with pytest.raises(DataError, match="1 repeat"):
        records_of([{"id": 1}, {"id": 1}])


def test_a_record_without_an_id_is_refused():
    people = customer_records([{"id": 1}]).with_columns(record_id=pl.lit(None, pl.String))
    with pytest.raises(DataError, match="1 rows have a null"):
        build_records(people, identifiers(), CONFIG)


def test_a_column_that_is_missing_is_null():
    built = build_records(pl.DataFrame({"source": ["crm"], "record_id": [1]}), identifiers(), CONFIG)
    known = {"source": "crm", "record_id": "1"}
    assert only(built.drop("record_hash")) == dict.fromkeys(COLUMNS[:-1]) | known
    with pytest.raises(DataError, match="customer_records lacks record_id"):
        build_records(customer_records([]).drop("record_id"), identifiers(), CONFIG)
    with pytest.raises(DataError, match="identifiers lacks value"):
        build_records(customer_records([]), identifiers().drop("value"), CONFIG)
