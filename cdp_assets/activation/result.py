"""What a run of a sync did, in numbers."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from cdp_assets.destinations.base import Operation


@dataclass(frozen=True)
class Outcome:
    """What became of an operation that was not accepted: `status` is rejected or aborted."""

    batch: str
    key: str
    operation: Operation
    status: str
    reason: str
    basis: str | None
    attempts: int
    first_failed_at: datetime | None
    in_doubt: bool = False


@dataclass
class Tally:
    """Operations so far, by kind, and rows set aside.

    `fresh` and `newly_refused` leave out the rows an earlier run was refused.
    """

    planned: Counter[Operation] = field(default_factory=Counter)
    attempted: Counter[Operation] = field(default_factory=Counter)
    succeeded: Counter[Operation] = field(default_factory=Counter)
    failed: Counter[Operation] = field(default_factory=Counter)
    fresh: int = 0
    newly_refused: int = 0
    invalid: int = 0
    suppressed: int = 0

    def plan(self, operation: Operation | str, count: int, fresh: int) -> None:
        """Add operations to what is planned."""
        self.planned[Operation(operation)] += count
        self.fresh += fresh

    def columns(self) -> dict[str, int]:
        """The counts as `activation.sync_runs` names them."""
        parts = {name: getattr(self, name) for name in ("planned", "attempted", "succeeded", "failed")}
        return {f"{name}_{operation}": counts[operation] for name, counts in parts.items() for operation in Operation}


@dataclass(frozen=True)
class SyncResult:
    """A finished run. `rebaselined` says that the state had been lost; `resumed` that a killed run was picked up."""

    sync: str
    run_id: str
    tally: Tally
    held_rows: int
    rebaselined: bool
    resumed: bool
    started_at: datetime
    finished_at: datetime

    @property
    def planned(self) -> int:
        """Operations the diff asked for, those picked up from a killed run included."""
        return self.tally.planned.total()

    @property
    def rejected_share(self) -> float:
        """Newly refused rows among those tried for the first time, from 0 to 1."""
        return self.tally.newly_refused / max(1, self.tally.fresh)

    @property
    def rows_per_second(self) -> float:
        """Rows sent a second, from the first to the last."""
        seconds = (self.finished_at - self.started_at).total_seconds()
        return self.tally.attempted.total() / seconds if seconds > 0 else 0.0
