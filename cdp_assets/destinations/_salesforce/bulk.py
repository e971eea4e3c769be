"""Bulk API 2.0 ingest jobs: create, upload, close, poll, read the results.

The job's id is written down as soon as there is one, and a job that is written down is gone on with. One that is still
open was never processed, and whether its upload arrived cannot be asked (a second upload spoils the job): it is given
up and another takes its place, so that nothing is sent twice.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import polars as pl

from cdp_assets.destinations._salesforce.answers import MissingError, failed_job
from cdp_assets.destinations._salesforce.connection import Connection
from cdp_assets.destinations._salesforce.records import Record, in_csv
from cdp_assets.destinations.base import Job, PermanentError, TransientError
from cdp_assets.errors import DestinationError

MOST_BYTES = 100_000_000
"""The limit is 150 MB in base64, which the vendor reckons to be 100 MB of CSV."""

ENDED = frozenset({"JobComplete", "Failed", "Aborted"})


@dataclass
class Results:
    """What became of a job's records, by the column they were asked for by."""

    accepted: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)

    def mentions(self, name: str) -> bool:
        """Whether there is a result for a record."""
        return name in self.accepted or name in self.refused

    def reason(self, name: str) -> str:
        """Why a record was refused; empty if it was not."""
        return "" if name in self.accepted else self.refused.get(name, "the bulk job's results do not mention it")


@dataclass(frozen=True)
class Patience:
    """Seconds between two questions after a job, and how long one `send` asks."""

    between: float
    longest: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Ingest:
    """Runs the ingest jobs of one object."""

    def __init__(self, connection: Connection, sobject: str, field: str, patience: Patience) -> None:
        self._connection = connection
        self._sobject = sobject
        self._field = field
        self._patience = patience

    def run(self, job: Job, operation: str, records: Callable[[], Sequence[Record]], by: str) -> Results:
        """The results of the job that is written down, or of a new one with the records, by their column `by`.

        Raises:
            TransientError: it takes longer than one `send` may wait; the next goes on with it.
            PermanentError: nothing of it was processed, because of what is in it.
            DestinationError: nothing can succeed.
        """
        info = self._known(job)
        if info is None:
            rows = records()
            if not rows:
                return Results()
            info = self._begin(job, operation, in_csv(rows))
        ended = self._ended(str(job.name), info)
        return self._results(str(job.name), ended, by)

    def _known(self, job: Job) -> Mapping[str, Any] | None:
        """The job that is written down, unless there is none, it is gone, or nothing of it will be processed."""
        if job.name is None:
            return None
        name = job.name
        try:
            info = self._asked(lambda bulk: bulk.get_job(name, is_query=False))
        except (MissingError, PermanentError):  # jobs are kept for seven days
            return None
        if info["state"] == "Open":
            self._abort(name)
            return None
        return None if info["state"] == "Aborted" and not _count(info, "numberRecordsProcessed") else info

    def _abort(self, name: str) -> None:
        try:
            self._asked(lambda bulk: bulk.abort_job(name, is_query=False))
        except PermanentError:
            raise TransientError("a bulk job went on while it was aborted") from None

    def _begin(self, job: Job, operation: str, content: str) -> Mapping[str, Any]:
        size = len(content.encode())
        if size > MOST_BYTES:
            raise PermanentError(f"the rows are {size:,} bytes of CSV; a bulk job takes {MOST_BYTES:,}")
        name = self._created(operation).get("id")
        if not isinstance(name, str) or not name:
            raise self._unusable("without an id")
        job.keep(name)
        self._connection.bulk(self._sobject, lambda bulk: bulk.upload_job_data(name, content))
        return self._asked(lambda bulk: bulk.close_job(name))

    def _created(self, operation: str) -> Mapping[str, Any]:
        by = self._field if operation == "upsert" else None
        try:
            return self._asked(lambda bulk: bulk.create_job(operation, external_id_field=by))
        except PermanentError as error:  # no row is in it that could be at fault
            raise DestinationError(
                f"{self._connection.where} makes no bulk job of {self._sobject} ({error});"
                f" check object, {self._field}, and the user's rights."
            ) from None

    def _ended(self, name: str, info: Mapping[str, Any]) -> Mapping[str, Any]:
        """The job once it has come to an end."""
        end = self._patience.clock() + self._patience.longest
        while info["state"] not in ENDED:
            if self._patience.clock() >= end:
                raise TransientError(f"a bulk job was not done after {self._patience.longest:.0f} s; it goes on")
            self._patience.sleep(self._patience.between)
            info = self._asked(lambda bulk: bulk.get_job(name, is_query=False))
        if info["state"] == "Failed" and not _count(info, "numberRecordsProcessed"):
            raise failed_job(str(info.get("errorMessage") or ""), "failed", self._connection.where)
        return info

    def _results(self, name: str, info: Mapping[str, Any], by: str) -> Results:
        found = Results(set(self._table(name, "successfulResults", by)))
        found.refused = self._table(name, "failedResults", by)
        if info["state"] != "JobComplete":
            reason = f"bulk job {info['state'].lower()} before the row was processed; the next run sends it again"
            found.refused |= dict.fromkeys(self._table(name, "unprocessedRecords", by), reason)
        return found

    def _table(self, name: str, kind: str, by: str) -> dict[str, str]:
        """The records of a kind of results: by the column, what was said."""
        text = self._connection.bulk(self._sobject, lambda bulk: bulk.get_ingest_results(name, kind))
        try:
            table = pl.read_csv(BytesIO(text.encode()), infer_schema=False, raise_if_empty=False)
        except pl.exceptions.PolarsError:
            raise self._unusable(f"whose {kind} are no CSV") from None
        if not table.height:
            return {}
        if by not in table.columns or (kind == "failedResults" and "sf__Error" not in table.columns):
            raise self._unusable(f"whose {kind} have no column {by} or sf__Error")
        said = table["sf__Error"].to_list() if "sf__Error" in table.columns else [""] * table.height
        return {key or "": (reason or "no reason given") for key, reason in zip(table[by], said, strict=True)}

    def _asked(self, request: Callable[[Any], Any]) -> Mapping[str, Any]:
        info = self._connection.bulk(self._sobject, request)
        if not isinstance(info, dict) or not isinstance(info.get("state"), str):
            raise self._unusable("without a state")
        return info

    def _unusable(self, what: str) -> DestinationError:
        return DestinationError(f"{self._connection.where} told of a bulk job {what}; run the sync again to go on.")


def _count(info: Mapping[str, Any], name: str) -> int:
    """A count of the job's; one that is none counts as some, so that results are looked at."""
    found = info.get(name, 0)
    return found if isinstance(found, int) else 1
