"""Salesforce: records of one object, addressed by a text field that is an external id and holds the row's key.

A batch of up to 200 rows goes through sObject collections, a larger one through one job of the Bulk API 2.0. Additions
and changes are upserts. What Salesforce can do by `Id` alone (deletions, changes that must not create, removals that
empty fields) starts with a look-up of the ids. A merged customer's record gets the new external id, and so keeps its
history; if there is a record under the new one already, that gets the values and the former record is removed.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
from pydantic import Field

from cdp_assets.destinations._http import address, place
from cdp_assets.destinations._salesforce.answers import may_pass
from cdp_assets.destinations._salesforce.bulk import Patience
from cdp_assets.destinations._salesforce.collections import MOST_ROWS
from cdp_assets.destinations._salesforce.connection import Connection, Credentials
from cdp_assets.destinations._salesforce.work import Target
from cdp_assets.destinations._salesforce.writer import Writer
from cdp_assets.destinations.base import Batch, Destination, Limits, Operation, Removal, Row, RowResult
from cdp_assets.errors import ConfigurationError, DestinationError
from cdp_assets.settings import Settings
from cdp_assets.strict import Strict
from cdp_assets.validation import validated

BASE_URL = "CDP_SALESFORCE_BASE_URL"
_API_NAME = r"^[A-Za-z][A-Za-z0-9_]*$"
_VARIABLE = r"^[A-Z][A-Z0-9_]*$"


class SalesforceSettings(Strict):
    """Which org, which records, and how much at once."""

    base_url: str | None = Field(
        default=None,
        description="The org's My Domain URL, as `https://acme.my.salesforce.com`; unset, `CDP_SALESFORCE_BASE_URL`.",
    )
    client_id_variable: str = Field(
        default="CDP_SALESFORCE_CLIENT_ID",
        pattern=_VARIABLE,
        description="The environment variable that holds the consumer key of an app with the client credentials flow.",
    )
    client_secret_variable: str = Field(
        default="CDP_SALESFORCE_CLIENT_SECRET",
        pattern=_VARIABLE,
        description="The environment variable that holds its consumer secret.",
    )
    object: str = Field(default="Contact", pattern=_API_NAME, description="API name of the object written to.")
    external_id_field: str = Field(
        default="CDP_Customer_Id__c",
        pattern=_API_NAME,
        description="API name of its text field that is an external id and unique; it holds the row's key.",
    )
    api_version: str = Field(default="65.0", pattern=r"^\d{2,3}\.0$", description="Version of the API, 53.0 or later.")
    timeout_seconds: float = Field(default=120.0, gt=0, le=600, description="How long to wait for an answer.")
    batch_size: int = Field(default=MOST_ROWS, ge=1, le=MOST_ROWS, description="Rows a collections call, at most 200.")
    bulk_above: int = Field(
        default=2000, ge=MOST_ROWS, description="An operation with more rows than this goes through bulk jobs."
    )
    bulk_batch_size: int = Field(
        default=10_000, gt=MOST_ROWS, le=150_000, description="Rows a bulk job, 201 to 150,000."
    )
    poll_seconds: float = Field(default=10.0, gt=0, le=600, description="Between two looks at a bulk job.")
    longest_wait_seconds: float = Field(
        default=1800.0, gt=0, description="How long to look at a bulk job before the batch is tried again."
    )
    concurrency: int = Field(
        default=2, ge=1, le=10, description="Batches at once; more may lock one another out of shared accounts."
    )


class SalesforceDestination(Destination):
    """Writes the records of one object in one org."""

    settings_model = SalesforceSettings

    def __init__(
        self,
        url: httpx.URL,
        credentials: Credentials,
        settings: SalesforceSettings,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.limits = Limits(
            settings.batch_size,
            addressed_by_key=True,
            concurrency=settings.concurrency,
            bulk_batch_size=settings.bulk_batch_size,
            bulk_above=settings.bulk_above,
        )
        self._url = url
        self._target = Target(settings.object, settings.external_id_field)
        self._connection = Connection(
            url, credentials, settings.api_version, settings.timeout_seconds, settings.concurrency, now
        )
        patience = Patience(settings.poll_seconds, settings.longest_wait_seconds, clock, sleep)
        self._writer = Writer(self._connection, self._target, patience)

    @property
    def target(self) -> str:
        return f"salesforce {place(self._url)} {self._target.sobject} {self._target.field}"

    @classmethod
    def from_settings(
        cls,
        values: Mapping[str, Any],
        settings: Settings,  # noqa: ARG003 - needs nothing of the deployment's own
        env: Mapping[str, str],
    ) -> "SalesforceDestination":
        found = validated(SalesforceSettings, values, "destination 'salesforce'")
        url = address(found.base_url or env.get(BASE_URL) or "", "", "salesforce", BASE_URL)
        secrets = [env.get(name, "").strip() for name in (found.client_id_variable, found.client_secret_variable)]
        for name, what, secret in (
            (found.client_id_variable, "consumer key", secrets[0]),
            (found.client_secret_variable, "consumer secret", secrets[1]),
        ):
            if not secret:
                raise ConfigurationError(f"destination 'salesforce': {name} is not set; it must hold the {what}.")
        return cls(url, Credentials(*secrets), found)

    def payload(self, batch: Batch) -> object:
        shown: dict[str, Any] = {"object": self._target.sobject, "external_id_field": self._target.field}
        if batch.operation is Operation.REMOVE and batch.removal is Removal.DELETE:
            return shown | {"delete": [row.key for row in batch.rows]}
        return shown | {"records": [self._target.record(_cleared(batch, row)) for row in batch.rows]}

    def send(self, batch: Batch) -> list[RowResult]:
        self._check_columns(batch)
        refused = self._writer.removed(batch) if batch.operation is Operation.REMOVE else self._writer.written(batch)
        return [_result(row.key, refused.get(row.key)) for row in batch.rows]

    def close(self) -> None:
        self._connection.close()

    def _check_columns(self, batch: Batch) -> None:
        reserved = {"Id", "attributes", self._target.field}.intersection(batch.columns)
        if reserved:
            raise DestinationError(
                f"sync {batch.sync!r}: the mapping names {', '.join(sorted(reserved))}, by which Salesforce addresses"
                " records; take it out."
            )


def _result(key: str, reason: str | None) -> RowResult:
    if reason is None:
        return RowResult(key, accepted=True)
    return RowResult(key, accepted=False, reason=reason, transient=may_pass(reason))


def _cleared(batch: Batch, row: Row) -> Row:
    """The row of a removal with null in every mapped field."""
    return Row(row.key, dict.fromkeys(batch.columns)) if batch.operation is Operation.REMOVE else row
