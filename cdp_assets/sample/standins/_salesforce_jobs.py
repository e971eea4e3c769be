"""Ingest jobs, as documented at https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/.

A job goes one step further each time it is looked at: `UploadComplete`, `InProgress`, and then done. A second upload
is taken, and then the job cannot be closed, as others have met it.
"""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import StringIO
from itertools import count
from typing import Any

from cdp_assets.sample.standins._salesforce_records import Records, Refused
from cdp_assets.sample.standins.base import Answer, Request

csv.field_size_limit(2**31 - 1)  # the default refuses fields over 128 KB
_RESULTS = ("successfulResults", "failedResults", "unprocessedRecords")


@dataclass
class IngestJob:
    """One job, with the rows it was given and what became of them."""

    asked: Mapping[str, Any]
    state: str = "Open"
    uploads: list[str] = field(default_factory=list)
    error: str = ""
    successful: list[dict[str, str]] = field(default_factory=list)
    failed: list[dict[str, str]] = field(default_factory=list)
    unprocessed: list[dict[str, str]] = field(default_factory=list)

    def rows(self) -> list[dict[str, str]]:
        """What was uploaded."""
        return list(csv.DictReader(StringIO(self.uploads[0] if self.uploads else "", newline="")))


class Jobs:
    """The ingest jobs of an org."""

    def __init__(self, records: Records) -> None:
        self.all: dict[str, IngestJob] = {}
        self._records = records
        self._numbers = count(1)

    def answer(self, method: str, parts: list[str], request: Request) -> Answer:
        """What the vendor answers to a request below `jobs/ingest`."""
        if (method, parts) == ("POST", []):
            return self._create(request.json())
        job = self.all.get(parts[0]) if parts else None
        if job is None:
            raise Refused(404, "NOT_FOUND", "The requested resource does not exist")
        match (method, *parts[1:]):
            case ("GET",):
                self._move_on(job)
                return Answer(200, self._info(parts[0]))
            case ("PATCH",):
                return self._set_state(parts[0], job, str(request.json().get("state")))
            case ("PUT", "batches"):
                return self._upload(job, request)
            case ("GET", kind) if kind in _RESULTS:
                return Answer(200, self._table(job, kind), {"Content-Type": "text/csv"})
        raise Refused(404, "NOT_FOUND", "The requested resource does not exist")

    def _create(self, asked: Mapping[str, Any]) -> Answer:
        if asked.get("object") != self._records.sobject:
            raise Refused(400, "INVALIDENTITY", f"Unable to find object: {asked.get('object')}")
        if asked.get("operation") not in {"insert", "update", "upsert", "delete"}:
            raise Refused(400, "INVALIDOPERATION", f"unknown operation {asked.get('operation')}")
        if asked["operation"] == "upsert" and asked.get("externalIdFieldName") != self._records.field:
            raise Refused(400, "INVALIDJOB", f"InvalidJob : Field name not found : {asked.get('externalIdFieldName')}")
        if (asked.get("contentType", "CSV"), asked.get("lineEnding", "LF")) != ("CSV", "LF"):
            raise Refused(400, "INVALIDJOB", "this stand-in takes CSV with line feeds")
        name = f"750{next(self._numbers):015}"
        self.all[name] = IngestJob(asked)
        return Answer(200, self._info(name))

    def _info(self, name: str) -> dict[str, Any]:
        job = self.all[name]
        known = ("object", "operation", "externalIdFieldName")
        told = {
            "id": name,
            "state": job.state,
            "contentType": "CSV",
            "lineEnding": "LF",
            "columnDelimiter": "COMMA",
            "contentUrl": f"services/data/v65.0/jobs/ingest/{name}/batches",
            "numberRecordsProcessed": len(job.successful) + len(job.failed),
            "numberRecordsFailed": len(job.failed),
        } | {key: job.asked[key] for key in known if key in job.asked}
        return told | ({"errorMessage": job.error} if job.error else {})

    def _upload(self, job: IngestJob, request: Request) -> Answer:
        if job.state != "Open":
            raise Refused(400, "INVALIDJOBSTATE", f"the job is {job.state}")
        if not request.headers.get("content-type", "").startswith("text/csv"):
            raise Refused(415, "UNSUPPORTED_MEDIA_TYPE", "text/csv is expected")
        job.uploads.append(request.body.decode())
        return Answer(201, rows=len(job.rows()))

    def _set_state(self, name: str, job: IngestJob, state: str) -> Answer:
        if state == "Aborted" and job.state in {"Open", "UploadComplete", "InProgress"}:
            job.unprocessed = job.rows()
            job.state = state
            return Answer(200, self._info(name))
        if state != "UploadComplete" or job.state != "Open":
            raise Refused(400, "INVALIDJOBSTATE", f"Invalid state transition from {job.state} to {state}")
        if len(job.uploads) > 1:
            raise Refused(400, "INVALIDJOB", f"Found multiple contents for job: <{name}>")
        job.state = state
        return Answer(200, self._info(name))

    def _move_on(self, job: IngestJob) -> None:
        if job.state == "UploadComplete":
            job.state = "InProgress"
        elif job.state == "InProgress":
            self._process(job)

    def _process(self, job: IngestJob) -> None:
        rows = job.rows()
        try:
            self._records.check(rows)
        except Refused as refused:
            said = str(refused)
            named = said.removeprefix("No such column '").partition("'")[0]
            job.error = f"InvalidBatch : Field name not found : {named}" if refused.code == "INVALID_FIELD" else said
            job.state, job.unprocessed = "Failed", rows
            return
        for row in rows:
            self._write(job, row)
        job.state = "JobComplete"

    def _write(self, job: IngestJob, row: dict[str, str]) -> None:
        # An empty cell leaves a field as it is; this text makes it null.
        record = {name: None if value == "#N/A" else value for name, value in row.items() if value != ""}
        writes: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "insert": self._records.create,
            "update": self._records.update,
            "upsert": self._records.upsert,
            "delete": self._records.delete,
        }
        result = writes[job.asked["operation"]](record)
        if result["success"]:
            job.successful.append(
                {"sf__Id": result["id"], "sf__Created": str(result.get("created", False)).lower()} | row
            )
        else:
            error = result["errors"][0]
            job.failed.append({"sf__Id": "", "sf__Error": f"{error['statusCode']}:{error['message']}:--"} | row)

    def _table(self, job: IngestJob, kind: str) -> bytes:
        rows = {"successfulResults": job.successful, "failedResults": job.failed}.get(kind, job.unprocessed)
        extra = {"successfulResults": ["sf__Id", "sf__Created"], "failedResults": ["sf__Id", "sf__Error"]}.get(kind, [])
        columns = extra + next(csv.reader(StringIO(job.uploads[0], newline="")), []) if job.uploads else extra
        text = StringIO(newline="")
        table = csv.DictWriter(text, columns, lineterminator="\n", quoting=csv.QUOTE_ALL)
        table.writeheader()
        table.writerows(rows)
        return text.getvalue().encode()
