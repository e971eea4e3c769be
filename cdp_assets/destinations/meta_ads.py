"""Meta's custom audiences: identifiers are added by `POST /{audience}/users` and removed by `DELETE` on the same.

The engine compares identifiers, not customers: what another member still needs is not removed. Each kind of identifier
is an upload of its own. An upload says what is to be in the audience, or not, so that one whose answer was lost is
simply made again. It is never `usersreplace`, which removes members that were not sent.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from secrets import randbits
from typing import Any

from pydantic import Field, field_validator

from cdp_assets.activation.hashing.meta import country_code
from cdp_assets.destinations._http import address, place
from cdp_assets.destinations._meta_ads.graph import Graph
from cdp_assets.destinations._meta_ads.keys import KINDS, check_fields, identifiers
from cdp_assets.destinations._meta_ads.uploads import Answer, Search, payload, read
from cdp_assets.destinations._rate import RateLimit
from cdp_assets.destinations.base import (
    Batch,
    Identifier,
    IdentifierDestination,
    Limits,
    Mode,
    Operation,
    Removal,
    Row,
    RowResult,
)
from cdp_assets.errors import ConfigurationError
from cdp_assets.settings import Settings
from cdp_assets.strict import Strict
from cdp_assets.validation import validated

BASE_URL = "CDP_META_ADS_BASE_URL"
AUDIENCE_ID = "CDP_META_ADS_AUDIENCE_ID"
TOKEN = "CDP_META_ADS_TOKEN"  # noqa: S105 - the name of a variable
APP_SECRET = "CDP_META_ADS_APP_SECRET"  # noqa: S105 - the name of a variable
GRAPH = "https://graph.facebook.com"
MOST_ROWS = 10_000
VARIABLE = r"^[A-Z][A-Z0-9_]*$"


class MetaAdsSettings(Strict):
    """Which audience, how it is asked, and how fast."""

    audience_id: str | None = Field(
        default=None,
        pattern=r"^[0-9]+$",
        description="The custom audience, a customer list that exists; unset, `CDP_META_ADS_AUDIENCE_ID`.",
    )
    base_url: str | None = Field(
        default=None,
        description="The Graph API; unset, `CDP_META_ADS_BASE_URL`, and without that `https://graph.facebook.com`.",
    )
    api_version: str = Field(default="v26.0", pattern=r"^v[0-9]+\.[0-9]+$", description="The Graph API's version.")
    token_variable: str = Field(
        default=TOKEN,
        pattern=VARIABLE,
        description="The environment variable that holds a system user's token with `ads_management`.",
    )
    app_secret_variable: str = Field(
        default=APP_SECRET,
        pattern=VARIABLE,
        description="The environment variable that may hold the app's secret; set, each request has a proof of it.",
    )
    default_country: str | None = Field(
        default=None,
        pattern=r"^[A-Z]{2}$",
        description="The country of rows without one, as `US`; it says how national phone numbers are read.",
    )
    limited_data_use: bool = Field(
        default=False,
        description="Adds people under Limited Data Use, in the states of the United States that have it.",
    )
    timeout_seconds: float = Field(default=60.0, gt=0, le=600, description="How long to wait for an answer.")
    batch_size: int = Field(
        default=MOST_ROWS, ge=1, le=MOST_ROWS, description="Identifiers a request, at most 10,000 of one kind."
    )
    concurrency: int = Field(default=2, ge=1, le=16, description="Batches on their way at once.")
    rate_requests: int = Field(
        default=3000,
        ge=1,
        description="Requests allowed in `rate_seconds`; an app with development access has 20.",
    )
    rate_seconds: float = Field(default=300.0, gt=0, description="The stretch of time they are counted in.")

    @field_validator("default_country")
    @classmethod
    def _a_country(cls, value: str | None) -> str | None:
        if value is not None and country_code(value) is None:
            raise ValueError("it must be the two letters of a country in ISO 3166, as US")
        return value


class MetaAdsDestination(IdentifierDestination):
    """Keeps the members of one custom audience."""

    settings_model = MetaAdsSettings

    def __init__(self, graph: Graph, target: str, settings: MetaAdsSettings) -> None:
        self.limits = Limits(
            settings.batch_size,
            modes=frozenset(Mode) - {Mode.UPDATE},
            removals=frozenset({Removal.DELETE, Removal.NOTHING}),
            concurrency=settings.concurrency,
        )
        self._graph = graph
        self._target = target
        self._settings = settings

    @property
    def target(self) -> str:
        return self._target

    @classmethod
    def from_settings(
        cls,
        values: Mapping[str, Any],
        settings: Settings,  # noqa: ARG003 - needs nothing of the deployment's own
        env: Mapping[str, str],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> "MetaAdsDestination":
        found = validated(MetaAdsSettings, values, "destination 'meta_ads'")
        audience = found.audience_id or env.get(AUDIENCE_ID, "").strip()
        if not (audience.isascii() and audience.isdigit()):
            raise ConfigurationError(
                f"destination 'meta_ads': audience_id is {audience!r}; set it, or {AUDIENCE_ID}, to the number of a"
                " custom audience."
            )
        base = found.base_url or env.get(BASE_URL) or GRAPH
        url = address(base, f"{found.api_version}/{audience}/users", "meta_ads", BASE_URL)
        token = env.get(found.token_variable, "").strip()
        if not token:
            raise ConfigurationError(
                f"destination 'meta_ads': {found.token_variable} is not set; it must hold the access token."
            )
        secret = env.get(found.app_secret_variable, "").strip() or None
        limit = RateLimit(found.rate_requests, found.rate_seconds)
        target = f"meta_ads {place(address(base, audience, 'meta_ads', BASE_URL))}"  # of whatever version
        return cls(Graph(url, token, secret, found.timeout_seconds, limit, now), target, found)

    def identifiers(self, fields: Mapping[str, Any]) -> Sequence[Identifier]:
        return identifiers(fields, self._settings.default_country)

    def check_mapping(self, fields: Sequence[str]) -> None:
        check_fields(fields)

    def payload(self, batch: Batch) -> object:
        method = _method(batch)
        return [
            {"method": method, "payload": self._payload(batch, kind, rows)} for kind, rows in _by_kind(batch).items()
        ]

    def send(self, batch: Batch) -> list[RowResult]:
        groups = _by_kind(batch)
        known = {row.key for rows in groups.values() for row in rows}
        refused = {row.key: "it is no identifier that Meta has" for row in batch.rows if row.key not in known}
        for kind, rows in groups.items():
            refused |= Search(partial(self._upload, batch, kind)).refused(rows)
        return [RowResult(row.key, row.key not in refused, refused.get(row.key, "")) for row in batch.rows]

    def close(self) -> None:
        self._graph.close()

    def _upload(self, batch: Batch, kind: str, rows: Sequence[Row]) -> Answer:
        # Each request is a session of its own: one that is made again must not look like one that has ended.
        session = {
            "session_id": randbits(63),
            "batch_seq": 1,
            "last_batch_flag": True,
            "estimated_num_total": len(rows),
        }
        parameters = {"payload": self._payload(batch, kind, rows), "session": session}
        return read(self._graph.ask(_method(batch), parameters), len(rows), self._graph.safe)

    def _payload(self, batch: Batch, kind: str, rows: Sequence[Row]) -> dict[str, Any]:
        adds = batch.operation is not Operation.REMOVE
        return payload(kind, rows, limited=self._settings.limited_data_use and adds)


def _method(batch: Batch) -> str:
    return "DELETE" if batch.operation is Operation.REMOVE else "POST"


def _by_kind(batch: Batch) -> dict[str, list[Row]]:
    """The rows of each kind of identifier, in the order of the kinds; what is none of them is left out."""
    groups = {kind: [row for row in batch.rows if row.fields.get("kind") == kind] for kind in KINDS}
    return {kind: rows for kind, rows in groups.items() if rows}
