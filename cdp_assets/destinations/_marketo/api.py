"""One Marketo instance: its token, its rate, and what becomes of each kind of answer.

The access token goes in the `Authorization` header. Client id and secret go in the form of a POST, as OAuth 2.0 has
it, so that they are in no URL and no log of one; so does what leads are searched by, for it may be personal.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from cdp_assets.destinations._http import answered, client, retry_after, succeeded
from cdp_assets.destinations._marketo import codes
from cdp_assets.destinations._rate import RateLimit
from cdp_assets.destinations._token import Token
from cdp_assets.destinations.base import PermanentError, TransientError
from cdp_assets.errors import DestinationError

IMPORT_WAIT = 30.0
Body = Mapping[str, Any]


@dataclass(frozen=True)
class Credentials:
    """What a custom service of Marketo is known by."""

    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)


class Api:
    """The calls to one instance. All threads share one token, one rate limit and one pool of connections."""

    def __init__(
        self,
        url: httpx.URL,
        credentials: Credentials,
        timeout: float,
        limit: RateLimit,
        rate_seconds: float,
        now: Callable[[], datetime],
    ) -> None:
        self._where = f"Marketo at {url.host}"
        self._credentials = credentials
        self._timeout = timeout
        self._limit = limit
        self._rate_seconds = rate_seconds
        self._now = now
        self._client = client(base_url=url, timeout=timeout)
        self._token = Token(self._fetch_token)

    def ask(self, method: str, path: str, missing: frozenset[str] = frozenset(), **content: Any) -> Body:  # noqa: ANN401 - as httpx takes it
        """The answer's object; an empty one if its error is one of `missing`.

        Raises:
            TransientError: there was no answer, or one that says to try again.
            PermanentError: the call was refused for what is in it.
            DestinationError: no call can succeed.
        """
        response = self._answer(method, path, **content)
        found = self._checked(response, missing)
        if found is None:
            raise DestinationError(
                f"{self._where} did not answer as Marketo's REST API does; check that base_url is its REST endpoint."
            )
        return found

    def text(self, path: str, missing: frozenset[str]) -> str:
        """A file, which comes as it is and not as an object; an empty one, and raises, as `ask` does."""
        response = self._answer("GET", path)
        return response.text if self._checked(response, missing) is None else ""

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _answer(self, method: str, path: str, **content: Any) -> httpx.Response:  # noqa: ANN401
        def request(token: str) -> httpx.Response:
            headers = {"Authorization": f"Bearer {token}"}
            if "content" in content:
                headers["Content-Type"] = "application/json"
            return self._request(method, path, headers=headers, **content)

        return self._token.answer(request, _refuses_token)

    def _request(self, method: str, path: str, **content: Any) -> httpx.Response:  # noqa: ANN401
        self._limit.take()
        try:
            return answered(lambda: self._client.request(method, path, **content))
        except TransientError as error:
            # Marketo may still be at it: a lead that two calls create at the same time is there twice.
            raise TransientError(str(error), self._timeout) from error

    def _checked(self, response: httpx.Response, missing: frozenset[str] = frozenset()) -> Body | None:
        """The object of a call that succeeded, None if the answer is none of Marketo's; raises otherwise."""
        succeeded(response, self._where, self._now())
        body = _object(response)
        if body.get("success") is True:
            return body
        code, message = codes.first(body.get("errors"))
        if code in missing:
            return {}
        if code == codes.TOKEN_INVALID:
            raise DestinationError(f"{self._where} refused the credentials: a token it has just given is not valid.")
        if code == codes.TOKEN_EXPIRED:  # until it is over, the same token is given out
            raise TransientError("the access token expired", 1.0)
        if code in codes.PASSING:
            raise TransientError(f"{codes.PASSING[code]} ({code})", self._wait(code, response))
        if code in codes.HOPELESS:
            raise DestinationError(f"{self._where} {codes.HOPELESS[code]} (error {code})")
        if code.startswith("6"):
            raise DestinationError(f"{self._where} did not carry out the call, as its error {code} says.")
        if code:
            raise PermanentError(f"{message} ({code})")
        return None

    def _wait(self, code: str, response: httpx.Response) -> float | None:
        waits = {
            codes.RATE: self._rate_seconds,
            codes.TOO_MANY_IMPORTS: IMPORT_WAIT,
            codes.IMPORTING_TO_LIST: IMPORT_WAIT,
        }
        asked = retry_after(response.headers.get("Retry-After"), self._now())
        return waits.get(code) if asked is None else asked

    def _fetch_token(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._credentials.client_id,
            "client_secret": self._credentials.client_secret,
        }
        response = self._request("POST", "identity/oauth/token", data=form)
        if response.status_code in {400, 401, 403}:
            raise DestinationError(
                f"{self._where} refused the credentials (HTTP {response.status_code}); check client id and secret."
            )
        try:
            self._checked(response)
        except PermanentError as error:
            raise DestinationError(f"{self._where} gave no access token ({error}).") from error
        token = _object(response).get("access_token")
        if not isinstance(token, str) or not token.strip() or not (token.isascii() and token.isprintable()):
            raise DestinationError(
                f"{self._where} answered without an access token; check that base_url is its REST endpoint."
            )
        return token.strip()


def _object(response: httpx.Response) -> Body:
    try:
        return codes.parsed(response.json())
    except ValueError:
        return {}


def _refuses_token(response: httpx.Response) -> bool:
    if response.status_code == httpx.codes.UNAUTHORIZED:
        return True
    return codes.first(_object(response).get("errors"))[0] in {codes.TOKEN_INVALID, codes.TOKEN_EXPIRED}
