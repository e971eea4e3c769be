"""What JSON a value becomes: nothing of it is lost, and what reads it back finds what was meant."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cdp_assets.destinations._payload import line, plain


@given(st.decimals(allow_nan=False, allow_infinity=False))
@example(Decimal("1E+400"))
@example(Decimal("-1.5E-7"))
@example(Decimal("9999999999999.99"))
@example(Decimal("0.10000000000000000001"))
def test_a_decimal_is_a_number_where_a_number_says_it_and_else_its_digits(value: Decimal):
    said = json.loads(line(plain(value)), parse_float=Decimal)
    assert Decimal(said) == value
    assert isinstance(said, str) == (Decimal(repr(float(value))) != value)


@given(st.one_of(st.integers(), st.text(st.characters(codec=None)), st.booleans(), st.none()))
def test_whole_numbers_of_any_size_and_any_text_are_kept(value: object):
    assert json.loads(line({"value": plain(value)})) == {"value": value}


@given(st.floats())
def test_a_number_that_is_none_is_nothing(value: float):
    is_number = value == value and abs(value) != float("inf")  # noqa: PLR0124 - NaN
    assert json.loads(line(plain(value))) == (value if is_number else None)


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (datetime(2026, 3, 1, 12, tzinfo=UTC), "2026-03-01T12:00:00Z"),
        (datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=UTC), "2026-03-01T12:00:00.000005Z"),
        (datetime(2026, 3, 1, 12), "2026-03-01T12:00:00Z"),  # noqa: DTZ001 - a warehouse's time without a zone
        (datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=5, minutes=30))), "2026-03-01T06:30:00Z"),
    ],
)
def test_moments_are_said_in_utc(moment: datetime, said: str):
    assert plain(moment) == said


DAYS = st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
SCALARS = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.text(st.characters(codec=None)), st.floats(), st.binary()),
    *(st.decimals(allow_nan=False, allow_infinity=False), DAYS, DAYS.map(datetime.date)),
)


@given(
    st.dictionaries(st.text(), st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
)
def test_what_is_sent_is_what_a_dry_run_shows(fields: dict[str, object]):
    assert json.loads(line(fields)) == json.loads(json.dumps(plain(fields)))
