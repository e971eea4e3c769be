"""What a vendor documents, written out as requests and answers: client and stand-in are both held against it."""

import json
from pathlib import Path
from typing import Any

from cdp_assets.destinations.base import Batch, Mode, Operation, Removal
from cdp_assets.sample.standins.base import Answer, Request, StandIn
from cdp_assets_tests.contracts.destinations.batches import batch

_FOLDER = Path(__file__).parent / "fixtures"


def documented(vendor: str) -> dict[str, dict[str, Any]]:
    """The fixtures of a vendor by name; each names the page it was read on."""
    found = {path.stem: json.loads(path.read_text()) for path in sorted((_FOLDER / vendor).glob("*.json"))}
    assert found
    for name, fixture in found.items():
        assert all(page.startswith("https://") for page in fixture["source"]), f"{name} does not say where it is from"
    return found


def batch_of(fixture: dict[str, Any], rows: dict[str, dict[str, Any]]) -> Batch:
    """The fixture's batch, or an addition of these rows where it has none."""
    described = fixture.get("batch") or {"operation": "add", "mode": "mirror", "columns": ["visits"], "rows": rows}
    return batch(
        described["rows"],
        Operation(described["operation"]),
        mode=Mode(described["mode"]),
        removal=Removal(described.get("removal", "clear_fields")),
        columns=tuple(described["columns"]),
    )


class Canned(StandIn):
    """Gives one answer to everything, and keeps what it was asked."""

    requests_per_window = 1000
    window_seconds = 1.0

    @staticmethod
    def variables(url: str, secret: str) -> dict[str, str]:
        return {"CDP_URL": url, "CDP_SECRET": secret}

    def __init__(self, response: dict[str, Any]) -> None:
        super().__init__("k3y")
        self.response = response
        self.asked: list[Request] = []

    def answer(self, request: Request) -> Answer:
        self.asked.append(request)
        return Answer(self.response["status"], self.response.get("body"), self.response.get("headers", {}))

    def failure(self, status: int) -> Any:
        return {"status": status}
