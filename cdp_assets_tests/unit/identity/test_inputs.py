"""What comes in the wrong shape is cast where its meaning is clear, and refused by name where it is not."""

from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from cdp_assets.errors import DataError
from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.records import build_records
from cdp_assets_tests.unit.identity.people import identifiers


def built(**columns: pl.Series) -> pl.DataFrame:
    length = max(len(column) for column in columns.values())
    keys = {"source": pl.Series(["crm"] * length), "record_id": pl.int_range(length, eager=True)}
    return build_records(pl.DataFrame(keys | columns), identifiers(), IdentityConfig())


def test_numbers_in_text_columns_are_text():
    records = built(
        phone=pl.Series([13059043600, None]),
        postal_code=pl.Series([12345.0, float("nan")]),
        account_id=pl.Series([Decimal("7.00"), Decimal("8.50")]),
        user_id=pl.Series(["a", "b"], dtype=pl.Categorical),
        city=pl.Series([None, None]),
        date_of_birth=pl.Series([19900305, None]),
    )
    assert records["phone"].to_list() == ["+13059043600", None]
    assert records["postal_code"].to_list() == ["12345", None]
    assert records["account_id"].to_list() == ["7", "8.50"]
    assert records["user_id"].to_list() == ["a", "b"]
    assert records["city"].to_list() == [None, None]
    assert records["date_of_birth"].to_list() == [date(1990, 3, 5), None]


@pytest.mark.parametrize(
    ("column", "values", "shown"),
    [
        ("email", pl.Series([["a@b.org"]]), "customer_records.email has the type List(String)"),
        ("phone", pl.Series([b"305"]), "customer_records.phone has the type Binary"),
        ("external_ids", pl.Series([{"loyalty": "1"}]), "customer_records.external_ids has the type Struct"),
        ("first_name", pl.Series([True]), "customer_records.first_name has the type Boolean"),
        ("city", pl.Series([date(2020, 1, 1)]), "customer_records.city has the type Date"),
        ("date_of_birth", pl.Series([[1]]), "customer_records.date_of_birth has the type List(Int64)"),
        ("is_deleted", pl.Series([[True]]), "customer_records.is_deleted has the type List(Boolean)"),
        (
            "is_deleted",
            pl.Series(["perhaps"]),
            "customer_records.is_deleted has 1 other values in String; allowed are true",
        ),
        ("is_deleted", pl.Series([2]), "customer_records.is_deleted has 1 other values in Int64; allowed are true"),
        ("record_id", pl.Series([["1"]]), "customer_records.record_id has the type List(String)"),
    ],
)
def test_a_column_of_the_wrong_type_is_named(column, values, shown):
    with pytest.raises(DataError) as error:
        built(**{column: values})
    assert shown in str(error.value)
    assert "allowed are" in str(error.value)


@pytest.mark.parametrize("blank", [None, "", " \t"])
@pytest.mark.parametrize("column", ["source", "record_id"])
def test_a_record_without_a_key_is_refused(column, blank):
    with pytest.raises(DataError, match="1 rows have a null or blank there"):
        built(**{column: pl.Series(["1", blank])})


def test_an_identifier_of_the_wrong_type_is_named():
    sent = identifiers(("crm", "1", "email", "a@b.org")).with_columns(value=pl.Series([["a@b.org"]]))
    with pytest.raises(DataError, match=r"lookup.identifiers.value has the type List\(String\)"):
        build_records(pl.DataFrame({"source": ["crm"], "record_id": ["1"]}), sent, IdentityConfig())


@pytest.mark.parametrize(
    "values",
    [
        pl.Series([True, False, None]),
        pl.Series(["true", "FALSE", None]),
        pl.Series(["1", "0", ""]),
        pl.Series([1, 0, None]),
        pl.Series([1.0, 0.0, None]),
    ],
)
def test_deletion_is_read_from_what_means_yes_and_no(values):
    assert built(is_deleted=values)["record_id"].to_list() == ["1", "2"]


def test_columns_nobody_knows_are_ignored():
    assert "favourite_colour" not in built(favourite_colour=pl.Series([["red"]])).columns
