"""How fast a destination may be asked: so many requests in any stretch of so many seconds."""

import time
from collections import deque
from collections.abc import Callable
from threading import Lock


class RateLimit:
    """At most `requests` in any `seconds`, over all threads that share it.

    A window that slides never sends more than a limit whose windows are fixed allows, wherever those begin.
    """

    def __init__(
        self,
        requests: int,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._sleep = sleep
        self._taken: deque[float] = deque(maxlen=requests)
        self._lock = Lock()

    def take(self) -> None:
        """Return when a request may be sent; the caller sends exactly one."""
        with self._lock:
            now = self._clock()
            full = len(self._taken) == self._taken.maxlen
            turn = max(now, self._taken[0] + self._seconds) if full else now
            self._taken.append(turn)
        if turn > now:  # slept outside the lock: others may take their turns meanwhile
            self._sleep(turn - now)
