"""What every destination over HTTP has in common: which answers mean try again, stop, or look for a bad row."""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

import httpx

from cdp_assets.destinations.base import PermanentError, TransientError
from cdp_assets.errors import ConfigurationError, DestinationError

TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504, 507, 509, 520, 521, 522, 523, 524, 529})
ABOUT_THE_ROWS = frozenset({400, 409, 413, 422})


def client(**options: Any) -> httpx.Client:  # noqa: ANN401 - those of httpx
    """A client that follows no redirect: a moved address is told, not taken on trust."""
    return httpx.Client(follow_redirects=False, verify=_trusted(), **options)


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that are trusted: to read them again for each client would take longer than its requests."""
    return httpx.create_ssl_context()


def sent(request: Callable[[], httpx.Response], where: str, now: Callable[[], datetime]) -> httpx.Response:
    """The answer, if it is a 2xx.

    Raises:
        TransientError: there was none, or one that says to try again, with its `Retry-After`.
        PermanentError: the rows were refused.
        DestinationError: anything else: credentials, address, a redirect.
    """
    return succeeded(answered(request), where, now())


def answered(request: Callable[[], httpx.Response]) -> httpx.Response:
    """The answer, whatever it says.

    Raises:
        TransientError: there was none.
    """
    try:
        return request()
    except httpx.TimeoutException as error:
        raise TransientError("the request timed out") from error
    except httpx.TransportError as error:
        raise TransientError(f"the connection failed ({type(error).__name__})") from error


def succeeded(response: httpx.Response, where: str, now: datetime) -> httpx.Response:
    """The same answer, if it is a 2xx; raises as `sent` does if it is not."""
    status = response.status_code
    if response.is_success:
        return response
    if status in TRANSIENT:
        raise TransientError(f"HTTP {status}", _wait(response.headers, now))
    if status in ABOUT_THE_ROWS:
        raise PermanentError(_reason(response))
    if status in {401, 403}:
        raise DestinationError(f"{where} refused the credentials (HTTP {status}); check the token and its rights.")
    raise DestinationError(f"{where} answered HTTP {status}; expected a 2xx. Check the address and the settings.")


def address(base: str, path: str, destination: str, variable: str) -> httpx.URL:
    """The URL of a path below a base URL.

    Raises:
        ConfigurationError: it is no http:// or https:// address; the message names the setting and its variable.
    """
    text = f"{base.rstrip('/')}/{path.lstrip('/')}" if path else base
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL()
    if not url.host or url.scheme not in {"http", "https"}:
        raise ConfigurationError(
            f"destination {destination!r}: base_url is {base!r};"
            f" set it, or {variable}, to an http:// or https:// address."
        )
    return url


def place(url: httpx.URL) -> str:
    """Where a URL points, for a destination's `target`: no secrets, and no port of this machine, given out anew."""
    port = None if url.host in {"127.0.0.1", "localhost"} else url.port
    return str(url.copy_with(userinfo=b"", query=None, fragment=None, port=port))


def _wait(headers: httpx.Headers, now: datetime) -> float | None:
    """Seconds to wait by `Retry-After`, else until `X-RateLimit-Reset`, a moment in epoch seconds; None if neither."""
    asked = retry_after(headers.get("Retry-After"), now)
    reset = headers.get("X-RateLimit-Reset", "").strip()
    if asked is None and reset.isascii() and reset.isdigit():
        return max(0.0, float(reset) - now.timestamp())
    return asked


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
