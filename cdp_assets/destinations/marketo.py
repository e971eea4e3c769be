"""Marketo: leads, by `POST /rest/v1/leads.json`, known by a field of their own that has the row's key.

With a `list_id`, additions also go on that static list, and removals come off it. A change or a removal never makes a
lead. Of a row whose customer was merged, the lead keeps its history and gets the new key; where the new key has a lead
already, that one gets the values and the old one loses them. Large batches of additions are bulk imports.

It speaks HTTP by itself: the client `marketorestpython` puts the client secret in a URL, retries on its own account,
reads imports from files on disk, and keeps its rate and its patience in globals.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from threading import Semaphore
from typing import Any

import httpx
from pydantic import Field, field_validator

from cdp_assets.destinations._http import address, place
from cdp_assets.destinations._marketo.api import Api, Credentials
from cdp_assets.destinations._marketo.imports import AT_ONCE, Imports, csv_of, importable
from cdp_assets.destinations._marketo.leads import MOST_LEADS, Leads, Record
from cdp_assets.destinations._marketo.writes import Writes, action_of
from cdp_assets.destinations._rate import RateLimit
from cdp_assets.destinations.base import Batch, Destination, Limits, Mode, Operation, Removal, Row, RowResult
from cdp_assets.errors import ConfigurationError, DestinationError
from cdp_assets.settings import Settings
from cdp_assets.strict import Strict
from cdp_assets.validation import validated

BASE_URL = "CDP_MARKETO_BASE_URL"
CLIENT_ID = "CDP_MARKETO_CLIENT_ID"
CLIENT_SECRET = "CDP_MARKETO_CLIENT_SECRET"  # noqa: S105 - the name of a variable
_VARIABLE = r"^[A-Z][A-Z0-9_]*$"


class MarketoSettings(Strict):
    """Which instance, which leads, and how fast."""

    base_url: str | None = Field(
        default=None,
        description="The instance's REST endpoint, as `https://123-abc-456.mktorest.com`; unset,"
        " `CDP_MARKETO_BASE_URL`.",
    )
    client_id_variable: str = Field(
        default=CLIENT_ID,
        pattern=_VARIABLE,
        description="The environment variable that holds the client id of a custom service.",
    )
    client_secret_variable: str = Field(
        default=CLIENT_SECRET,
        pattern=_VARIABLE,
        description="The environment variable that holds its client secret.",
    )
    lookup_field: str = Field(
        default="cdpCustomerId",
        pattern=r"^[A-Za-z][A-Za-z0-9_]*$",
        description="The API name of the field that holds the row's key, of type string, email or integer.",
    )
    list_id: int | None = Field(
        default=None, ge=1, description="The id of a static list: additions go on it, removals come off it."
    )
    timeout_seconds: float = Field(default=60.0, gt=0, le=600, description="How long to wait for an answer.")
    batch_size: int = Field(default=MOST_LEADS, ge=1, le=MOST_LEADS, description="Leads a call, at most 300.")
    concurrency: int = Field(
        default=5, ge=1, le=10, description="Calls at once, at most 10, which is all that an instance takes."
    )
    rate_requests: int = Field(
        default=50,
        ge=1,
        description="Calls allowed in `rate_seconds`; an instance takes 100 of all that call it, and Marketo asks each"
        " to keep to 50.",
    )
    rate_seconds: float = Field(default=20.0, gt=0, description="The stretch of time they are counted in.")
    bulk_above: int = Field(
        default=10_000, ge=0, description="Additions of one run above which they are imported in bulk."
    )
    bulk_batch_size: int | None = Field(
        default=10_000, ge=1, le=100_000, description="Leads an import, whose file is below 10 MB; null never imports."
    )
    poll_seconds: float = Field(default=10.0, gt=0, le=600, description="How often to look whether an import is over.")
    longest_wait_seconds: float = Field(
        default=3600.0, ge=0, description="How long to look before the batch counts as failed for now."
    )

    @field_validator("lookup_field")
    @classmethod
    def _is_ours_to_set(cls, name: str) -> str:
        if name.casefold() == "id":
            raise ValueError("Marketo gives leads their id; name a field that can hold the row's key")
        return name


class MarketoDestination(Destination):
    """Writes values onto leads of one instance, and keeps a static list of them."""

    settings_model = MarketoSettings

    def __init__(
        self,
        url: httpx.URL,
        credentials: Credentials,
        settings: MarketoSettings,
        limit: RateLimit | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        delete = () if settings.list_id is None else (Removal.DELETE,)
        self.limits = Limits(
            settings.batch_size,
            removals=frozenset({Removal.CLEAR_FIELDS, Removal.NOTHING, *delete}),
            addressed_by_key=True,
            concurrency=settings.concurrency,
            bulk_batch_size=settings.bulk_batch_size,
            bulk_above=settings.bulk_above,
        )
        self._settings = settings
        self._url = url
        limit = limit or RateLimit(settings.rate_requests, settings.rate_seconds)
        self._api = Api(url, credentials, settings.timeout_seconds, limit, settings.rate_seconds, now)
        leads = Leads(self._api, settings.lookup_field)
        self._leads = leads
        self._writes = Writes(leads, settings.list_id, settings.batch_size)
        self._imports = Imports(
            self._api,
            settings.lookup_field,
            settings.list_id,
            settings.poll_seconds,
            settings.longest_wait_seconds,
            # Marketo refuses a second import onto the same list.
            Semaphore(AT_ONCE if settings.list_id is None else 1),
            sleep,
        )

    @property
    def target(self) -> str:
        onto = "" if self._settings.list_id is None else f" on list {self._settings.list_id}"
        return f"marketo {place(self._url)} by {self._settings.lookup_field}{onto}"

    @classmethod
    def from_settings(
        cls,
        values: Mapping[str, Any],
        settings: Settings,  # noqa: ARG003 - needs nothing of the deployment's own
        env: Mapping[str, str],
    ) -> "MarketoDestination":
        found = validated(MarketoSettings, values, "destination 'marketo'")
        # Marketo's own pages show the endpoint with this path.
        base = (found.base_url or env.get(BASE_URL) or "").rstrip("/").removesuffix("/rest")
        url = address(base, "", "marketo", BASE_URL)
        said = []
        for variable, what in (
            (found.client_id_variable, "the client id"),
            (found.client_secret_variable, "the client secret"),
        ):
            said.append(env.get(variable, "").strip())
            if not said[-1]:
                raise ConfigurationError(f"destination 'marketo': {variable} is not set; it must hold {what}.")
        return cls(url, Credentials(*said), found)

    def payload(self, batch: Batch) -> object:
        if batch.operation is Operation.REMOVE:
            if self._takes_off_list_only(batch):
                return self._leads.question(row.key for row in batch.rows)
            return self._leads.body("updateOnly", [self._writes.cleared(batch, row.key) for row in batch.rows])
        imported, called = self._divided(batch)
        body = self._leads.body(action_of(batch), [self._record(row) for row in called])
        if not imported:
            return body
        file = {"file": csv_of([self._record(row) for row in imported]).decode()}
        return self._imports.parameters() | file | ({"calls": body} if called else {})

    def send(self, batch: Batch) -> list[RowResult]:
        self._check_mapping(batch)
        if batch.operation is not Operation.REMOVE:
            refused = self._put(batch)
        elif self._takes_off_list_only(batch):
            refused = self._writes.take_off_list(batch)
        else:
            refused = self._writes.clear(batch, [row.key for row in batch.rows])
        return [RowResult(row.key, row.key not in refused, refused.get(row.key, "")) for row in batch.rows]

    def close(self) -> None:
        self._api.close()

    def _put(self, batch: Batch) -> dict[str, str]:
        imported, called = self._divided(batch)
        refused: dict[str, str] = {}
        if imported:
            report = self._imports.run([self._record(row) for row in imported], batch.job)
            refused |= report.refused
            called = [*called, *(row for row in imported if row.key in report.unclear)]
        moved = [row for row in called if row.previous_key]
        refused |= self._writes.write(batch, [row for row in called if not row.previous_key])
        return refused | self._writes.move(batch, moved)

    def _divided(self, batch: Batch) -> tuple[Sequence[Row], Sequence[Row]]:
        """The rows to import, and those to write by calls. An import can only create or update, so others cannot."""
        large = len(batch.rows) > self._settings.batch_size or batch.job.name is not None
        if not large or batch.operation is not Operation.ADD or batch.mode is Mode.INSERT:
            return [], batch.rows
        imported = [row for row in batch.rows if not row.previous_key and importable(self._record(row))]
        keys = {row.key for row in imported}
        return imported, [row for row in batch.rows if row.key not in keys]

    def _record(self, row: Row) -> Record:
        return self._leads.record(row.key, row.fields)

    def _takes_off_list_only(self, batch: Batch) -> bool:
        return batch.removal is Removal.DELETE and self._settings.list_id is not None

    def _check_mapping(self, batch: Batch) -> None:
        known_by = {"id", self._settings.lookup_field.casefold()}
        reserved = sorted(name for name in batch.columns if name.casefold() in known_by)
        if reserved:
            raise DestinationError(
                f"sync {batch.sync!r}: the mapping names {', '.join(reserved)}, by which leads are known in Marketo;"
                " leave it out: the row's key goes there."
            )
