"""Sends batches side by side, in an order that a run which is killed can be picked up from."""

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from threading import Event
from typing import Protocol

from cdp_assets.activation.batches import PlannedBatch
from cdp_assets.activation.connection import Connection
from cdp_assets.activation.result import Outcome
from cdp_assets.destinations.base import Limits
from cdp_assets.errors import CdpError


@dataclass(frozen=True)
class Sent:
    """A batch that was answered, with what became of the rows that were not accepted."""

    batch: PlannedBatch
    refused: Sequence[Outcome]


class Sender(Protocol):
    """What is done with each batch: it is sent in a thread; the rest happens where the batches come from."""

    def send(self, batch: PlannedBatch) -> Sent | None:
        """Send a batch; None if it was refused whole and has more than one row."""

    def halve(self, batch: PlannedBatch) -> Sequence[PlannedBatch]:
        """What is sent instead of a batch that was refused whole."""

    def record(self, answered: Sequence[Sent]) -> None:
        """Write down batches that were answered, all of them at once."""


def send_side_by_side(batches: Iterator[PlannedBatch], limits: Limits, sender: Sender, connection: Connection) -> None:
    """Send batches in threads, at most `limits.concurrency` at once, and record together all that are answered.

    The connection is closed before a wait that may be long.

    Batches are begun in order, and at most `limits.unrecorded` of those of the plan, with the halves of each, are not
    recorded: what may have been sent is thus among the first so many that remain. Those that are more than go at once
    wait for their turn, so that it goes on while others are read and recorded. One operation is over before the next
    begins. Once something fails no batch is begun, and what is on its way is recorded before the failure is raised.
    """
    with ThreadPoolExecutor(limits.concurrency, thread_name_prefix="sync") as pool:
        lane = _Lane(pool, sender, connection)
        operation = None
        try:
            while batch := next(batches, None):
                if batch.operation != operation:
                    lane.settle(down_to=0)
                operation = batch.operation
                lane.begin(batch)
                # Before the next is read, which is then read as it is by that time.
                lane.settle(down_to=limits.unrecorded - 1)
            lane.settle(down_to=0)
        except BaseException:
            lane.land()
            raise


class _NotBegunError(Exception):
    """The batch waited for its turn when something failed, and was not sent."""


class _Lane:
    """Batches on their way: futures by the batch of the plan they are a part of."""

    def __init__(self, pool: ThreadPoolExecutor, sender: Sender, connection: Connection) -> None:
        self._pool, self._sender, self._connection = pool, sender, connection
        self._flying: dict[Future[Sent | None], PlannedBatch] = {}
        self._failed = Event()

    def begin(self, batch: PlannedBatch) -> None:
        """Have a batch sent."""
        self._flying[self._pool.submit(self._send, batch)] = batch

    def settle(self, down_to: int) -> None:
        """Wait until at most so many batches of the plan are not recorded, and record what is answered by then."""
        while len(self._roots()) > down_to:
            done, _ = wait(self._flying, self._connection.patience, return_when=FIRST_COMPLETED)
            if not done:
                self._connection.close()
                done, _ = wait(self._flying, return_when=FIRST_COMPLETED)
            self._take(done)

    def land(self) -> None:
        """Begin nothing more, wait for what is on its way, and record it; what fails besides is not told."""
        self._failed.set()
        wait(self._flying)
        with suppress(CdpError):
            self._record_answered(set(self._flying))

    def _send(self, batch: PlannedBatch) -> Sent | None:
        if self._failed.is_set():
            raise _NotBegunError
        try:
            return self._sender.send(batch)
        except BaseException:
            self._failed.set()
            raise

    def _roots(self) -> set[str]:
        return {batch.root for batch in self._flying.values()}

    def _take(self, done: Collection[Future[Sent | None]]) -> None:
        refused = self._record_answered(done)
        if self._failed.is_set():
            wait(self._flying)
            raise next(e for f in self._flying if (e := f.exception()) and not isinstance(e, _NotBegunError))
        for batch in refused:
            for half in self._sender.halve(batch):
                self.begin(half)

    def _record_answered(self, done: Collection[Future[Sent | None]]) -> list[PlannedBatch]:
        """Record the batches that were answered, and return those that were refused whole; those that failed stay."""
        answered = {future: self._flying.pop(future) for future in done if not future.exception()}
        recorded = [sent for future in answered if (sent := future.result()) is not None]
        if recorded:
            self._sender.record(sorted(recorded, key=lambda sent: sent.batch.name))
        return [batch for future, batch in answered.items() if future.result() is None]
