from datetime import UTC, datetime, timedelta, timezone

import pytest

from cdp_assets.as_of import AS_OF, parse_as_of, read_as_of, recorded_as_of, today, write_as_of
from cdp_assets.errors import ConfigurationError, DataError
from cdp_assets.sample.calendar import SAMPLE_AS_OF
from cdp_assets.warehouses.duckdb import DuckDBWarehouse

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)


@pytest.fixture
def warehouse(tmp_path):
    return DuckDBWarehouse(tmp_path / "cdp.duckdb")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-06-30", NOON.replace(hour=0)),
        ("2026-06-30T12:00:00", NOON),
        ("2026-06-30T12:00:00Z", NOON),
        ("2026-06-30 14:00+02:00", NOON),
        ("sample", SAMPLE_AS_OF),
    ],
)
def test_dates_moments_and_the_sample_are_understood_in_utc(text, moment):
    parsed = parse_as_of(text)

    assert parsed == moment
    assert parsed.utcoffset() == timedelta(0)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "30/06/2026", "0001-01-01T00:00+14:00"])
def test_anything_else_is_refused_with_what_is_allowed(text):
    with pytest.raises(ConfigurationError, match="it must be a date such as 2026-06-30") as refused:
        parse_as_of(text)
    assert f"as_of is {text!r}" in str(refused.value)


def test_what_is_recorded_is_read_back_and_replaced(warehouse):
    assert recorded_as_of(warehouse) is None
    write_as_of(warehouse, NOON - timedelta(days=1))
    write_as_of(warehouse, NOON.astimezone(timezone(timedelta(hours=-8))))

    assert recorded_as_of(warehouse) == read_as_of(warehouse) == NOON
    assert warehouse.row_count(AS_OF.table) == 1


def test_without_a_record_a_run_cannot_speak_of_a_moment(warehouse):
    with pytest.raises(DataError, match=r"raw\.as_of is empty"):
        read_as_of(warehouse)
    warehouse.ensure(AS_OF)
    with pytest.raises(DataError, match=r"raw\.as_of is empty"):
        read_as_of(warehouse)


def test_today_is_the_last_midnight_in_utc():
    assert timedelta(0) <= datetime.now(UTC) - today() < timedelta(days=1, minutes=1)
    assert today().time() == datetime.min.time()
