"""Checksums are equal exactly when the values are."""

import hmac
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from cdp_assets.activation.checksum import checksum

KEY = b"k"
VALUES = st.one_of(st.none(), st.text(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.dates())
FIELDS = st.dictionaries(st.text(min_size=1), VALUES, max_size=4)


@given(FIELDS, FIELDS)
def test_different_fields_have_different_checksums(left, right):
    same = {name: (type(value), repr(value)) for name, value in left.items()} == {
        name: (type(value), repr(value)) for name, value in right.items()
    }
    assert (checksum(left, KEY) == checksum(right, KEY)) is same


@given(FIELDS)
def test_order_does_not_matter_and_the_key_does(fields):
    assert checksum(dict(reversed(fields.items())), KEY) == checksum(fields, KEY) != checksum(fields, b"other")


def test_values_do_not_run_into_each_other():
    pairs = [{"a": "1", "b": "2"}, {"a": "12", "b": ""}, {"a": "", "b": "12"}, {"a": "1s1:2"}, {"a": None, "b": "12"}]
    assert len({checksum(fields, KEY) for fields in pairs}) == len(pairs)


def test_the_same_amount_or_moment_written_otherwise_is_the_same():
    paris = timezone(timedelta(hours=2))
    assert checksum({"a": Decimal("1.50")}, KEY) == checksum({"a": Decimal("1.5000")}, KEY)
    assert checksum({"a": Decimal("100.00")}, KEY) == checksum({"a": 100}, KEY)
    assert checksum({"a": datetime(2026, 6, 30, 14, tzinfo=paris)}, KEY) == checksum(
        {"a": datetime(2026, 6, 30, 12, tzinfo=UTC)}, KEY
    )


def test_it_is_an_hmac_of_64_hexadecimal_digits_that_stays_the_same_between_versions():
    assert checksum({"EMAIL": "ann@example.com", "CITY": None}, b"key") == (
        hmac.new(b"key", b"4:CITYn0:5:EMAILs15:ann@example.com", "sha256").hexdigest()
    )
