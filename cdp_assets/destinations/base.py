"""What a destination is to the sync engine: it takes one batch and says what became of each row.

A destination keeps no state, does not retry, and does not log what it sends; the engine does the first two.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from pydantic import BaseModel

from cdp_assets.settings import Settings

_AHEAD = 4  # batches for each thread: one sent, the others waiting for it while earlier ones are written down


class Operation(StrEnum):
    """What happens to a row at the destination. Removals are sent first, then changes, then additions.

    An addition may be of a row the destination holds already: when the state was lost, or a killed run left in doubt
    whether it arrived. A change is of a row that was accepted before, except in mode update.
    """

    REMOVE = "remove"
    CHANGE = "change"
    ADD = "add"


class Mode(StrEnum):
    """Which operations a sync sends: see the guide for what each does with rows the destination already holds."""

    MIRROR = "mirror"
    UPSERT = "upsert"
    INSERT = "insert"
    UPDATE = "update"
    REMOVE = "remove"


class Removal(StrEnum):
    """What a removal does: delete the row, empty the mapped fields, or nothing at all (it is never sent)."""

    DELETE = "delete"
    CLEAR_FIELDS = "clear_fields"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Row:
    """One row of a batch. `fields` has the mapped values; it is empty for a removal by deletion.

    `previous_key` is the key the destination knows the row by, when a merge of customers changed it;
    `merged_into` names, on a removal, the row that took this one's place. The checksum is keyed: it tells nothing.
    """

    key: str
    fields: Mapping[str, Any] = field(repr=False)
    checksum: str = field(default="", repr=False)
    previous_key: str | None = None
    merged_into: str | None = None


class Job:
    """The name of what a batch started at the destination and takes more than one request: a bulk job, a request id.

    `keep` returns once the name is written down for good, so that the same batch, sent again by this run or after a
    kill, finds it in `name` and goes on with that job instead of starting another.
    """

    def __init__(self, name: str | None = None, keep: Callable[[str], None] = lambda name: None) -> None:  # noqa: ARG005
        self.name = name
        self._keep = keep

    def keep(self, name: str) -> None:
        """Write down the job's name; the latest is the one that counts."""
        self._keep(name)
        self.name = name


@dataclass(frozen=True)
class Batch:
    """Rows that share one operation. Replayed after a crash it has the same run id, name, rows and so key.

    `mode` tells a change of a row the destination holds from one, in mode update, of a row it may not know.
    """

    sync: str
    run_id: str
    name: str
    as_of: datetime
    operation: Operation
    mode: Mode
    removal: Removal
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    job: Job = field(default_factory=Job, repr=False, compare=False)

    @property
    def idempotency_key(self) -> str:
        """64 hexadecimal digits: the same for a batch sent again, another for any other batch."""
        digest = hashlib.sha256()
        for text in (self.sync, self.run_id, self.name, self.operation):
            digest.update(f"{len(text)}:{text}".encode())
        for row in self.rows:
            digest.update(f"{len(row.key)}:{row.key}:{row.checksum};".encode())
        return digest.hexdigest()


@dataclass(frozen=True)
class RowResult:
    """What the destination said of one row; the reason may quote it, the engine redacts what is personal.

    A refusal that is `transient`, such as of a record that another change has locked, is tried again in the same run.
    One that is `in_doubt` was tried again and not answered: it may have been applied after all.
    """

    key: str
    accepted: bool
    reason: str = field(default="", repr=False)
    transient: bool = False
    in_doubt: bool = False


class TransientError(Exception):
    """The batch may succeed when sent again, after `retry_after` seconds if the destination named a time."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class PermanentError(Exception):
    """The destination refused the batch as a whole and would refuse it again: some row in it is at fault."""


@dataclass(frozen=True)
class Limits:
    """What a destination can take: rows a batch, the modes, and how it can remove.

    `addressed_by_key` says that others find a row there by its key: one whose key changed is then sent again at once,
    though its values did not, and not only with their next change. `concurrency` is how many batches may be on their
    way at once. `applies_once` says that a batch sent again under its idempotency key, exactly as it was, changes
    nothing there and is answered as before; more batches may then be in doubt after a kill. What is accepted is
    forgotten by the destination after `lifetime`, if it has one: such rows are sent again, as changes, before that. A
    plan with more than `bulk_above` rows of an operation is cut into batches of `bulk_batch_size` instead, where there
    is one.
    """

    batch_size: int
    modes: frozenset[Mode] = frozenset(Mode)
    removals: frozenset[Removal] = frozenset(Removal)
    addressed_by_key: bool = False
    concurrency: int = 1
    applies_once: bool = False
    lifetime: timedelta | None = None
    bulk_batch_size: int | None = None
    bulk_above: int = 0

    @property
    def unrecorded(self) -> int:
        """How many batches may have been sent, or be about to be, and not be written down yet."""
        return _AHEAD * self.concurrency if self.applies_once else self.concurrency


class Destination(ABC):
    """A place rows are sent to; a sync's `settings` are checked against `settings_model`."""

    settings_model: ClassVar[type[BaseModel]]
    limits: Limits

    @property
    @abstractmethod
    def target(self) -> str:
        """Where rows end up, without secrets: what is held at one target says nothing of what another holds."""

    @classmethod
    @abstractmethod
    def from_settings(cls, values: Mapping[str, Any], settings: Settings, env: Mapping[str, str]) -> "Destination":
        """The destination as a sync configures it; it is not connected to before it is used.

        Raises:
            ConfigurationError: a setting is wrong or missing; the message names it and what is allowed.
        """

    @abstractmethod
    def payload(self, batch: Batch) -> object:
        """What `send` would post for the batch, as JSON can carry it: shown, masked, by a dry run; sends nothing."""

    @abstractmethod
    def send(self, batch: Batch) -> list[RowResult]:
        """One result a row, in any order, once the destination has taken them durably.

        Raises:
            TransientError: try the same batch again later.
            PermanentError: the batch was refused whole because of what is in it; nothing of it was applied.
            DestinationError: no batch can succeed (credentials, address, configuration).
        """

    def close(self) -> None:  # noqa: B027 - most destinations hold nothing open
        """Let go of connections; the destination is not used afterwards."""


@dataclass(frozen=True)
class Identifier:
    """What a destination finds a person by, as it is sent: hashed where the destination wants it so.

    `kind` is the destination's word, as `EMAIL`; an identifier of several parts, as a postal address, has a value each.
    """

    kind: str
    values: Mapping[str, str] = field(repr=False)


class IdentifierDestination(Destination):
    """A destination that knows no rows, only identifiers.

    The engine sends it batches whose rows are one identifier each: the key is an opaque keyed hash, and `fields` are
    `{"kind": kind, **values}`, in additions, changes (sent again before they expire) and removals alike.
    """

    @abstractmethod
    def identifiers(self, fields: Mapping[str, Any]) -> Sequence[Identifier]:
        """The identifiers of a row of the source, normalised and hashed; none of a value that cannot be one.

        `fields` has the mapped values. The result depends on nothing else, and needs no connection.
        """

    @abstractmethod
    def check_mapping(self, fields: Sequence[str]) -> None:
        """Check the names the mapping gives its fields.

        Raises:
            ConfigurationError: one is not known here, or what is needed is missing; the message lists what there is.
        """
