"""Salesforce's destination and stand-in as the tests of both want them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx

from cdp_assets.destinations._salesforce.connection import Credentials
from cdp_assets.destinations.base import Batch, Row
from cdp_assets.destinations.salesforce import SalesforceDestination, SalesforceSettings
from cdp_assets.sample.standins._server import StandInServer
from cdp_assets.sample.standins.base import Answer, Request, StandIn
from cdp_assets.sample.standins.salesforce import SalesforceStandIn

SECRET = "k3y-of-the-workspace"
TOKEN = "00D!a-token"
NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
IMPATIENT = {"timeout_seconds": 1.0, "poll_seconds": 0.001, "longest_wait_seconds": 5.0}


def salesforce(url: str, secret: str = SECRET, **settings: Any) -> SalesforceDestination:
    found = SalesforceSettings(**(IMPATIENT | settings))
    return SalesforceDestination(httpx.URL(url), Credentials("consumer-key", secret), found, now=lambda: NOW)


@contextmanager
def closing(destination: SalesforceDestination) -> Iterator[SalesforceDestination]:
    try:
        yield destination
    finally:
        destination.close()


def standin(server: StandInServer) -> SalesforceStandIn:
    found = server.control.standin
    assert isinstance(found, SalesforceStandIn)
    return found


def reasons(destination: SalesforceDestination, sent: Batch) -> dict[str, str]:
    """The rows that were refused, with the reason; there is a result for each row."""
    results = destination.send(sent)
    assert [result.key for result in results] == [row.key for row in sent.rows]
    return {result.key: result.reason for result in results if not result.accepted}


def moved(old: str = "old", new: str = "new") -> tuple[Row, ...]:
    """A row whose customer was merged, and one that stays."""
    return (Row(new, {"Visits__c": 7}, previous_key=old), Row("u-2", {"Visits__c": 2}))


class Scripted(StandIn):
    """Gives the answers of a fixture in their order, and keeps what it was asked; a token is given without asking."""

    requests_per_window = 1000
    window_seconds = 1.0

    @staticmethod
    def variables(url: str, secret: str) -> dict[str, str]:
        return SalesforceStandIn.variables(url, secret)

    def __init__(self, calls: list[dict[str, Any]]) -> None:
        super().__init__(SECRET)
        self.waiting = list(calls)
        self.asked: list[Request] = []
        self.logins: list[Request] = []

    def answer(self, request: Request) -> Answer:
        if request.path == "/services/oauth2/token":
            self.logins.append(request)
            return Answer(200, {"access_token": TOKEN})
        self.asked.append(request)
        response = self.waiting.pop(0)["response"] if self.waiting else {"status": 418}
        text = response.get("text")
        headers = response.get("headers", {})
        if text is not None:
            return Answer(response["status"], text.encode(), {"Content-Type": "text/csv", **headers})
        return Answer(response["status"], response.get("body"), headers)

    def failure(self, status: int) -> Any:
        return {"status": status}
