"""An access token that is fetched when it is first needed, and once more when it is refused."""

from collections.abc import Callable
from threading import Lock

import httpx


class Token:
    """The token of one destination, shared by all threads that send to it."""

    def __init__(self, fetch: Callable[[], str]) -> None:
        self._fetch = fetch
        self._lock = Lock()
        self._value: str | None = None

    def value(self) -> str:
        """The token; raises what fetching it raises."""
        with self._lock:
            if self._value is None:
                self._value = self._fetch()
            return self._value

    def renewed(self, refused: str) -> str:
        """Another token than the one refused: a new one, unless another thread has fetched it meanwhile."""
        with self._lock:
            if self._value in {None, refused}:
                self._value = self._fetch()
            return self._value or ""

    def answer(
        self,
        request: Callable[[str], httpx.Response],
        refused: Callable[[httpx.Response], bool] = lambda response: response.status_code == httpx.codes.UNAUTHORIZED,
    ) -> httpx.Response:
        """The answer to a request that is given a token; refused, it is made once more with a new one."""
        token = self.value()
        response = request(token)
        return request(self.renewed(token)) if refused(response) else response
