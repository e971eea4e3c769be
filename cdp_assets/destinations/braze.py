"""Braze: attributes of user profiles, by `POST /users/track`, addressed by `external_id`, which is the row's key.

A change or a removal never makes a profile: it is sent with `_update_existing_only`. A removal sets every mapped
attribute to null, which takes it off the profile; the profile itself stays. Of a row whose customer was merged, the
new `external_id` gets the values and then the old one loses them; events and purchases stay where Braze has them.
Everything sent states what an attribute is to be, so a request that may have arrived is simply sent again.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
from pydantic import Field

from cdp_assets.destinations._http import address, answered, client, place, succeeded
from cdp_assets.destinations._payload import line, plain
from cdp_assets.destinations._rate import RateLimit
from cdp_assets.destinations.base import (
    Batch,
    Destination,
    Limits,
    Mode,
    Operation,
    PermanentError,
    Removal,
    Row,
    RowResult,
)
from cdp_assets.errors import ConfigurationError, DestinationError
from cdp_assets.settings import Settings
from cdp_assets.strict import Strict
from cdp_assets.validation import validated

BASE_URL = "CDP_BRAZE_BASE_URL"
API_KEY = "CDP_BRAZE_API_KEY"
MOST_OBJECTS = 75
EXISTING_ONLY = "_update_existing_only"
ADDRESSING = frozenset({"external_id", "user_alias", "braze_id", EXISTING_ONLY, "push_token_import"})
INSTRUCTIONS = frozenset({"inc", "add", "remove", "update", "$add", "$remove", "$update"})


class BrazeSettings(Strict):
    """Which workspace, and how fast."""

    base_url: str | None = Field(
        default=None,
        description="The workspace's REST endpoint, as `https://rest.iad-01.braze.com`; unset, `CDP_BRAZE_BASE_URL`.",
    )
    key_variable: str = Field(
        default=API_KEY,
        pattern=r"^[A-Z][A-Z0-9_]*$",
        description="The environment variable that holds an API key with the permission `users.track`.",
    )
    timeout_seconds: float = Field(default=30.0, gt=0, le=600, description="How long to wait for an answer.")
    batch_size: int = Field(
        default=MOST_OBJECTS,
        ge=1,
        le=MOST_OBJECTS,
        description="Profiles a request, at most 75; some contracts say 50.",
    )
    concurrency: int = Field(default=4, ge=1, le=64, description="Requests on their way at once.")
    rate_requests: int = Field(default=3000, ge=1, description="Requests allowed in `rate_seconds`.")
    rate_seconds: float = Field(default=3.0, gt=0, description="The stretch of time they are counted in.")


class BrazeDestination(Destination):
    """Writes attributes onto the profiles of one workspace."""

    settings_model = BrazeSettings

    def __init__(
        self,
        url: httpx.URL,
        key: str,
        settings: BrazeSettings,
        limit: RateLimit | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        removals = frozenset({Removal.CLEAR_FIELDS, Removal.NOTHING})
        self.limits = Limits(
            settings.batch_size, removals=removals, addressed_by_key=True, concurrency=settings.concurrency
        )
        self._url = url
        self._key = key
        self._limit = limit or RateLimit(settings.rate_requests, settings.rate_seconds)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
        self._client = client(timeout=settings.timeout_seconds, headers=headers)
        self._now = now

    @property
    def target(self) -> str:
        return f"braze {place(self._url)}"

    @classmethod
    def from_settings(
        cls,
        values: Mapping[str, Any],
        settings: Settings,  # noqa: ARG003 - needs nothing of the deployment's own
        env: Mapping[str, str],
    ) -> "BrazeDestination":
        found = validated(BrazeSettings, values, "destination 'braze'")
        url = address(found.base_url or env.get(BASE_URL) or "", "users/track", "braze", BASE_URL)
        key = env.get(found.key_variable, "").strip()
        if not key:
            raise ConfigurationError(f"destination 'braze': {found.key_variable} is not set; it must hold the API key.")
        return cls(url, key, found)

    def payload(self, batch: Batch) -> object:
        return {"attributes": [_profile(batch, row) for row in batch.rows]}

    def send(self, batch: Batch) -> list[RowResult]:
        reserved = ADDRESSING & set(batch.columns)
        if reserved:
            raise DestinationError(
                f"sync {batch.sync!r}: the mapping names {', '.join(sorted(reserved))}, by which Braze addresses"
                " profiles; give the field another name."
            )
        refused = _unsendable(batch)
        refused |= self._set({row.key: _profile(batch, row) for row in batch.rows if row.key not in refused})
        # Old ids lose their values only once the new ones have them, so that nothing is lost on the way.
        moved = {row.previous_key: row.key for row in batch.rows if row.previous_key and row.key not in refused}
        left = self._set({old: _cleared(batch, old) for old in moved})
        refused |= {moved[old]: f"its former external_id was not cleared: {said}" for old, said in left.items()}
        return [RowResult(row.key, row.key not in refused, refused.get(row.key, "")) for row in batch.rows]

    def close(self) -> None:
        self._client.close()

    def _set(self, profiles: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
        """Send attribute objects by external id; those Braze refused, with what it said."""
        keys = list(profiles)
        said = self._post([profiles[key] for key in keys]) if keys else {}
        return {keys[index]: reason for index, reason in said.items()}

    def _post(self, objects: Sequence[Mapping[str, Any]]) -> dict[int, str]:
        """One request; the objects it refused, by their place, with what it said.

        Raises:
            TransientError: there was no answer, or one that says to try again.
            PermanentError: Braze refused all of it, or some of it without saying what.
            DestinationError: no request can succeed.
        """
        where, content = f"Braze at {self._url.host}", line({"attributes": objects})
        self._limit.take()
        response = answered(lambda: self._client.post(self._url, content=content))
        body = _json(response)
        message, (placed, all_placed) = self._safe(_message(body)), _errors(body, len(objects))
        refused = {index: self._safe(reason) for index, reason in placed.items()}
        if response.status_code == httpx.codes.BAD_REQUEST and len(refused) < len(objects):
            raise PermanentError(f"HTTP 400: {message}")
        if response.status_code != httpx.codes.BAD_REQUEST:
            succeeded(response, where, self._now())
            if not message:
                raise DestinationError(f"{where} answered without a message; check that base_url is a REST endpoint.")
            if message not in {"success", "queued"}:
                raise PermanentError(message)
            if not all_placed:
                raise PermanentError("it refused objects without saying which")
        return refused

    def _safe(self, said: str) -> str:
        """What Braze said without the key, which it may quote."""
        return said.replace(self._key, "<key>")


def _unsendable(batch: Batch) -> dict[str, str]:
    """Rows with an object that Braze would carry out instead of keep: sent twice, `{"inc": 1}` counts twice."""
    if batch.operation is Operation.REMOVE:
        return {}
    return {
        row.key: f"{name} is an object that Braze reads as an instruction; map a plain value"
        for row in batch.rows
        for name, value in row.fields.items()
        if isinstance(value, dict) and INSTRUCTIONS & set(value)
    }


def _profile(batch: Batch, row: Row) -> dict[str, Any]:
    """The attributes object of a row: its values, or null for each mapped attribute if it is to go."""
    if batch.operation is Operation.REMOVE:
        return _cleared(batch, row.key)
    found = {"external_id": row.key} | {name: _value(value) for name, value in row.fields.items()}
    # A held row's new id may have no profile yet: unless the sync only updates, it moves there.
    moves = row.previous_key is not None and batch.mode is not Mode.UPDATE
    if batch.operation is Operation.CHANGE and not moves:
        found[EXISTING_ONLY] = True
    return found


def _cleared(batch: Batch, key: str) -> dict[str, Any]:
    return {"external_id": key} | dict.fromkeys(batch.columns) | {EXISTING_ONLY: True}


def _value(value: object) -> object:
    """A JSON value; decimals always as numbers, since Braze drops values of another type than an attribute has."""
    return plain(float(value) if isinstance(value, Decimal) else value)


def _json(response: httpx.Response) -> Mapping[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _message(body: Mapping[str, Any]) -> str:
    said = body.get("message")
    return said if isinstance(said, str) else ""


def _errors(body: Mapping[str, Any], count: int) -> tuple[dict[int, str], bool]:
    """What the answer's `errors` say of which of `count` objects, and whether each of them says of which."""
    listed = body.get("errors")
    errors = listed if isinstance(listed, list) else []
    placed: dict[int, str] = {}
    for error in errors:
        index = error.get("index") if isinstance(error, dict) else None
        if not isinstance(index, int) or not 0 <= index < count:
            return placed, False
        placed.setdefault(index, str(error.get("type") or "no reason given"))
    return placed, True
