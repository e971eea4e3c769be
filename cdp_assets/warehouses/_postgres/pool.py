"""The sessions of one warehouse object that are open and not in use."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cdp_assets.warehouses._postgres.connection import Connection


class Pool:
    """Hands sessions out. One is enough for who does one thing at a time."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._idle: list[Connection] = []
        self._lock = threading.Lock()

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A session for the time being: one that is idle and alive, else a new one."""
        connection = self._take() or self._connect()
        try:
            yield connection
        finally:
            if connection.is_lost:
                connection.close()
            else:
                with self._lock:
                    self._idle.append(connection)

    def close(self) -> None:
        """Close the idle sessions."""
        with self._lock:
            closing, self._idle = self._idle, []
        for connection in closing:
            connection.close()

    def _take(self) -> Connection | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            if connection.is_alive():
                return connection
            connection.close()
