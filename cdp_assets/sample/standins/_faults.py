"""The fault switch: how the next requests to a stand-in go wrong."""

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import StrEnum
from math import ceil
from threading import Lock
from typing import Literal

from pydantic import Field

from cdp_assets.strict import Strict


class FaultKind(StrEnum):
    """What goes wrong. Before and after say whether the request has had its effect when it does."""

    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    TIMEOUT_BEFORE = "timeout_before"
    TIMEOUT_AFTER = "timeout_after"
    DROPPED_BEFORE = "dropped_before"
    DROPPED_AFTER = "dropped_after"
    SLOW = "slow"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - a kind of fault


class Fault(Strict):
    """A fault, how many requests it meets, and how many go well before it.

    `seconds` is how long a time-out or a slow answer takes, and the wait a rate limit asks for, which is told as
    `seconds` or a `date` in `Retry-After`, as the vendor's own `reset` header, or not at all.
    """

    kind: FaultKind
    times: int = Field(default=1, ge=1)
    after: int = Field(default=0, ge=0)
    seconds: float = Field(default=1.0, ge=0, le=3600)
    status: int = Field(default=500, ge=500, le=599)
    wait: Literal["seconds", "date", "reset", "nothing"] = "seconds"

    def retry_after(self, now: datetime) -> dict[str, str]:
        """The header that asks for the wait, if one does."""
        moment = datetime.fromtimestamp(ceil(now.timestamp() + self.seconds), UTC)
        told = {"seconds": str(ceil(self.seconds)), "date": format_datetime(moment, usegmt=True)}
        return {"Retry-After": told[self.wait]} if self.wait in told else {}


class FaultSwitch:
    """Faults in the order they were set; each request takes one turn of the first."""

    def __init__(self) -> None:
        self._waiting: deque[Fault | None] = deque()
        self._lock = Lock()

    def add(self, fault: Fault) -> None:
        """Put a fault behind those that wait."""
        with self._lock:
            self._waiting.extend([None] * fault.after + [fault] * fault.times)

    def clear(self) -> None:
        """Let everything go well from now on."""
        with self._lock:
            self._waiting.clear()

    def take(self) -> Fault | None:
        """The fault of the request that has just arrived."""
        with self._lock:
            return self._waiting.popleft() if self._waiting else None


@dataclass
class Window:
    """Fixed windows of a rate limit, from the first request of each."""

    requests: int
    seconds: float
    began: float = float("-inf")
    used: int = 0

    def use(self, now: float) -> tuple[bool, int, int]:
        """Whether one more request fits at `now`, in epoch seconds; what remains, and when the window ends."""
        if now >= self.began + self.seconds:
            self.began, self.used = now, 0
        fits = self.used < self.requests
        self.used += fits
        return fits, self.requests - self.used, ceil(self.began + self.seconds)
