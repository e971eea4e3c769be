"""Salesforce: records of one object, addressed by a text field that is an external id and holds the row's key.

A batch of up to 200 rows goes through sObject collections, a larger one through one job of the Bulk API 2.0. Additions
and changes are upserts. What Salesforce can do by `Id` alone (deletions, changes that must not create, removals that
empty fields) starts with a look-up of the ids. A merged customer's record gets the new external id, and so keeps its
history; if there is a record under the new one already, that gets the values and the former record is removed.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
from pydantic import Field

from cdp_assets.destinations._http import address
from cdp_assets.destinations._salesforce.answers import DUPLICATE, GONE, may_pass
from cdp_assets.destinations._salesforce.bulk import Ingest, Patience
from cdp_assets.destinations._salesforce.collections import MOST_ROWS, Collections
from cdp_assets.destinations._salesforce.connection import Connection, Credentials
from cdp_assets.destinations._salesforce.lookup import Lookup
from cdp_assets.destinations._salesforce.records import Record, cell, says_null
from cdp_assets.destinations._salesforce.work import Progress, Target, Work, keep_existed, own_rows
from cdp_assets.destinations.base import Batch, Destination, Limits, Mode, Operation, Removal, Row, RowResult
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
        self._target = Target(settings.object, settings.external_id_field)
        self._connection = Connection(
            url, credentials, settings.api_version, settings.timeout_seconds, settings.concurrency, now
        )
        parts = (self._connection, settings.object, settings.external_id_field)
        self._lookup, self._collections = Lookup(*parts), Collections(*parts)
        self._bulk = Ingest(*parts, Patience(settings.poll_seconds, settings.longest_wait_seconds, clock, sleep))

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
        refused = self._removed(batch) if batch.operation is Operation.REMOVE else self._written(batch)
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

    def _removed(self, batch: Batch) -> dict[str, str]:
        """Take away the records, or empty their fields; of a record that is not there, nothing is left to do."""
        known = self._lookup.ids([row.key for row in batch.rows])
        refused = {key: self._target.ambiguous(len(ids)) for key, ids in known.items() if len(ids) > 1}
        rows = [row for row in batch.rows if row.key in known and row.key not in refused]
        said = self._taken_away(batch, {row.key: known[row.key][0] for row in rows}, bulk=len(batch.rows) > MOST_ROWS)
        return refused | said

    def _taken_away(self, batch: Batch, ids: Mapping[str, str], *, bulk: bool) -> dict[str, str]:
        if batch.removal is Removal.NOTHING:
            return {}
        deletes = batch.removal is Removal.DELETE
        nulls: Record = {} if deletes else dict.fromkeys(batch.columns)
        records = {key: {"Id": record_id, **nulls} for key, record_id in ids.items()}
        if bulk:
            said = self._by_id(batch, "delete" if deletes else "update", records)
        else:
            said = (self._collections.delete if deletes else self._collections.update)(records)
        return {key: reason for key, reason in said.items() if not reason.startswith(GONE)}

    def _by_id(self, batch: Batch, operation: str, records: Mapping[str, Record]) -> dict[str, str]:
        if not records:
            return {}
        results = self._bulk.run(Progress(batch.job).part("bulk"), operation, lambda: list(records.values()), "Id")
        said = {key: results.reason(record["Id"]) for key, record in records.items()}
        return {key: reason for key, reason in said.items() if reason}

    def _written(self, batch: Batch) -> dict[str, str]:
        # A former record that another row of the batch claims stays that row's.
        keys = {row.key for row in batch.rows}
        rows = [replace(row, previous_key=None) if row.previous_key in keys else row for row in batch.rows]
        # A record that moves takes several steps, and a text that a bulk job would take for null has no other way.
        plain = [row for row in rows if row.previous_key is None and not says_null(row.fields)]
        if len(plain) <= MOST_ROWS:
            return self._collected(batch, rows)
        apart = [row for row in rows if row.previous_key is not None or says_null(row.fields)]
        return self._in_bulk(batch, plain) | self._collected(batch, apart)

    def _collected(self, batch: Batch, rows: Sequence[Row]) -> dict[str, str]:
        looked_up = [row for row in rows if row.previous_key is not None or batch.mode in {Mode.INSERT, Mode.UPDATE}]
        keys = [key for row in looked_up for key in (row.key, row.previous_key) if key is not None]
        known = self._lookup.ids(keys) if keys else {}
        existed = Progress(batch.job).part("existed")
        own = own_rows(existed, rows) if batch.mode is Mode.INSERT else None
        work = self._target.work(batch.mode, rows, known, own or ())
        if work.creates and own is None:
            keep_existed(existed, rows, known)
        refused = work.refused | self._collections.update(work.updates) | self._collections.upsert(work.upserts)
        refused |= self._created(work, again=own is not None)
        left = {key: former for key, former in work.leaving.items() if key not in refused}
        unremoved = self._taken_away(batch, left, bulk=False)
        return refused | {key: f"its former record was not removed: {said}" for key, said in unremoved.items()}

    def _created(self, work: Work, *, again: bool) -> dict[str, str]:
        """Create records; what a late first attempt has created meanwhile is ours."""
        refused = self._collections.create(work.creates)
        doubtful = [key for key, reason in refused.items() if again and reason.startswith(DUPLICATE)]
        found = self._lookup.ids(doubtful) if doubtful else {}
        return {key: reason for key, reason in refused.items() if key not in found}

    def _in_bulk(self, batch: Batch, rows: Sequence[Row]) -> dict[str, str]:
        if batch.mode is Mode.UPDATE:
            work = self._target.work(batch.mode, rows, self._lookup.ids([row.key for row in rows]))
            return work.refused | self._by_id(batch, "update", work.updates)
        if batch.mode is Mode.INSERT:
            return self._inserted_in_bulk(batch, rows)
        results = self._bulk.run(
            batch.job, "upsert", lambda: [self._target.record(row) for row in rows], self._target.field
        )
        return _refused(results.reason, rows)

    def _inserted_in_bulk(self, batch: Batch, rows: Sequence[Row]) -> dict[str, str]:
        """A job that is gone on with created what it mentions; what it does not mention was there before it."""
        looked_up: dict[str, str] = {}

        def creates() -> list[Record]:
            work = self._target.work(batch.mode, rows, self._lookup.ids([row.key for row in rows]))
            looked_up.update(work.refused)
            return list(work.creates.values())

        results = self._bulk.run(Progress(batch.job).part("bulk"), "insert", creates, self._target.field)
        mentioned = results.accepted | results.refused.keys()
        there = {row.key: self._target.there_already() for row in rows if cell(row.key) not in mentioned}
        return there | looked_up | _refused(results.reason, [row for row in rows if cell(row.key) in mentioned])


def _result(key: str, reason: str | None) -> RowResult:
    if reason is None:
        return RowResult(key, accepted=True)
    return RowResult(key, accepted=False, reason=reason, transient=may_pass(reason))


def _refused(reason: Callable[[str], str], rows: Sequence[Row]) -> dict[str, str]:
    said = {row.key: reason(cell(row.key)) for row in rows}
    return {key: why for key, why in said.items() if why}


def _cleared(batch: Batch, row: Row) -> Row:
    """The row of a removal with null in every mapped field."""
    return Row(row.key, dict.fromkeys(batch.columns)) if batch.operation is Operation.REMOVE else row
