"""What the stand-in of a destination is: the vendor's documented endpoints over members kept in memory.

A stand-in is a module of this package with one `StandIn`; it runs as a process of its own on loopback:
`python -m cdp_assets.sample.standins <name>`. The server around it (`_server.py`) counts requests, fails as told
(`_faults.py`), and shows what is held under `/_standin/`. What takes time at the vendor, as a bulk job, is state of
the stand-in that its endpoints move on; a token endpoint is a route like any other.
"""

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """A request as it arrived; header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:  # noqa: ANN401 - whatever JSON there is
        """The body as JSON; raises ValueError if it is not."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """A status, a body, and headers; `rows` is how many rows the request had, for the log.

    A body is sent as JSON, unless it is bytes: then as it is, under its own `Content-Type`.
    """

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    rows: int = 0


@dataclass
class Members:
    """What the destination holds, by its own key, and how often each was written, its refusals not counted.

    A row of `refused` is refused alone with the reason given; one of `poison` has its whole request refused.
    """

    held: dict[str, dict[str, Any]] = field(default_factory=dict)
    writes: Counter[str] = field(default_factory=Counter)
    refused: dict[str, str] = field(default_factory=dict)
    poison: set[str] = field(default_factory=set)

    def put(self, key: str, values: Mapping[str, Any]) -> None:
        """Set values of a member, made if it is not there; None takes a value away."""
        whole = self.held.get(key, {}) | dict(values)
        self.held[key] = {name: value for name, value in whole.items() if value is not None}
        self.writes[key] += 1


class StandIn(ABC):
    """One vendor's API. The server calls it from one thread at a time."""

    requests_per_window: int
    window_seconds: float
    limited_status: int = 429
    """The HTTP status with which it turns away what comes too fast."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.members = Members()

    @staticmethod
    @abstractmethod
    def variables(url: str, secret: str) -> dict[str, str]:
        """The environment that has the destination talk to this stand-in; each name is also what a real one needs."""

    def state(self) -> dict[str, Any]:
        """What it holds, as JSON can carry it, to be there again when it is started anew."""
        return {"held": self.members.held, "writes": self.members.writes}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Hold what `state` once gave."""
        self.members.held = dict(state["held"])
        self.members.writes = Counter(state["writes"])

    @abstractmethod
    def answer(self, request: Request) -> Answer:
        """What the vendor would answer, once its effect is in `members`."""

    @abstractmethod
    def failure(self, status: int) -> Any:  # noqa: ANN401 - whatever the vendor's errors are
        """The body the vendor sends with a failure that is not about the request: 429, 500, 503."""

    def expire_token(self) -> None:  # noqa: B027 - an API key does not expire
        """Refuse the access tokens that were given out."""

    def reset(self) -> None:
        """Forget all that is held; a stand-in that keeps more than members forgets that too."""
        self.members = Members()

    def rate_headers(self, remaining: int, reset: int) -> dict[str, str]:  # noqa: ARG002 - a vendor may tell neither
        """Headers that tell the rate limit; `reset` is when the window ends, in epoch seconds."""
        return {}
