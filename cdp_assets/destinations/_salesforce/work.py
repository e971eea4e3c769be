"""What is to be done with the rows of a batch, once it is known which records there are."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from cdp_assets.destinations._salesforce.records import Record, values
from cdp_assets.destinations.base import Job, Mode, Row


@dataclass
class Work:
    """Records by the row's key; `leaving` are the former records of rows that another record took over."""

    upserts: dict[str, Record] = field(default_factory=dict)
    creates: dict[str, Record] = field(default_factory=dict)
    updates: dict[str, Record] = field(default_factory=dict)
    leaving: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """An object and the field that holds the external id."""

    sobject: str
    field: str

    def work(
        self, mode: Mode, rows: Sequence[Row], known: Mapping[str, Sequence[str]], own: Collection[str] = ()
    ) -> Work:
        """What each row needs, `known` being the ids of the records that have its key or its previous one.

        `own` are rows that an earlier attempt of the same batch may have created.
        """
        work = Work()
        for row in rows:
            ids, former = known.get(row.key, ()), known.get(row.previous_key or "", ())
            record = self.record(row)
            if max(len(ids), len(former)) > 1:
                work.refused[row.key] = self.ambiguous(max(len(ids), len(former)))
            elif ids and mode is Mode.INSERT and not former:
                if row.key not in own:
                    work.refused[row.key] = self.there_already()
            elif ids or former:
                work.updates[row.key] = {"Id": (ids or former)[0], **record}
                if ids and former:
                    work.leaving[row.key] = former[0]
            elif mode is Mode.UPDATE:
                work.refused[row.key] = f"no {self.sobject} has this {self.field}, and mode update makes none"
            elif mode is Mode.INSERT:
                work.creates[row.key] = record
            else:
                work.upserts[row.key] = record
        return work

    def record(self, row: Row) -> Record:
        """A row's values, under its external id."""
        return {self.field: row.key, **values(row.fields)}

    def ambiguous(self, count: int) -> str:
        """Why nothing is done with a row that has several records."""
        return f"{count} records have its {self.field}; merge them, and make the field unique"

    def there_already(self) -> str:
        """Why a row of mode insert is refused."""
        return f"a {self.sobject} with this {self.field} was there already, and mode insert changes none"


class Progress:
    """What a batch wrote down, in parts: the name of a bulk job, and which rows were there before an insertion."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._parts = dict(part.split("=", 1) for part in (job.name or "").split(";") if "=" in part)

    def part(self, name: str) -> Job:
        """One part, as a job of its own."""
        return Job(self._parts.get(name), lambda value: self._keep(name, value))

    def _keep(self, name: str, value: str) -> None:
        self._parts[name] = value
        self._job.keep(";".join(f"{part}={said}" for part, said in self._parts.items()))


def own_rows(existed: Job, rows: Sequence[Row]) -> frozenset[str] | None:
    """The rows of an insertion that were not there before its first attempt; None if this is the first."""
    if existed.name is None:
        return None
    marks = int(existed.name, 16)
    return frozenset(row.key for number, row in enumerate(rows) if not (marks >> number) & 1)


def keep_existed(existed: Job, rows: Sequence[Row], known: Collection[str]) -> None:
    """Write down which rows are there before anything is created: after a time-out, the others are our own."""
    existed.keep(f"{sum(1 << number for number, row in enumerate(rows) if row.key in known):x}")
