"""Bulk imports: many leads as one CSV file, taken in by a job that is polled until it is over.

An import creates or updates, never less; what it does with an empty cell, Marketo does not say. So only rows whose
values are all there are imported, and a row that an import does not speak clearly of is written again by a call.
"""

import csv
import io
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from cdp_assets.destinations._marketo import codes
from cdp_assets.destinations._marketo.api import Api
from cdp_assets.destinations._marketo.leads import Record
from cdp_assets.destinations.base import Job, PermanentError, TransientError

MOST_BYTES = 10_000_000
AT_ONCE = 2
_ENDED = frozenset({"Complete", "Failed"})


@dataclass(frozen=True)
class Report:
    """The keys an import refused, each with the reason, and those it leaves in doubt."""

    refused: Mapping[str, str] = field(repr=False)
    unclear: frozenset[str] = field(repr=False)


@dataclass(frozen=True)
class Imports:
    """Imports of leads that are known by `lookup`, onto a static list if there is one; `turn` bounds how many run."""

    api: Api
    lookup: str
    list_id: int | None
    poll_seconds: float
    longest_wait: float
    turn: AbstractContextManager[object]
    sleep: Callable[[float], None] = time.sleep

    def parameters(self) -> dict[str, str]:
        """What an import is told besides its file."""
        onto = {} if self.list_id is None else {"listId": str(self.list_id)}
        return {"format": "csv", "lookupField": self.lookup} | onto

    def run(self, records: Sequence[Record], job: Job) -> Report:
        """Import the records, or go on with the job that a run before this one started for them.

        Raises:
            TransientError: it is not over after the longest wait, or may not start now.
            PermanentError: it was refused, or failed, as a whole.
            DestinationError: no import can succeed.
        """
        with self.turn:
            state = self._ended(job.name, resumed=True) if job.name else {}
            if not state:
                job.keep(self._start(records))
                state = self._ended(job.name or "", resumed=False)
        if state.get("status") == "Failed":
            raise PermanentError(f"the import failed: {state.get('message') or 'no reason given'}")
        return self._report(job.name or "", state, [str(record[self.lookup]) for record in records])

    def _start(self, records: Sequence[Record]) -> str:
        content = csv_of(records)
        if len(content) >= MOST_BYTES:
            raise PermanentError(f"the file would have {len(content)} bytes; Marketo takes less than {MOST_BYTES}")
        files = {"file": ("leads.csv", content, "text/csv")}
        body = self.api.ask("POST", "bulk/v1/leads.json", params=self.parameters(), files=files)
        return _name(_only(body))

    def _ended(self, name: str, *, resumed: bool) -> Mapping[str, Any]:
        """The state of a job that is over; nothing if it is one of long ago that Marketo does not know any more."""
        waited = 0.0
        while True:
            state = _only(self.api.ask("GET", f"bulk/v1/leads/batch/{name}.json", codes.NO_SUCH_IMPORT))
            if state.get("status") in _ENDED or (resumed and not state):
                return state
            if waited >= self.longest_wait:
                raise TransientError("the import is not over", self.poll_seconds)
            self.sleep(self.poll_seconds)
            waited += self.poll_seconds

    def _report(self, name: str, state: Mapping[str, Any], keys: Sequence[str]) -> Report:
        """What the counts and the files of a job say of each key; where they do not fit, none is clear."""
        failed, warned, done = (
            _count(state, one) for one in ("numOfRowsFailed", "numOfRowsWithWarning", "numOfLeadsProcessed")
        )
        refused = self._file(name, "failures", keys) if failed else {}
        doubtful = self._file(name, "warnings", keys) if warned else {}
        if len(refused) != failed or len(doubtful) != warned or done + failed < len(keys):
            return Report({}, frozenset(keys))
        return Report(refused, frozenset(doubtful) - refused.keys())

    def _file(self, name: str, which: str, keys: Sequence[str]) -> dict[str, str]:
        """The keys a file of a job has, with what its last column says."""
        text = self.api.text(f"bulk/v1/leads/batch/{name}/{which}.json", codes.NO_SUCH_IMPORT)
        try:
            rows = list(csv.reader(io.StringIO(text)))
        except csv.Error:
            return {}
        if not rows or self.lookup not in rows[0]:
            return {}
        place, known = rows[0].index(self.lookup), frozenset(keys)
        return {row[place]: row[-1] for row in rows[1:] if len(row) > place and row[place] in known}


def importable(record: Record) -> bool:
    """Whether a file carries the record without a doubt: no value is missing, or could be read as missing."""
    texts = [_cell(value) for value in record.values()]
    return all(text.strip() and text.isprintable() and text.upper() != "NULL" for text in texts)


def csv_of(records: Sequence[Record]) -> bytes:
    """The records, all with the same fields, as a file."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(records[0])
    writer.writerows([_cell(value) for value in record.values()] for record in records)
    return file.getvalue().encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _only(body: Mapping[str, Any]) -> Mapping[str, Any]:
    found = codes.listed(body.get("result"))
    return found[0] if found else {}


def _name(started: Mapping[str, Any]) -> str:
    name = str(started.get("batchId") or started.get("importId") or "")
    if not (name.isascii() and name.isalnum()):
        raise PermanentError("it took an import but did not name it")
    return name


def _count(state: Mapping[str, Any], name: str) -> int:
    number = state.get(name)
    return number if isinstance(number, int) else 0
