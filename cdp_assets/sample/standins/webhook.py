"""An endpoint such as `destinations/webhook.py` describes: it keeps rows by key, and answers by idempotency key.

A batch that comes again under the same key gets the same answer and is not applied again.
"""

from collections.abc import Mapping
from typing import Any

from cdp_assets.sample.standins.base import Answer, Request, StandIn


class WebhookStandIn(StandIn):
    """Rows by key, with their fields."""

    requests_per_window = 1_000_000
    window_seconds = 1.0

    def __init__(self, secret: str) -> None:
        super().__init__(secret)
        self.answers: dict[str, Answer] = {}

    @staticmethod
    def variables(url: str, secret: str) -> dict[str, str]:
        return {"CDP_WEBHOOK_BASE_URL": url, "CDP_WEBHOOK_TOKEN": secret}

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") not in {None, f"Bearer {self.secret}"}:
            return Answer(401, {"reason": "unknown token"})
        key = request.headers.get("idempotency-key")
        if request.method != "POST" or not key:
            return Answer(400, {"reason": "a POST with an Idempotency-Key is expected"})
        if key not in self.answers:
            answer = self._take(request.json())
            if answer.status != 200:
                return answer
            self.answers[key] = answer
        return self.answers[key]

    def reset(self) -> None:
        super().reset()
        self.answers.clear()

    def failure(self, status: int) -> Any:  # noqa: ANN401
        return {"reason": f"told to fail with {status}"}

    def _take(self, body: Mapping[str, Any]) -> Answer:
        rows, members = body["rows"], self.members
        if any(row["key"] in members.poison for row in rows):
            return Answer(400, {"reason": "a row cannot be read"}, rows=len(rows))
        for row in rows:
            if row["key"] not in members.refused:
                self._apply(body, row)
        if not members.refused:
            return Answer(200, {}, rows=len(rows))
        results = [self._result(row["key"]) for row in rows]
        return Answer(200, {"results": results}, rows=len(rows))

    def _result(self, key: str) -> dict[str, str]:
        said = self.members.refused.get(key)
        return {"key": key, "status": "ok"} if said is None else {"key": key, "status": "error", "reason": said}

    def _apply(self, body: Mapping[str, Any], row: Mapping[str, Any]) -> None:
        members, key = self.members, row["key"]
        if "previous_key" in row:
            members.held.pop(row["previous_key"], None)
        if body["operation"] != "remove":
            members.put(key, row["fields"])
            return
        members.writes[key] += 1
        if body["removal"] == "delete":
            members.held.pop(key, None)
        elif key in members.held:
            members.held[key] = {name: value for name, value in members.held[key].items() if name not in row["fields"]}
