"""A client that is impatient, and what to try it with."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx

from cdp_assets.destinations._marketo.api import Credentials
from cdp_assets.destinations.base import Batch, Mode, Operation, Removal, Row, RowResult
from cdp_assets.destinations.marketo import MarketoDestination, MarketoSettings
from cdp_assets.sample.standins.base import Answer, Request
from cdp_assets.sample.standins.marketo import MarketoStandIn
from cdp_assets_tests.contracts.destinations.batches import batch
from cdp_assets_tests.contracts.destinations.documented import Canned, batch_of, documented

FIXTURES = documented("marketo")
TOKEN = FIXTURES.pop("token")
SECRET = "k3y-of-the-workspace"
NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
ANN = {"email": "ann@example.com", "firstName": "Ann"}
NAMES = ("email", "firstName")


class Scripted(Canned):
    """Gives its answers one after the other, the last again and again, and a token to whoever asks for one."""

    def __init__(self, *responses: dict[str, Any]) -> None:
        super().__init__(responses[-1])
        self.left = list(responses)

    def answer(self, request: Request) -> Answer:
        if request.path == "/identity/oauth/token":
            return Answer(200, TOKEN["response"]["body"])
        self.response = self.left.pop(0) if self.left else self.response
        if "text" in self.response:
            self.asked.append(request)
            return Answer(200, self.response["text"].encode(), {"Content-Type": "text/csv"})
        return super().answer(request)


def marketo(url: str, secret: str = SECRET, sleep: Any = lambda _: None, **settings: Any) -> MarketoDestination:
    found = MarketoSettings(**({"timeout_seconds": 1.0, "rate_requests": 1000} | settings))
    credentials = Credentials("custom-service", secret)
    return MarketoDestination(httpx.URL(url), credentials, found, now=lambda: NOW, sleep=sleep)


def leads(standin: MarketoStandIn, *records: dict[str, Any]) -> None:
    for record in records:
        assert standin.book.write("createDuplicate", "cdpCustomerId", record)["status"] == "created"


def described(fixture: dict[str, Any]) -> Batch:
    """The fixture's batch, with its removal and the keys its rows had before."""
    found, about = batch_of(fixture, {}), fixture["batch"]
    previous = about.get("previous", {})
    rows = tuple(replace(row, previous_key=previous.get(row.key)) for row in found.rows)
    return replace(found, removal=Removal(about["removal"]), rows=rows)


def moved(operation: Operation = Operation.CHANGE, mode: Mode = Mode.MIRROR) -> Batch:
    rows = (Row("new", ANN, previous_key="old"), Row("c2", ANN))
    return replace(batch(operation=operation, mode=mode, columns=NAMES), rows=rows)


def told(results: list[RowResult]) -> dict[str, bool]:
    return {result.key: result.accepted for result in results}
