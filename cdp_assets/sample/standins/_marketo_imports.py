"""Bulk imports of the stand-in for Marketo: jobs that move on each time somebody looks at them."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import HTTP
from typing import Any

from cdp_assets.sample.standins._marketo_leads import LeadBook
from cdp_assets.sample.standins.base import Request

MOST_JOBS = 10
STATES = ("Queued", "Importing", "Complete")
FIRST_JOB = 3001


@dataclass
class _Job:
    rows: list[dict[str, str]]
    lookup: str
    list_id: str | None
    state: str = STATES[0]
    said: dict[str, list[tuple[dict[str, str], str]]] = field(default_factory=lambda: {"failures": [], "warnings": []})


class Imports:
    """The jobs by their number; each is queued, then imports, then is over."""

    def __init__(self, book: LeadBook) -> None:
        self.warned: dict[str, str] = {}
        self._book = book
        self._jobs: dict[str, _Job] = {}

    def start(self, request: Request, lookup: str, list_id: str | None) -> tuple[str, str, dict[str, Any] | None]:
        """The state of a new job; or a code and a message that say why there is none."""
        running = [job for job in self._jobs.values() if job.state in STATES[:2]]
        if len(running) >= MOST_JOBS:
            return "1016", "Too many imports", None
        if list_id is not None and any(job.list_id == list_id for job in running):
            return "1019", "Import in progress", None
        content = _file(request)
        if content is None or request.query.get("format") != "csv":
            return "613", "Invalid Multipart Request", None
        try:
            rows = list(csv.DictReader(io.StringIO(content)))
        except csv.Error:  # a cell that is larger than the parser takes
            rows = []
        if not rows:
            return "1003", "Empty File", None
        name = str(FIRST_JOB + len(self._jobs))
        self._jobs[name] = _Job(rows, lookup, list_id)
        return "", "", {"batchId": int(name), "importId": name, "status": STATES[0]}

    def rows(self, state: Mapping[str, Any]) -> int:
        """How many rows the file of a job has."""
        return len(self._jobs[str(state["batchId"])].rows)

    def look(self, name: str) -> dict[str, Any] | None:
        """The state of a job, which moves on by being looked at."""
        job = self._jobs.get(name)
        if job is None:
            return None
        if job.state in STATES[:2]:
            job.state = STATES[STATES.index(job.state) + 1]
            if job.state == STATES[2]:
                self._import(job)
        failed, warned = len(job.said["failures"]), len(job.said["warnings"])
        done = len(job.rows) - failed if job.state == STATES[2] else 0
        return {
            "batchId": int(name),
            "status": job.state,
            "numOfLeadsProcessed": done,
            "numOfRowsFailed": failed,
            "numOfRowsWithWarning": warned,
            "message": f"Import {job.state.lower()}, {done} records imported, {failed} failed",
        }

    def file(self, name: str, which: str) -> bytes | None:
        """The rows of a job that failed or were taken with a warning, each with what was wrong as its last column."""
        job = self._jobs.get(name)
        if job is None:
            return None
        file = io.StringIO()
        writer = csv.writer(file)
        reason = "Import Failure Reason" if which == "failures" else "Import Warning Reason"
        writer.writerow([*job.rows[0], reason])
        writer.writerows([*row.values(), said] for row, said in job.said[which])
        return file.getvalue().encode()

    def _import(self, job: _Job) -> None:
        if self._book.poisoned(job.rows):
            job.state = "Failed"
            return
        for row in job.rows:
            values = {name: value for name, value in row.items() if value != ""}
            outcome = self._book.write("createOrUpdate", job.lookup, values)
            if outcome["status"] == "skipped":
                job.said["failures"].append((row, outcome["reasons"][0]["message"]))
                continue
            if job.list_id is not None:
                self._book.change_list(outcome["id"], job.list_id, add=True)
            if row.get(job.lookup) in self.warned:
                job.said["warnings"].append((row, self.warned[row[job.lookup]]))


def _file(request: Request) -> str | None:
    """The part of a multipart body that is called `file`."""
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        return None
    whole = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + request.body, policy=HTTP)
    for part in whole.iter_parts():
        if part.get_param("name", header="content-disposition") == "file":
            content = part.get_payload(decode=True)
            return content.decode() if isinstance(content, bytes) else None
    return None
