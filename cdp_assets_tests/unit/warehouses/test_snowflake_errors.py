"""What Snowflake's driver raises, as the platform tells it."""

import pytest
from snowflake.connector import errors

from cdp_assets.errors import WarehouseError, WarehouseUnavailableError
from cdp_assets.warehouses._snowflake.errors import named, refused_login


def told(error: errors.Error) -> WarehouseError:
    with pytest.raises(WarehouseError) as raised, named():
        raise error
    assert raised.value.__cause__ is None
    assert "\n" not in str(raised.value)
    return raised.value


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (100038, "Numeric value 'bob@example.com' is not recognized"),
        (100040, "Date 'bob@example.com' is not recognized"),
        (100078, "String 'bob@example.com' is too long and would be truncated"),
        (100090, 'Duplicate row detected during DML action\nRow Values: ["bob@example.com"]'),
        (1003, "SQL compilation error:\nsyntax error line 1 at position 7 unexpected 'bob@example.com'."),
        (2023, "SQL compilation error:\nCan not convert parameter ''bob@example.com'' of type [VARCHAR(15)]"),
    ],
)
def test_a_message_that_may_quote_values_is_not_shown(number, message):
    error = told(errors.ProgrammingError(message, errno=number, sqlstate="22018", sfqid="01b2"))

    assert "bob" not in str(error)
    assert f"(error {number}, query 01b2)" in str(error)
    assert not isinstance(error, WarehouseUnavailableError)


@pytest.mark.parametrize(
    ("number", "message", "shown"),
    [
        (
            2003,
            "SQL compilation error:\nObject 'RAW.NOTHING' does not exist or not authorized.",
            "Object 'RAW.NOTHING'",
        ),
        (904, "SQL compilation error: error line 1 at position 7\ninvalid identifier 'NOTHING'", "invalid identifier"),
        (3001, "SQL access control error:\nInsufficient privileges to operate on schema 'RAW'.", "Insufficient"),
    ],
)
def test_a_message_that_names_only_tables_and_columns_is_shown(number, message, shown):
    assert f"Snowflake refused a statement: {shown}" in str(told(errors.ProgrammingError(message, errno=number)))


@pytest.mark.parametrize(
    "error",
    [
        errors.OperationalError("Failed to execute request: connection refused", errno=250003),
        errors.ServiceUnavailableError(errno=503),
        errors.DatabaseError("Connection is closed", errno=250002),
        errors.ProgrammingError("Authentication token has expired. The user must authenticate again.", errno=390114),
    ],
)
def test_a_connection_that_is_at_fault_is_told_as_such(error):
    assert isinstance(told(error), WarehouseUnavailableError)


@pytest.mark.parametrize(
    "error", [errors.NonRetryableTlsError("bad certificate", errno=250003), errors.ForbiddenError()]
)
def test_what_will_not_pass_by_waiting_is_not_told_to_be_away_for_now(error):
    assert not isinstance(told(error), WarehouseUnavailableError)


def test_a_refused_login_says_what_to_check_and_a_server_that_is_away_that_it_is():
    wrong = errors.DatabaseError("Failed to connect to DB: x:443. Incorrect username or password.", errno=390100)
    refused = refused_login(wrong, "myorg-a/CDP", "ann")
    assert "Snowflake at myorg-a/CDP does not let ann in" in str(refused)
    assert "CDP_SNOWFLAKE_USER" in str(refused)
    assert not isinstance(refused, WarehouseUnavailableError)

    away = errors.OperationalError("Could not connect to Snowflake backend after 2 attempt(s).", errno=250001)
    assert isinstance(refused_login(away, "myorg-a/CDP", "ann"), WarehouseUnavailableError)
