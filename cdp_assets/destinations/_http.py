"""What every destination over HTTP has in common: which answers mean try again, stop, or look for a bad row."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from cdp_assets.destinations.base import PermanentError, TransientError
from cdp_assets.errors import DestinationError

TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504, 507, 509, 520, 521, 522, 523, 524, 529})
ABOUT_THE_ROWS = frozenset({400, 409, 413, 422})


def sent(request: Callable[[], httpx.Response], where: str, now: Callable[[], datetime]) -> httpx.Response:
    """The answer, if it is a 2xx.

    Raises:
        TransientError: there was none, or one that says to try again, with its `Retry-After`.
        PermanentError: the rows were refused.
        DestinationError: anything else: credentials, address, a redirect.
    """
    try:
        response = request()
    except httpx.TimeoutException as error:
        raise TransientError("the request timed out") from error
    except httpx.TransportError as error:
        raise TransientError(f"the connection failed ({type(error).__name__})") from error
    status = response.status_code
    if response.is_success:
        return response
    if status in TRANSIENT:
        raise TransientError(f"HTTP {status}", retry_after(response.headers.get("Retry-After"), now()))
    if status in ABOUT_THE_ROWS:
        raise PermanentError(_reason(response))
    if status in {401, 403}:
        raise DestinationError(f"{where} refused the credentials (HTTP {status}); check the token and its rights.")
    raise DestinationError(f"{where} answered HTTP {status}; expected a 2xx. Check the address and the settings.")


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds of a `Retry-After` header, which is a number of seconds or a date; None if it is absent or neither."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())


def _reason(response: httpx.Response) -> str:
    """The status, and the answer's own `reason` if it is JSON and has one."""
    try:
        body = response.json()
    except ValueError:
        body = None
    said = body.get("reason") if isinstance(body, dict) else None
    return f"HTTP {response.status_code}: {said}" if isinstance(said, str) else f"HTTP {response.status_code}"
