"""The webhook against a real server that fails in every way it can."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from cdp_assets.destinations._http import retry_after
from cdp_assets.destinations.base import PermanentError, TransientError
from cdp_assets.destinations.webhook import WebhookDestination, WebhookSettings
from cdp_assets.errors import ConfigurationError, DestinationError
from cdp_assets.settings import Settings
from cdp_assets_tests.contracts.destinations.batches import batch
from cdp_assets_tests.contracts.destinations.endpoint import Endpoint, serving

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
ROWS = {"c1": {"EMAIL": "ann@example.com", "NAME": "Ann"}, "c2": {"EMAIL": "bob@example.com", "NAME": None}}


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with serving() as found:
        yield found


@pytest.fixture
def webhook(endpoint: Endpoint) -> Iterator[WebhookDestination]:
    made = WebhookDestination(endpoint.url, WebhookSettings(timeout_seconds=0.3), "t0ken", now=lambda: NOW)
    yield made
    made.close()


def test_it_posts_the_rows_with_key_and_token(webhook: WebhookDestination, endpoint: Endpoint):
    webhook.send(batch(ROWS))
    ((headers, body),) = endpoint.requests
    assert headers["Idempotency-Key"] == batch(ROWS).idempotency_key
    assert headers["Authorization"] == "Bearer t0ken"
    assert {name: body[name] for name in ("sync", "run_id", "batch", "operation", "removal")} == {
        "sync": "crm",
        "run_id": "run/1",
        "batch": "00000000",
        "operation": "add",
        "removal": "delete",
    }
    assert body["rows"] == [{"key": key, "operation": "add", "fields": fields} for key, fields in ROWS.items()]


def test_partial_results_are_told_apart(webhook: WebhookDestination, endpoint: Endpoint):
    endpoint.picky = {"c2"}
    assert [(result.key, result.accepted) for result in webhook.send(batch(ROWS))] == [("c1", True), ("c2", False)]


def test_a_2xx_without_results_accepts_every_row(webhook: WebhookDestination, endpoint: Endpoint):
    endpoint.plain = True
    assert all(result.accepted for result in webhook.send(batch(ROWS)))


def test_a_row_the_results_leave_out_is_refused(webhook: WebhookDestination, endpoint: Endpoint):
    endpoint.seen[batch(ROWS).idempotency_key] = b'{"results": [{"key": "c1", "status": "ok"}]}'
    assert [result.accepted for result in webhook.send(batch(ROWS))] == [True, False]


@pytest.mark.parametrize("status", [400, 413, 422])
def test_an_answer_about_the_rows_refuses_the_batch(webhook: WebhookDestination, endpoint: Endpoint, status: int):
    endpoint.faults = [status]
    with pytest.raises(PermanentError, match=f"HTTP {status}"):
        webhook.send(batch(ROWS))


@pytest.mark.parametrize("fault", [408, 425, 429, 500, 502, 503, 504, "reset", "slow"])
def test_what_may_pass_is_transient(webhook: WebhookDestination, endpoint: Endpoint, fault):
    endpoint.faults = [fault]
    with pytest.raises(TransientError) as caught:
        webhook.send(batch(ROWS))
    assert caught.value.retry_after is None
    assert all(result.accepted for result in webhook.send(batch(ROWS)))


def test_retry_after_reaches_the_engine(webhook: WebhookDestination, endpoint: Endpoint):
    endpoint.faults = [(429, {"Retry-After": "7"}), (503, {"Retry-After": "Tue, 30 Jun 2026 12:01:30 GMT"})]
    for seconds in (7, 90):
        with pytest.raises(TransientError) as caught:
            webhook.send(batch(ROWS))
        assert caught.value.retry_after == seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        (" 12 ", 12),
        ("Tue, 30 Jun 2026 11:00:00 GMT", 0),
        ("soon", None),
        ("-1", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value, seconds):
    assert retry_after(value, NOW) == seconds


@pytest.mark.parametrize("fault", [401, 403, 404, (302, {"Location": "http://127.0.0.1:9/"}), "garbage"])
def test_what_no_batch_can_pass_stops(webhook: WebhookDestination, endpoint: Endpoint, fault):
    endpoint.faults = [fault]
    with pytest.raises(DestinationError) as caught:
        webhook.send(batch(ROWS))
    assert "127.0.0.1" in str(caught.value)
    assert not any(secret in str(caught.value) for secret in ("t0ken", "example.com", "/hook"))


def test_nobody_listening_is_transient():
    gone = WebhookDestination("http://127.0.0.1:9/", WebhookSettings(timeout_seconds=1))
    with pytest.raises(TransientError, match="connection failed"):
        gone.send(batch(ROWS))


@pytest.mark.parametrize(
    ("values", "env", "message"),
    [
        ({}, {}, "base_url is ''; set it, or CDP_WEBHOOK_BASE_URL, to an http:// or https:// address"),
        ({"base_url": "ftp://x"}, {}, "base_url is 'ftp://x'"),
        ({"base_url": "http://"}, {}, "base_url is 'http://'"),
        ({"base_url": "http://x", "token_variable": "HOOK_TOKEN"}, {}, "HOOK_TOKEN is not set"),
    ],
)
def test_a_wrong_setting_is_named(values, env, message):
    with pytest.raises(ConfigurationError, match=message):
        WebhookDestination.from_settings(values, Settings.from_env({}), env)


def test_the_path_is_joined_to_the_base_url():
    env = {"CDP_WEBHOOK_BASE_URL": "https://hooks.example.com/v1", "HOOK_TOKEN": "t"}
    values = {"path": "/people", "token_variable": "HOOK_TOKEN"}
    made = WebhookDestination.from_settings(values, Settings.from_env({}), env)
    assert str(made.url) == "https://hooks.example.com/v1/people"
