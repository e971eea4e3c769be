"""Sends batches side by side, in an order that a run which is killed can be picked up from."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass

from cdp_assets.activation.batches import PlannedBatch
from cdp_assets.activation.connection import Connection
from cdp_assets.activation.result import Outcome
from cdp_assets.errors import CdpError


@dataclass(frozen=True)
class Sent:
    """A batch that was answered, with what became of the rows that were not accepted."""

    batch: PlannedBatch
    refused: Sequence[Outcome]


def send_side_by_side(
    batches: Iterator[PlannedBatch],
    width: int,
    send: Callable[[PlannedBatch], Sent | None],
    halve: Callable[[PlannedBatch], Sequence[PlannedBatch]],
    record: Callable[[Sequence[Sent]], None],
    connection: Connection,
) -> None:
    """Send batches in threads, at most `width` at once, and record them here, all that are answered together.

    The connection is closed before a wait that may be long.

    Batches are begun in order, and at most `width` of those of the plan, with the halves of each, are not recorded:
    what may have been sent is thus among the first `width` that remain. One operation is over before the next begins.
    Once something fails no batch is begun, and what is on its way is recorded before the failure is raised.
    """
    with ThreadPoolExecutor(width, thread_name_prefix="sync") as pool:
        lane = _Lane(pool, send, halve, record, connection)
        operation = None
        try:
            while batch := next(batches, None):
                if batch.operation != operation:
                    lane.settle(down_to=0)
                operation = batch.operation
                lane.begin(batch)
                lane.settle(down_to=width - 1)  # before the next is read: what is read late is read as it is
            lane.settle(down_to=0)
        except BaseException:
            lane.land()
            raise


class _Lane:
    """Batches on their way: futures by the batch of the plan they are a part of."""

    def __init__(
        self,
        pool: ThreadPoolExecutor,
        send: Callable[[PlannedBatch], Sent | None],
        halve: Callable[[PlannedBatch], Sequence[PlannedBatch]],
        record: Callable[[Sequence[Sent]], None],
        connection: Connection,
    ) -> None:
        self._pool, self._connection = pool, connection
        self._send, self._halve, self._record = send, halve, record
        self._flying: dict[Future[Sent | None], PlannedBatch] = {}

    def begin(self, batch: PlannedBatch) -> None:
        """Have a batch sent."""
        self._flying[self._pool.submit(self._send, batch)] = batch

    def settle(self, down_to: int) -> None:
        """Record what is answered, and wait until at most so many batches of the plan are not."""
        while self._flying and (len(self._roots()) > down_to or any(f.done() for f in self._flying)):
            done, _ = wait(self._flying, self._connection.patience, return_when=FIRST_COMPLETED)
            if not done:
                self._connection.close()
                done, _ = wait(self._flying, return_when=FIRST_COMPLETED)
            self._take(done)

    def land(self) -> None:
        """Wait for what is on its way, and record what was answered; what fails besides is not told."""
        wait(self._flying)
        with suppress(CdpError):
            self._record_answered(set(self._flying))

    def _roots(self) -> set[str]:
        return {batch.root for batch in self._flying.values()}

    def _take(self, done: set[Future[Sent | None]]) -> None:
        refused = self._record_answered(done)
        for future in done & set(self._flying):
            future.result()
        for batch in refused:
            for half in self._halve(batch):
                self.begin(half)

    def _record_answered(self, done: set[Future[Sent | None]]) -> list[PlannedBatch]:
        """Record the batches that were answered, and return those that were refused whole; those that failed stay."""
        answered = {future: self._flying.pop(future) for future in done if not future.exception()}
        recorded = [sent for future in answered if (sent := future.result()) is not None]
        if recorded:
            self._record(sorted(recorded, key=lambda sent: sent.batch.name))
        return [batch for future, batch in answered.items() if future.result() is None]
