"""Any HTTP endpoint: a POST a batch, JSON in and, if the endpoint wants to tell rows apart, JSON out.

Body: `{"sync", "run_id", "batch", "operation", "removal", "rows": [{"key", "operation", "fields"}]}`, with the header
`Idempotency-Key`. A 2xx accepts every row, unless it answers `{"results": [{"key", "status": "ok" | "error",
"reason"}]}`: then the rows it does not call `ok` count as refused.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import httpx
from pydantic import Field

from cdp_assets.destinations._http import address, client, place, sent
from cdp_assets.destinations._payload import line, plain, record
from cdp_assets.destinations.base import Batch, Destination, Limits, RowResult
from cdp_assets.errors import ConfigurationError, DestinationError
from cdp_assets.settings import Settings
from cdp_assets.strict import Strict
from cdp_assets.validation import validated

BASE_URL = "CDP_WEBHOOK_BASE_URL"


class WebhookSettings(Strict):
    """Where to post, and how much at once."""

    base_url: str | None = Field(
        default=None, description="Where to post, http:// or https://; unset, `CDP_WEBHOOK_BASE_URL`."
    )
    path: str = Field(default="", description="A path below it.")
    token_variable: str | None = Field(
        default=None,
        pattern=r"^[A-Z][A-Z0-9_]*$",
        description="The environment variable that holds a bearer token; unset, none is sent.",
    )
    timeout_seconds: float = Field(default=30.0, gt=0, le=600, description="How long to wait for an answer.")
    batch_size: int = Field(default=500, ge=1, le=10_000, description="Rows a request, at most 10,000.")
    concurrency: int = Field(default=4, ge=1, le=64, description="Requests on their way at once.")


class WebhookDestination(Destination):
    """Posts batches to one URL."""

    settings_model = WebhookSettings

    def __init__(
        self,
        url: httpx.URL | str,
        settings: WebhookSettings,
        token: str | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.url = httpx.URL(url)
        self.limits = Limits(settings.batch_size, concurrency=settings.concurrency, applies_once=True)
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._client = client(timeout=settings.timeout_seconds, headers=headers)
        self._now = now

    @property
    def target(self) -> str:
        return f"webhook {place(self.url)}"

    @classmethod
    def from_settings(
        cls,
        values: Mapping[str, Any],
        settings: Settings,  # noqa: ARG003 - a webhook needs nothing of the deployment's own
        env: Mapping[str, str],
    ) -> "WebhookDestination":
        found = validated(WebhookSettings, values, "destination 'webhook'")
        base = found.base_url or env.get(BASE_URL) or ""
        url = address(base, found.path, "webhook", BASE_URL)
        token = env.get(found.token_variable) if found.token_variable else None
        if found.token_variable and not token:
            raise ConfigurationError(
                f"destination 'webhook': {found.token_variable} is not set; it must hold the token."
            )
        return cls(url, found, token)

    def payload(self, batch: Batch) -> object:
        return plain(_body(batch))

    def send(self, batch: Batch) -> list[RowResult]:
        content, headers = line(_body(batch)), {"Idempotency-Key": batch.idempotency_key}
        where = f"the webhook at {self.url.host}"
        response = sent(lambda: self._client.post(self.url, content=content, headers=headers), where, self._now)
        return _results(batch, response, where)

    def close(self) -> None:
        self._client.close()


def _body(batch: Batch) -> dict[str, object]:
    return {
        "sync": batch.sync,
        "run_id": batch.run_id,
        "batch": batch.name,
        "operation": batch.operation.value,
        "removal": batch.removal.value,
        "rows": [record(batch, row) for row in batch.rows],
    }


def _results(batch: Batch, response: httpx.Response, where: str) -> list[RowResult]:
    listed = _listed(response)
    if listed is None:
        return [RowResult(row.key, accepted=True) for row in batch.rows]
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise DestinationError(
            f"{where} answered with results that are not a list of objects; nothing is known of them."
        )
    said = {str(item.get("key")): item for item in cast("list[dict[str, Any]]", listed)}
    return [_result(row.key, said.get(row.key)) for row in batch.rows]


def _listed(response: httpx.Response) -> object:
    """The answer's `results`; None if it has none."""
    try:
        body = response.json()
    except ValueError:
        return None
    return body.get("results") if isinstance(body, dict) else None


def _result(key: str, item: Mapping[str, Any] | None) -> RowResult:
    if item is None:
        return RowResult(key, accepted=False, reason="the answer does not mention the row")
    return RowResult(key, accepted=item.get("status") == "ok", reason=str(item.get("reason") or ""))
