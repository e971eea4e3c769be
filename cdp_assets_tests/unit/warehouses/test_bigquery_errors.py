"""What is told of what BigQuery refuses: its own words where they speak of names, never where they may quote data."""

import pytest
import requests
from google.api_core import exceptions as api
from google.auth import exceptions as auth

from cdp_assets.errors import WarehouseError, WarehouseUnavailableError
from cdp_assets.warehouses._bigquery.errors import ConcurrentWriteError, errors_named


def told(error: Exception) -> WarehouseError:
    with pytest.raises(WarehouseError) as raised, errors_named():
        raise error
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__
    return raised.value


def refused(message: str, reason: str = "invalidQuery") -> api.BadRequest:
    return api.BadRequest(f"{message}\n\nJob ID: 1", errors=[{"reason": reason, "message": message}])


@pytest.mark.parametrize(
    ("said", "tells"),
    [
        ("Unrecognized name: nothing at [1:8]", "Unrecognized name: nothing at [1:8]"),
        ("Not found: Table shop:raw.nothing was not found in location EU", "raw.nothing was not found"),
        ("Access Denied: Table shop:raw.thing: no permission", "Access Denied: Table shop:raw.thing"),
        ("Query exceeded limit for bytes billed: 10. 20 or higher required.", "20 or higher required"),
        ("Syntax error: Unexpected string literal 'bob@example.com' at [1:2]", "string literal '…' at [1:2]"),
    ],
)
def test_what_is_said_of_names_rights_and_limits_is_told_without_literals(said, tells):
    assert tells in str(told(refused(said)))


@pytest.mark.parametrize(
    "said",
    [
        "Bad int64 value: bob@example.com",
        "Invalid date: 'bob@example.com'",
        'Could not cast literal "bob@example.com" to type DATE at [1:8]',
        "Error while reading data, error message: bob@example.com",
        "Division by zero: bob@example.com / 0",
        "\nNot found: bob@example.com",
    ],
)
def test_what_may_quote_the_data_is_told_by_its_kind_alone(said):
    message = str(told(refused(said)))
    assert "bob" not in message
    assert "invalidQuery" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "error",
    [
        api.ServiceUnavailable("try again"),
        api.TooManyRequests("slower"),
        api.InternalServerError("oops"),
        api.GatewayTimeout("late"),
        api.Forbidden("slower", errors=[{"reason": "rateLimitExceeded", "message": "slower"}]),
        api.BadRequest("broken", errors=[{"reason": "backendError", "message": "broken"}]),
        api.RetryError("given up", cause=requests.ConnectionError("bob@example.com")),
        requests.ConnectionError("refused"),
        requests.Timeout("late"),
        ConnectionResetError("gone"),
        auth.TransportError("no route"),
    ],
)
def test_what_may_go_through_later_is_told_apart(error):
    found = told(error)
    assert isinstance(found, WarehouseUnavailableError)
    assert "bob" not in str(found)


@pytest.mark.parametrize(
    "error",
    [
        refused("Unrecognized name: a"),
        api.Forbidden("no", errors=[{"reason": "accessDenied", "message": "Access Denied: no"}]),
        api.Forbidden("no", errors=[{"reason": "quotaExceeded", "message": "Quota exceeded: a day's queries"}]),
        auth.RefreshError("revoked"),
        auth.DefaultCredentialsError("none"),
    ],
)
def test_what_will_not_go_through_by_itself_is_no_lack_of_connection(error):
    assert not isinstance(told(error), WarehouseUnavailableError)


def test_missing_credentials_are_told_with_what_gives_some():
    assert "CDP_BIGQUERY_CREDENTIALS" in str(told(auth.DefaultCredentialsError("none")))


@pytest.mark.parametrize(
    "said",
    [
        "Transaction is aborted due to concurrent update against table shop:raw.thing. Transaction ID: x",
        "Could not serialize access to table shop:raw.thing due to concurrent update",
    ],
)
def test_another_writer_at_the_same_table_is_a_case_of_its_own(said):
    assert isinstance(told(refused(said)), ConcurrentWriteError)


def test_our_own_errors_pass():
    with pytest.raises(WarehouseError, match="ours"), errors_named():
        raise WarehouseError("ours")
