"""What cannot be read is null, and no row stops a build."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from cdp_assets_tests.integration.dbt import hostile_rows as hostile
from cdp_assets_tests.integration.dbt.deployment import Deployment
from cdp_assets_tests.integration.dbt.raw_rows import write_identity, write_raw

pytestmark = pytest.mark.slow

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 1, 31, tzinfo=UTC)
INSTANTS = {
    "2026-01-31T12:00:00Z": NOON,
    "2026-01-31 12:00:00": NOON,
    "2026-01-31T12:00": NOON,
    "2026-01-31": MIDNIGHT,
    "2026-01-31T12:00:00+05:30": datetime(2026, 1, 31, 6, 30, tzinfo=UTC),
    "2026-01-31T12:00:00-0930": datetime(2026, 1, 31, 21, 30, tzinfo=UTC),
    "2026-01-31T12:00:00+14": datetime(2026, 1, 30, 22, tzinfo=UTC),
    "2026-01-31 12:00:00 UTC": NOON,
    "2026-01-31T12:00:00.1Z": NOON.replace(microsecond=100_000),
    "2026-01-31T12:00:00.123456789Z": NOON.replace(microsecond=123_456),
    "2026-01-31T23:59:59.9999999+00:00": datetime(2026, 1, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    "2024-02-29T00:00:00Z": datetime(2024, 2, 29, tzinfo=UTC),
    "2000-02-29": datetime(2000, 2, 29, tzinfo=UTC),
    "2026-01-31T00:00:00.000+0000": MIDNIGHT,
    "1000-01-01T00:00:00Z": datetime(1000, 1, 1, tzinfo=UTC),
    "9999-12-31": datetime(9999, 12, 31, tzinfo=UTC),
}
AMOUNTS = {
    "12": "12", " 12 ": "12", "+12.5": "12.5", "-0": "0", "-12.34": "-12.34", ".5": "0.5", "5.": "5",
    "00012.10": "12.1", "1e3": "1000", "1.5E+2": "150", "25e-1": "2.5", "0.00005": "0.0001", "-0.00005": "-0.0001",
    "0.000049999999999999999": "0", "2.00015": "2.0002", "1e-30": "0", "1e13": "1e13",
    "99999999999999.9999": "99999999999999.9999", "-99999999999999.9999": "-99999999999999.9999",
    "12345678901234.56785": "12345678901234.5679",
}  # fmt: skip
BIRTHS = {
    "1980-02-29": date(1980, 2, 29),
    " 1980-02-28 ": date(1980, 2, 28),
    "1980-02-29T00:00:00Z": date(1980, 2, 29),
    "1980-02-29 and more": date(1980, 2, 29),
    "1999-12-31": date(1999, 12, 31),
}


@pytest.fixture(scope="module")
def built(deployment: Deployment) -> Deployment:
    write_raw(deployment.warehouse, hostile.HOSTILE_ROWS)
    write_identity(deployment.warehouse, [("crm", f"t{n}", "customer") for n in range(len(hostile.TIMESTAMPS))])
    done = deployment.build("staging", "lookup", "master")
    assert done.returncode == 0, done.stdout
    assert "ERROR=0 SKIP=0" in done.stdout
    return deployment


def test_a_text_is_an_instant_or_null(built: Deployment) -> None:
    staged = dict(built.rows("SELECT event_id, occurred_at FROM staging.stg_web__events"))
    read = {text: staged[f"t{n}"] for n, text in enumerate(hostile.TIMESTAMPS)}
    assert read == {text: INSTANTS.get(text) for text in hostile.TIMESTAMPS}


def test_a_text_is_an_amount_or_null(built: Deployment) -> None:
    staged = dict(built.rows("SELECT transaction_id, amount FROM staging.stg_shop__transactions WHERE type = 'order'"))
    read = {text: staged[f"USD{n}"] for n, text in enumerate(hostile.NUMBERS)}
    assert read == {text: Decimal(AMOUNTS[text]) if text in AMOUNTS else None for text in hostile.NUMBERS}


def test_a_text_is_a_date_or_null(built: Deployment) -> None:
    staged = dict(built.rows("SELECT record_id, date_of_birth FROM staging.stg_crm__customers"))
    read = {text: staged[f"d{n}"] for n, text in enumerate(hostile.DATES)}
    assert read == {text: BIRTHS.get(text) for text in hostile.DATES}


def test_a_json_field_is_its_scalar_and_malformed_json_has_none(built: Deployment) -> None:
    staged = dict(built.rows("SELECT record_id, city FROM staging.stg_shop__customers"))
    cities = [staged[f"s{n}"] for n in range(len(hostile.OBJECTS))]
    assert cities[:8] == ["Bonn", "Örebro", None, None, "true", "back\\slash / \t tab", "spaced", "a'b"]
    assert set(cities[8:]) == {None}


def test_array_elements_are_lines_and_what_is_no_array_has_none(built: Deployment) -> None:
    sold = built.rows(
        "SELECT transaction_id, line_id, quantity, amount FROM master.transaction_lines WHERE type = 'order'"
        " ORDER BY transaction_id, line_id"
    )
    assert sold == [
        ("l0", "1", Decimal("4"), Decimal("100")),
        ("l1", "1", Decimal("2"), Decimal("5")),
        ("l1", "2", Decimal("3"), Decimal("0.9999")),
        ("l19", "12345678901234567", Decimal("1"), Decimal("1")),
        ("l2", "1", Decimal("99999999999999"), None),
        ("l20", "3", Decimal("1"), Decimal("7.5")),
        ("l3", "1", None, None),
        ("l4", "1", None, None),
        ("l5", "1", None, None),
    ]


def test_unicode_spaces_are_trimmed_and_nothing_else(built: Deployment) -> None:
    staged = dict(built.rows("SELECT record_id, first_name FROM staging.stg_crm__customers"))
    assert [staged[f"x{n}"] for n in range(6)] == ["padded", "no-break", "\ttab\n", None, None, None]
    assert staged[f"x{len(hostile.TEXTS) - 1}"] == "x" * 3000


def test_properties_are_json_whatever_the_text_in_them(built: Deployment) -> None:
    staged = dict(built.rows("SELECT event_id, properties FROM staging.stg_support__events"))
    assert staged["x8:opened"] == (
        '{"channel":"a \\"quoted\\" b","status":"Closed ","subject":"a \\"quoted\\" b","ticket_id":"x8"}'
    )
    assert staged["n0:opened"] == '{"channel":null,"status":null,"subject":null,"ticket_id":"n0"}'
