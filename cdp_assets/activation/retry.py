"""Sends a batch again while the destination says that it may yet work."""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from cdp_assets.destinations.base import Batch, Destination, Job, PermanentError, RowResult, TransientError
from cdp_assets.errors import DestinationError


@dataclass(frozen=True)
class RetryPolicy:
    """Times in seconds. Waits double from `first_wait` to `longest_wait`; `patience` bounds all waits for a batch."""

    attempts: int = 6
    first_wait: float = 0.5
    longest_wait: float = 60.0
    patience: float = 600.0

    def waits(self, seed: str) -> list[float]:
        """The waits between attempts: each between half of its step and the whole, the same for the same seed."""
        chance = random.Random(seed)  # noqa: S311 - spreads retries, guards nothing
        steps = (min(self.longest_wait, self.first_wait * 2**n) for n in range(self.attempts - 1))
        return [step * chance.uniform(0.5, 1.0) for step in steps]


def send_with_retries(
    destination: Destination, batch: Batch, policy: RetryPolicy, sleep: Callable[[float], None]
) -> list[RowResult]:
    """The destination's results, after as many attempts as it took; a `Retry-After` is waited for in full.

    Rows refused for a reason that may pass are sent again without the others.

    Raises:
        PermanentError: the destination refused the batch whole.
        DestinationError: it did not recover within the policy's attempts and patience.
    """
    results = {result.key: result for result in _sent(destination, batch, policy, sleep)}
    waits = policy.waits(batch.idempotency_key)
    doubted: set[str] = set()
    for wait in waits:
        passing = {key for key, result in results.items() if result.transient}
        if not passing:
            break
        sleep(wait)
        rest = replace(batch, rows=tuple(row for row in batch.rows if row.key in passing), job=Job())
        # What was accepted is not forgotten for what becomes of the rest, which the next run tries again.
        answered: dict[str, RowResult] = {}
        with suppress(PermanentError, DestinationError):
            try:
                answered = {result.key: result for result in destination.send(rest)}
            except TransientError:
                doubted |= passing
        results |= answered
    return [_doubted(result) if result.key in doubted else result for result in results.values()]


def _doubted(result: RowResult) -> RowResult:
    """A refusal of what may have been applied by a request that was not answered."""
    return result if result.accepted else replace(result, in_doubt=True)


def _sent(
    destination: Destination, batch: Batch, policy: RetryPolicy, sleep: Callable[[float], None]
) -> list[RowResult]:
    waited = 0.0
    waits = policy.waits(batch.idempotency_key)
    for attempt in range(policy.attempts):
        try:
            return destination.send(batch)
        except TransientError as error:
            if attempt == len(waits):
                raise _gave_up(batch, f"{attempt + 1} attempts", error) from error
            wait = max(waits[attempt], error.retry_after or 0.0)
            if waited + wait > policy.patience:
                raise _gave_up(batch, f"waiting {waited:.0f} s (it asks for {wait:.0f} s more)", error) from error
            sleep(wait)
            waited += wait
    raise AssertionError("every attempt returns or raises")


def _gave_up(batch: Batch, after: str, error: TransientError) -> DestinationError:
    return DestinationError(
        f"sync {batch.sync!r}: gave up on batch {batch.name} ({len(batch.rows)} rows) after {after}: {error}."
        " What was accepted is kept; run the sync again to go on."
    )
