"""A vendor whose requests take several steps, with the answers a test gives it."""

import json
from collections.abc import Mapping
from typing import Any

from cdp_assets.sample.standins.base import Answer, Request, StandIn


class Scripted(StandIn):
    """Gives each path its answers in order, the last of them for ever, and keeps what it was asked."""

    requests_per_window = 1000
    window_seconds = 1.0

    @staticmethod
    def variables(url: str, secret: str) -> dict[str, str]:
        return {"CDP_URL": url, "CDP_SECRET": secret}

    def __init__(self, answers: Mapping[str, list[Answer]]) -> None:
        super().__init__("k3y")
        self.answers = {path: list(listed) for path, listed in answers.items()}
        self.asked: list[Request] = []

    def answer(self, request: Request) -> Answer:
        self.asked.append(request)
        left = self.answers.get(request.path, [Answer(404)])
        return left.pop(0) if len(left) > 1 else left[0]

    def failure(self, status: int) -> Any:
        return {"status": status}

    def bodies(self, path: str) -> list[Any]:
        """The JSON that was posted to a path."""
        return [json.loads(request.body) for request in self.asked if request.path == path]

    def times(self, path: str) -> int:
        return sum(request.path == path for request in self.asked)
