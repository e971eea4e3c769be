"""The Graph API: the token in the body, and what its answers and errors mean.

Its errors come with any status, so that their code decides: https://developers.facebook.com/docs/graph-api/guides/error-handling.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import httpx

from cdp_assets.activation.redaction import redact
from cdp_assets.destinations._http import answered, client, retry_after, succeeded
from cdp_assets.destinations._payload import line
from cdp_assets.destinations._rate import RateLimit
from cdp_assets.destinations.base import PermanentError, TransientError
from cdp_assets.errors import DestinationError

USAGE = "X-Business-Use-Case-Usage"
DOWN = frozenset({1, 2})
TOO_MANY = frozenset({4, 17, 32, 341, 613, *range(80000, 80015)})
BAD_TOKEN = frozenset({102, 104, 190})
NO_RIGHT = frozenset({3, 10, 294, *range(200, 300)})
INVALID_PARAMETER = 100
MAY_NOT_BE_EDITED = 1713230
NO_SUCH_OBJECT = 33
STOPPED = {
    368: "blocked it for its policies; see the account's quality page, and run the sync again later",
    2635: "no longer speaks this api_version; set a later one",
    2650: "did not update the audience; check that it is a customer list, and not shared with this account",
}


class Graph:
    """One audience's `users`, with one token."""

    def __init__(
        self,
        url: httpx.URL,
        token: str,
        app_secret: str | None,
        timeout: float,
        limit: RateLimit,
        now: Callable[[], datetime],
    ) -> None:
        self._url = url
        self._secrets = {"access_token": token}
        if app_secret:
            proof = hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
            self._secrets["appsecret_proof"] = proof
        self._limit = limit
        self._now = now
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        self._client = client(timeout=timeout, headers=headers)

    def ask(self, method: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to one request; every parameter is in its body, as JSON.

        Raises:
            TransientError: there was no answer, or one that says to try again.
            PermanentError: Meta refused what is in the request.
            DestinationError: no request can succeed.
        """
        form = {name: line(value) for name, value in parameters.items()}
        content = urlencode({**form, **self._secrets}).encode()
        self._limit.take()
        response = answered(lambda: self._client.request(method, self._url, content=content))
        return self._read(response)

    def safe(self, said: str) -> str:
        """What Meta said without the token, which it may quote."""
        for name, secret in self._secrets.items():
            said = said.replace(secret, f"<{name}>")
        return said

    def close(self) -> None:
        self._client.close()

    def _read(self, response: httpx.Response) -> Mapping[str, Any]:
        where = f"Meta at {self._url.host}"
        body = _json(response)
        error = body.get("error")
        if isinstance(error, dict):
            self._raise(where, response, error)
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise TransientError("HTTP 429", self._wait(response))
        succeeded(response, where, self._now())
        if not body and "Service Unavailable" in response.text:
            raise TransientError("HTTP 200, but the service is unavailable")
        return body

    def _raise(self, where: str, response: httpx.Response, error: Mapping[str, Any]) -> None:
        code, subcode = (
            found if isinstance(found := error.get(name), int) else 0 for name in ("code", "error_subcode")
        )
        said = redact(self.safe(f"code {code}: {error.get('message')}"), {})  # it may quote what was sent
        if code in TOO_MANY:
            raise TransientError(f"code {code}: too many calls", self._wait(response))
        if code in DOWN or error.get("is_transient") is True:
            raise TransientError(said, self._wait(response))
        if code in BAD_TOKEN or (code == INVALID_PARAMETER and "appsecret_proof" in said):
            raise DestinationError(
                f"{where} refused the credentials ({said}); make a new token, and check the app secret if one is set."
            )
        if code in NO_RIGHT:
            raise DestinationError(
                f"{where} refused the credentials for this audience ({said}); the token needs ads_management,"
                " its system user the ad account, and the account the terms for custom audiences."
            )
        if subcode == MAY_NOT_BE_EDITED:
            raise DestinationError(
                f"{where}: the audience may not be edited (operation_status 471). Appeal in Audience Manager, or"
                " sync to a new audience."
            )
        if code == INVALID_PARAMETER and subcode == NO_SUCH_OBJECT:
            raise DestinationError(f"{where} has no such audience for this token ({said}); check audience_id.")
        if code in STOPPED:
            raise DestinationError(f"{where} {STOPPED[code]} ({said}).")
        if response.is_server_error:
            succeeded(response, where, self._now())
        raise PermanentError(f"HTTP {response.status_code}: {said}")

    def _wait(self, response: httpx.Response) -> float | None:
        """Seconds until Meta expects to answer again: by `Retry-After`, else by the usage it tells, in minutes."""
        asked = retry_after(response.headers.get("Retry-After"), self._now())
        return asked if asked is not None else _regain_access(response.headers.get(USAGE, ""))


def _regain_access(usage: str) -> float | None:
    """The longest `estimated_time_to_regain_access` of any account and use case; None if there is none to wait for."""
    try:
        told = json.loads(usage)
    except ValueError:
        return None
    listed = told.values() if isinstance(told, dict) else ()
    cases = [case for some in listed if isinstance(some, list) for case in some if isinstance(case, dict)]
    minutes = [case.get("estimated_time_to_regain_access") for case in cases]
    longest = max((float(one) for one in minutes if isinstance(one, int | float)), default=0.0)
    return longest * 60 or None


def _json(response: httpx.Response) -> Mapping[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
