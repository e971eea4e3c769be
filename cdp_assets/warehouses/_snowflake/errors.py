"""What Snowflake's driver raises, told in one line without the values it may quote."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cdp_assets.errors import WarehouseError, WarehouseUnavailableError

if TYPE_CHECKING:
    from snowflake.connector.errors import Error

CONNECTION_GONE = frozenset({250002, 390104, 390111, 390112, 390113, 390114, 390115})
"""The connection is closed, or the session or its token is no longer known: another one has to be opened."""

_TRANSIENT = frozenset(
    {
        "BadGatewayError",
        "GatewayTimeoutError",
        "InternalServerError",
        "OperationalError",
        "OtherHTTPRetryableError",
        "RequestExceedMaxRetryError",
        "RequestTimeoutError",
        "ServiceUnavailableError",
        "TooManyRequests",
    }
)
_LOGIN = range(390100, 390500)
_CONNECTING = range(250000, 252000)
_NAMES_ONLY = frozenset(
    {
        604,  # cancelled
        606,  # no active virtual warehouse
        625,  # a lock was waited for too long
        630,  # the statement took too long
        904,  # no such column
        979,  # not in GROUP BY
        1789,  # a UNION's sides differ
        2002,  # exists already
        2003,  # does not exist, or no right
        2043,  # does not exist, or no right
        3001,  # no right
        3003,  # no right
        90073,  # the virtual warehouse is suspended
        90105,  # no current database
        90106,  # no current schema
    }
)
"""Errors whose message has names of tables and columns in it, and never a value or a part of the statement."""


@contextmanager
def named() -> Iterator[None]:
    """Turn what the driver raises into the platform's errors.

    The cause is never kept: the driver's errors carry the statement, and many of them values.

    Raises:
        WarehouseUnavailableError: the connection is at fault, for now.
        WarehouseError: the statement or the configuration is.
    """
    from snowflake.connector.errors import Error

    try:
        yield
    except Error as error:
        raise told(error) from None


def is_gone(error: "Error") -> bool:
    """Whether the connection an error came over is of no more use."""
    return error.errno in CONNECTION_GONE or type(error).__name__ in _TRANSIENT


def told(error: "Error") -> WarehouseError:
    """The platform's error for one of the driver's."""
    place = f"error {error.errno}" + (f", query {error.sfqid}" if error.sfqid else "")
    if is_gone(error):
        return WarehouseUnavailableError(f"Snowflake cannot be reached for now: {_shown(error)} ({place}).")
    return WarehouseError(f"Snowflake refused a statement: {_shown(error)} ({place}).")


def refused_login(error: "Error", location: str, user: str) -> WarehouseError:
    """The platform's error for one of the driver's while connecting, which quotes no data."""
    said = _one_line(error.raw_msg or str(error))
    if is_gone(error):
        return WarehouseUnavailableError(f"Snowflake at {location} cannot be reached for now: {said}.")
    return WarehouseError(
        f"Snowflake at {location} does not let {user} in: {said}; check CDP_SNOWFLAKE_ACCOUNT, CDP_SNOWFLAKE_USER and"
        " what they log in with, CDP_SNOWFLAKE_ROLE, CDP_SNOWFLAKE_WAREHOUSE and CDP_SNOWFLAKE_DATABASE."
    )


def _shown(error: "Error") -> str:
    if error.errno in _NAMES_ONLY or error.errno in _LOGIN or error.errno in _CONNECTING:
        return _one_line(error.raw_msg or str(error))
    return "it cannot be run as it stands; what was said may quote it, or values, and is not shown"


def _one_line(message: str) -> str:
    """What Snowflake said, without its heading; only the first line of it, for others quote the statement below."""
    lines = [line.strip() for line in message.splitlines() if line.strip()] or [""]
    if lines[0].startswith("SQL ") and len(lines) > 1:
        lines = lines[1:]
    return lines[0].rstrip(".;")
