"""Access tokens of Google's, for a service account by a signed assertion, for a user by a refresh token.

google-auth signs; the request goes over our own client, since google-auth's tries it again and waits in between.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from cdp_assets.destinations._google_ads.answers import constant, json_of
from cdp_assets.destinations._http import answered, succeeded
from cdp_assets.errors import ConfigurationError, DestinationError

SCOPE = "https://www.googleapis.com/auth/datamanager"
TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
NEEDED = {
    "service_account": ("client_email", "private_key"),
    "authorized_user": ("client_id", "client_secret", "refresh_token"),
}
REFUSED = frozenset({400, 401, 403})
_LIFETIME = 3600


class Credentials:
    """What one variable of the environment holds, read once."""

    def __init__(self, variable: str, content: Mapping[str, Any], now: Callable[[], datetime]) -> None:
        self._variable = variable
        self._content = content
        self._now = now
        self._signer = _signer(variable, content) if content["type"] == "service_account" else None
        self.quota_project: str | None = content.get("quota_project_id")

    @classmethod
    def read(
        cls, variable: str, env: Mapping[str, str], now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> "Credentials":
        """The credentials in a variable: JSON, or the path of a file with it.

        Raises:
            ConfigurationError: there are none, or they are of no known type; the message holds nothing of them.
        """
        wrong = f"destination 'google_ads': {variable}"
        text = env.get(variable, "").strip()
        if not text:
            raise ConfigurationError(
                f"{wrong} is not set; it must hold a service account's key or a user's refresh token,"
                " as Google's JSON or the path to it."
            )
        if not text.startswith("{"):
            try:
                text = Path(text).expanduser().read_text()
            except (OSError, ValueError) as error:
                raise ConfigurationError(
                    f"{wrong} names a file that cannot be read ({type(error).__name__})."
                ) from None
        try:
            content = json.loads(text)
        except ValueError:
            raise ConfigurationError(f"{wrong} holds no JSON, and no path to any.") from None
        kind = content.get("type") if isinstance(content, dict) else None
        if kind not in NEEDED:
            raise ConfigurationError(f"{wrong}: its JSON must have a type, one of: {', '.join(NEEDED)}.")
        missing = [name for name in NEEDED[kind] if not isinstance(content.get(name), str)]
        if missing:
            raise ConfigurationError(f"{wrong}: its JSON is a {kind} without {', '.join(missing)}.")
        return cls(variable, content, now)

    def fetch(self, client: httpx.Client) -> str:
        """A new access token.

        Raises:
            TransientError: there was no answer, or one that says to try again.
            DestinationError: the credentials were refused.
        """
        address = self._content.get("token_uri") or TOKEN_URI
        response = answered(lambda: client.post(address, data=self._form(address)))
        content = json_of(response)
        if response.status_code in REFUSED:
            # OAuth's word for what is wrong: it never quotes what was sent.
            said = constant(content.get("error"))
            raise DestinationError(
                f"Google refused the credentials (HTTP {response.status_code}{said and f', {said}'});"
                f" renew what {self._variable} holds."
            )
        succeeded(response, "Google's token server", self._now())
        token = content.get("access_token")
        if not isinstance(token, str) or not token:
            raise DestinationError(f"Google answered without a token; check the token_uri that {self._variable} holds.")
        return token

    def _form(self, address: str) -> dict[str, str]:
        if self._signer is None:
            names = ("client_id", "client_secret", "refresh_token")
            return {"grant_type": "refresh_token"} | {name: self._content[name] for name in names}
        from google.auth import jwt

        now = int(self._now().timestamp())
        claims = {
            "iss": self._content["client_email"],
            "scope": SCOPE,
            "aud": address,
            "iat": now,
            "exp": now + _LIFETIME,
        }
        assertion = jwt.encode(self._signer, claims).decode()
        return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}


def _signer(variable: str, content: Mapping[str, Any]) -> Any:  # noqa: ANN401 - google-auth has no types
    from google.auth import crypt

    try:
        return crypt.RSASigner.from_service_account_info(content)
    except ValueError:
        raise ConfigurationError(
            f"destination 'google_ads': {variable}: its private_key cannot be read; download the key again."
        ) from None
