"""A run's connection to the warehouse: kept while answers come quickly, and left to others every now and then."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from cdp_assets.warehouses.base import Warehouse

SHORT_WAIT = 1.0
"""Seconds of waiting for an answer after which the warehouse is let go of: to open it again takes a part of that."""
LONGEST_HOLD = 5.0
"""Seconds after which it is let go of at the next wait, however short."""


class Connection:
    """One session, opened when it is needed; what is asked of the warehouse while it is closed opens its own."""

    def __init__(self, warehouse: Warehouse, clock: Callable[[], float] = time.monotonic) -> None:
        self._warehouse, self._clock = warehouse, clock
        self._session: ExitStack | None = None
        self._since = 0.0

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def patience(self) -> float:
        """Seconds to wait for an answer before letting go."""
        return SHORT_WAIT if self._clock() - self._since < LONGEST_HOLD else 0.0

    def open(self) -> None:
        """Open it if it is not."""
        if self._session is None:
            opened = ExitStack()
            opened.enter_context(self._warehouse.session())
            self._session, self._since = opened, self._clock()

    def close(self) -> None:
        """Let others have the warehouse."""
        session, self._session = self._session, None
        if session is not None:
            session.close()
