"""The way to one org: simple-salesforce over a session that knows time-outs, waits, tokens and loopback.

simple-salesforce writes `https` into every address, waits for ever, keeps the headers of a refusal to itself and
quotes whole answers in its errors. So its session reads each answer first, and its errors are put into our own words.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any, TypeVar

import httpx
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError, SalesforceExpiredSession, SalesforceOperationError

from cdp_assets.destinations._http import TRANSIENT, retry_after
from cdp_assets.destinations._salesforce.answers import refusal
from cdp_assets.destinations._token import Token
from cdp_assets.destinations.base import TransientError
from cdp_assets.errors import DestinationError

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - an address

T = TypeVar("T")


@dataclass(frozen=True)
class Credentials:
    """The consumer key and secret of an app that may use the client credentials flow."""

    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)


class Connection:
    """Calls to one org; safe to share between threads."""

    def __init__(
        self,
        url: httpx.URL,
        credentials: Credentials,
        api_version: str,
        timeout: float,
        concurrency: int,
        now: Callable[[], datetime],
    ) -> None:
        self.where = f"Salesforce at {url.host}"
        self.api_version = api_version
        self._url = url
        self._credentials = credentials
        self._token = Token(self._new_token)
        self._session = requests.Session()
        self._session.auth = _unchanged
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = _Adapter(url.scheme, timeout, self.where, now, concurrency)
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, adapter)

    def rest(self, method: str, path: str, body: object = None, params: Mapping[str, str] | None = None) -> object:
        """The JSON answer to a call below `/services/data/vNN.0/`; None of an empty one."""
        return self._asked(lambda client: client.restful(path, params, method, json=body))

    def bulk(self, sobject: str, request: Callable[[Any], T]) -> T:
        """What a request to simple-salesforce's lower client of the Bulk API 2.0 gives."""
        return self._asked(lambda client: request(getattr(client.bulk2, sobject)._client))

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    def _asked(self, request: Callable[[Any], T]) -> T:
        token = self._token.value()
        try:
            return self._answer(request, token)
        except SalesforceExpiredSession:
            renewed = self._token.renewed(token)
        try:
            return self._answer(request, renewed)
        except SalesforceExpiredSession as error:
            raise refusal(error.status, error.content, self.where) from None

    def _answer(self, request: Callable[[Any], T], token: str) -> T:
        """What the request gives; `from None`, since the errors quote what was sent."""
        instance = self._url.netloc.decode()
        client = Salesforce(session_id=token, instance=instance, session=self._session, version=self.api_version)
        try:
            return request(client)
        except SalesforceExpiredSession:
            raise
        except SalesforceError as error:
            raise refusal(error.status, error.content, self.where) from None
        except (SalesforceOperationError, TypeError, ValueError):
            raise DestinationError(
                f"{self.where} answered what is not documented; check that base_url is the org's My Domain URL."
            ) from None

    def _new_token(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._credentials.client_id,
            "client_secret": self._credentials.client_secret,
        }
        response = self._session.post(str(self._url.copy_with(path=TOKEN_PATH)), data=form)
        try:
            body = response.json()
        except ValueError:
            body = None
        said = body if isinstance(body, dict) else {}
        token = said.get("access_token")
        if response.ok and isinstance(token, str) and token:
            return token
        known = {"invalid_client", "invalid_client_id", "invalid_grant", "inactive_user", "inactive_org"}
        code = said.get("error") if said.get("error") in known else ""
        raise DestinationError(
            f"{self.where} refused the credentials ({f'HTTP {response.status_code} {code}'.strip()}); check base_url,"
            " the client id and secret, and that the app may use the client credentials flow and runs as a user."
        )


class _Adapter(HTTPAdapter):
    """Sends to the scheme that is meant, waits only so long, and reads an answer before simple-salesforce does."""

    def __init__(self, scheme: str, timeout: float, where: str, now: Callable[[], datetime], connections: int) -> None:
        super().__init__(pool_maxsize=connections)
        self._scheme = scheme
        self._timeout = timeout
        self._where = where
        self._now = now

    def send(self, request: requests.PreparedRequest, *arguments: Any, **options: Any) -> requests.Response:  # noqa: ANN401
        request.url = f"{self._scheme}:{(request.url or '').partition(':')[2]}"
        try:
            response = super().send(request, *arguments, **{**options, "timeout": self._timeout})
            len(response.content)  # read here: simple-salesforce would let a connection that breaks now pass
        except requests.Timeout:
            raise TransientError("the request timed out") from None
        except requests.RequestException as error:
            raise TransientError(f"the connection failed ({type(error).__name__})") from None
        status = response.status_code
        response.encoding = "utf-8"  # that of CSV is not always told, and would be taken for Latin-1
        if status in TRANSIENT:
            raise TransientError(f"HTTP {status}", retry_after(response.headers.get("Retry-After"), self._now()))
        if 300 <= status < 400:
            raise DestinationError(f"{self._where} answered HTTP {status}; set base_url to the org's My Domain URL.")
        return response


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Without an `auth` of its own, requests would replace the token by what a .netrc has for the host."""
    return request
