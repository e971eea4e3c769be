"""What BigQuery's clients raise, told in one line without values, and as what may go through later or not."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from cdp_assets.errors import WarehouseError, WarehouseUnavailableError

_UNAVAILABLE_CODES = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
_UNAVAILABLE_REASONS = {
    "backendError",
    "internalError",
    "jobBackendError",
    "jobInternalError",
    "jobRateLimitExceeded",
    "rateLimitExceeded",
}
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_SPEAKS_OF_NAMES = re.compile(
    r"(Access Denied|Aggregat\w+|Already Exists|Cannot replace a table|Column \w+ |Dataset |Duplicate column"
    r"|Function not found|Invalid (dataset|table|project) ID|Name \w+ |No matching signature|Not found"
    r"|Permission denied|Query column \d+|Query exceeded|Quota exceeded|Resources exceeded|SELECT list|Syntax error"
    r"|Table |Transaction |Unrecognized name|User does not have|Value has type)",
    re.IGNORECASE,
)


class ConcurrentWriteError(WarehouseError):
    """Another writer changed the same table meanwhile; what was begun took no effect."""


@contextmanager
def errors_named() -> Iterator[None]:
    """Raise what Google's libraries raise as ours.

    The cause is always left out: it holds the statement, and what it says may quote the data.

    Raises:
        WarehouseUnavailableError: the service cannot be reached or is busy.
        ConcurrentWriteError: another writer changed the same table.
        WarehouseError: the service refused the statement, or the credentials.
    """
    import requests
    from google.api_core import exceptions as api
    from google.auth import exceptions as auth

    try:
        yield
    except api.RetryError as error:
        raise WarehouseUnavailableError(f"BigQuery cannot be reached: {_reached(error)}") from None
    except api.GoogleAPICallError as error:
        raise _named(error) from None
    except (auth.TransportError, requests.ConnectionError, requests.Timeout, ConnectionError, TimeoutError) as error:
        raise WarehouseUnavailableError(f"BigQuery cannot be reached: {type(error).__name__}.") from None
    except auth.DefaultCredentialsError:
        raise WarehouseError(
            "no Google credentials: set CDP_BIGQUERY_CREDENTIALS to the path of a service account's JSON key,"
            " or run `gcloud auth application-default login`."
        ) from None
    except auth.GoogleAuthError as error:
        raise WarehouseError(f"Google refused the credentials: {type(error).__name__}.") from None


def _named(error: Any) -> WarehouseError:  # noqa: ANN401 - a GoogleAPICallError
    details = error.errors[0] if error.errors and isinstance(error.errors[0], dict) else {}
    reason = details.get("reason") or (HTTPStatus(error.code).phrase if error.code else type(error).__name__)
    said = details.get("message") or _first_line(error.message)
    job = getattr(getattr(error, "query_job", None), "job_id", None)
    where = f" (job {job})" if job else ""
    if error.code in _UNAVAILABLE_CODES or reason in _UNAVAILABLE_REASONS:
        return WarehouseUnavailableError(f"BigQuery is not available: {reason}{where}.")
    if "concurrent update" in said:
        return ConcurrentWriteError(f"another writer changed the same table at the same time{where}; run it again.")
    return WarehouseError(f"BigQuery refused a statement: {_without_values(said, reason)}{where}")


def _without_values(said: str, reason: str) -> str:
    """What is said of names and rights; anything else may quote the data, so that only its kind is told."""
    line = _first_line(said)
    if _SPEAKS_OF_NAMES.match(line):
        return _QUOTED.sub("'…'", line)
    return f"{reason}; what it said may quote the data and is not shown."


def _reached(error: Any) -> str:  # noqa: ANN401 - a RetryError
    return f"{type(error.cause).__name__} for longer than it was retried." if error.cause else "it did not answer."


def _first_line(text: str) -> str:
    return (text.splitlines() or [""])[0]
