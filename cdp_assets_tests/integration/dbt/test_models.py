"""What the dbt models make of a few hand-made rows of each source."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from cdp_assets_tests.integration.dbt.deployment import Deployment
from cdp_assets_tests.integration.dbt.raw_rows import (
    ANN,
    BO,
    CUSTOMER_IDS,
    ROWS,
    write_identity,
    write_raw,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(deployment: Deployment) -> Deployment:
    write_raw(deployment.warehouse, ROWS)
    first = deployment.build("staging", "lookup")
    assert first.returncode == 0, first.stdout
    write_identity(deployment.warehouse, CUSTOMER_IDS)
    second = deployment.build("master")
    assert second.returncode == 0, second.stdout
    return deployment


def test_the_latest_version_of_a_row_is_staged_and_rows_without_a_key_are_not(built: Deployment) -> None:
    staged = built.rows("SELECT record_id, email, _source_row FROM staging.stg_crm__customers ORDER BY record_id")
    assert staged == [("C1", "ann@x.example", "crm__contacts:1"), ("C2", "bo@x.example", "crm__contacts:3")]


def test_what_cannot_be_parsed_is_null(built: Deployment) -> None:
    births = built.rows("SELECT date_of_birth, source_updated_at FROM staging.stg_crm__customers ORDER BY record_id")
    assert births == [(date(1980, 2, 29), datetime(2026, 1, 2, tzinfo=UTC)), (None, None)]
    assert built.rows("SELECT city FROM staging.stg_shop__customers WHERE record_id = '8'") == [(None,)]
    assert built.rows("SELECT amount FROM staging.stg_shop__transactions WHERE transaction_id = '3'") == [(None,)]


def test_names_countries_and_domains_are_told_apart(built: Deployment) -> None:
    assert built.rows("SELECT first_name, last_name FROM staging.stg_support__customers WHERE record_id = 'T1'") == [
        ("Ann Marie", "Lee")
    ]
    assert built.rows("SELECT name, domain, country FROM master.accounts") == [("Acme", "acme.example", "DE")]
    assert built.rows("SELECT country, company FROM staging.stg_crm__customers WHERE record_id = 'C1'") == [
        ("DE", "Acme")
    ]


def test_a_golden_field_comes_from_the_most_trusted_source_and_an_address_from_one_record(
    built: Deployment,
) -> None:
    golden = built.rows(
        "SELECT first_name, first_name_source, user_id, user_id_source, street, city, city_source,"
        " postal_code, postal_code_source, sources, record_count FROM master.customers"
        f" WHERE customer_id = '{ANN}'",
    )
    assert golden == [("Ann", "crm", "7", "shop", "Elm 1", "Berlin", "crm", None, None, "crm,shop,support,web", 4)]


def test_junk_is_neither_an_identifier_nor_a_golden_field(built: Deployment) -> None:
    golden = built.rows(
        "SELECT customer_id, email, email_source, phone, phone_source FROM master.customers ORDER BY customer_id"
    )
    assert golden == [(ANN, "ann@x.example", "crm", "+49301", "crm"), (BO, "bo@x.example", "shop", None, None)]
    assert built.rows("SELECT count(*) FROM lookup.customer_records WHERE email = 'none@none.example'") == [(2,)]
    assert built.rows("SELECT count(*) FROM master.identifiers WHERE value = 'none@none.example'") == [(0,)]


def test_the_sum_of_amounts_is_the_net_whatever_was_refunded_before_a_cancellation(built: Deployment) -> None:
    amounts = built.rows(
        "SELECT transaction_id, amount FROM master.transactions WHERE amount IS NOT NULL ORDER BY transaction_id"
    )
    assert amounts == [
        ("1", Decimal("100.0000")),
        ("2", Decimal("50.0000")),
        ("cancellation:2", Decimal("-30.0000")),
        ("refund:1", Decimal("-25.0000")),
        ("refund:2", Decimal("-20.0000")),
    ]
    lines = built.rows(
        "SELECT transaction_id, line_id, quantity, amount FROM master.transaction_lines"
        " WHERE type <> 'order' ORDER BY transaction_id",
    )
    assert lines == [
        ("cancellation:2", "21", Decimal("-1.0000"), Decimal("-25.0000")),
        ("refund:1", "91", Decimal("-1.0000"), Decimal("-25.0000")),
        ("refund:2", "92", Decimal("-1.0000"), Decimal("-25.0000")),
    ]


def test_amounts_are_reported_at_the_rate_of_the_day(built: Deployment) -> None:
    reported = built.rows(
        "SELECT transaction_id, amount_reporting FROM master.transactions WHERE type = 'order' ORDER BY 1"
    )
    assert reported == [("1", Decimal("108.1000")), ("2", Decimal("50.0000")), ("3", None)]


def test_what_a_record_spent_is_the_sum_of_its_transactions(built: Deployment) -> None:
    spent = built.rows("SELECT source, record_id, transaction_count, amount FROM lookup.record_revenue")
    assert spent == [("shop", "7", 2, Decimal("81.0750"))]


def test_spending_leaves_cancelled_orders_out(built: Deployment) -> None:
    spending = built.rows(
        "SELECT order_count, total_spent, average_order_amount, last_order_at FROM master.customers"
        f" WHERE customer_id = '{ANN}'",
    )
    assert spending == [(1, Decimal("81.0750"), Decimal("81.0750"), datetime(2025, 3, 10, 8, tzinfo=UTC))]


def test_a_guest_order_belongs_to_the_only_customer_with_its_email(built: Deployment) -> None:
    owners = built.rows("SELECT transaction_id, customer_id FROM master.transactions WHERE type = 'order' ORDER BY 1")
    assert owners == [("1", ANN), ("2", ANN), ("3", None)]


def test_an_anonymous_event_belongs_to_who_logged_in_on_its_device(built: Deployment) -> None:
    owners = built.rows("SELECT event_id, customer_id FROM master.events WHERE source = 'web' ORDER BY event_id")
    assert owners == [("m3", ANN), ("m4", None)]


def test_every_identifier_of_a_customer_is_kept(built: Deployment) -> None:
    kept = built.rows(f"SELECT type, value FROM master.identifiers WHERE customer_id = '{ANN}' ORDER BY type, value")
    assert kept == [
        ("anonymous_id", "device-1"),
        ("anonymous_id", "device-2"),
        ("email", "ann@old.example"),
        ("email", "ann@x.example"),
        ("phone", "+49 170 1"),
        ("phone", "0170 1"),
        ("phone", "030 1"),
        ("user_id", "7"),
    ]


def test_the_latest_consent_of_each_source_holds_and_a_denial_wins_over_sources(built: Deployment) -> None:
    consents = built.rows(
        f"SELECT purpose, state, source FROM master.consents WHERE customer_id = '{ANN}' ORDER BY purpose"
    )
    assert consents == [("ads", "granted", "crm"), ("email_marketing", "denied", "crm")]


def test_a_denial_survives_its_deleted_record_and_a_grant_does_not(built: Deployment) -> None:
    assert built.rows(f"SELECT purpose, state FROM master.consents WHERE customer_id = '{BO}'") == [
        ("email_marketing", "denied")
    ]


def test_a_consent_recorded_later_does_not_overrule_a_standing_opt_out(built: Deployment) -> None:
    staged = (
        "SELECT state, evidence FROM staging.stg_crm__consents WHERE record_id = 'C2' AND purpose = 'email_marketing'"
    )
    assert built.rows(staged) == [("denied", "HasOptedOutOfEmail")]


def test_a_state_that_is_not_known_counts_as_a_denial_however_it_is_spelled(built: Deployment) -> None:
    staged = "SELECT purpose, state FROM staging.stg_shop__consents WHERE record_id = '8'"
    assert built.rows(staged) == [("email_marketing", "denied")]
