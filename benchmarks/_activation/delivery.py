"""Ways to get an audience to a webhook: ours, a bare loop of the same posts, and drt."""

import json
import os
import subprocess
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import httpx

from benchmarks._activation.members import MAPPING, SECRET_KEY, definition
from cdp_assets.activation.engine import run_sync
from cdp_assets.activation.retry import RetryPolicy
from cdp_assets.destinations._payload import line
from cdp_assets.destinations.base import Destination
from cdp_assets.destinations.webhook import WebhookDestination
from cdp_assets.settings import Settings
from cdp_assets.warehouses.duckdb import DuckDBWarehouse

BATCH_ROWS = 1000
UNLIMITED = {"requests_per_second": 0}
NOW = datetime(2026, 6, 30, tzinfo=UTC)
_VALUES = f"SELECT customer_id, {', '.join(MAPPING)} FROM master.customers ORDER BY customer_id"


def webhook(variables: Mapping[str, str], concurrency: int) -> Destination:
    """Our destination, at a stand-in."""
    values = {"batch_size": BATCH_ROWS, "concurrency": concurrency}
    return WebhookDestination.from_settings(values, Settings.from_env({}), variables)


def ours(warehouse: DuckDBWarehouse, destination: Destination, run_id: str) -> float:
    """Seconds of a run of the sync, with its state and its log of rows."""
    began = time.perf_counter()
    run_sync(warehouse, definition("webhook"), destination, SECRET_KEY, NOW, run_id, policy=RetryPolicy(attempts=1))
    return time.perf_counter() - began


def bare(warehouse: DuckDBWarehouse, url: str, concurrency: int) -> float:
    """Seconds in which threads post the same batches, made beforehand, and look at nothing but the status."""
    rows = warehouse.read_arrow(_VALUES).to_pylist()
    bodies = []
    for number, first in enumerate(range(0, len(rows), BATCH_ROWS)):
        some = [
            {"key": row["customer_id"], "operation": "add", "fields": {f: row[f] for f in MAPPING}}
            for row in rows[first : first + BATCH_ROWS]
        ]
        named = {"sync": "bare", "run_id": "run", "batch": str(number), "operation": "add", "removal": "delete"}
        bodies.append((str(number), line({**named, "rows": some})))
    began = time.perf_counter()
    with httpx.Client(timeout=30) as client, ThreadPoolExecutor(concurrency) as pool:

        def post(body: tuple[str, bytes]) -> None:
            client.post(url, content=body[1], headers={"Idempotency-Key": f"bare {body[0]}"}).raise_for_status()

        list(pool.map(post, bodies))
    return time.perf_counter() - began


def drt(python: Path, folder: Path, warehouse: DuckDBWarehouse, url: str) -> float:
    """Seconds of `drt run` from its start, which takes most of two, to its end; it sends one batch after another."""
    project = folder / "drt"
    (project / "syncs").mkdir(parents=True)
    (folder / ".drt").mkdir()
    (folder / ".drt" / "profiles.yml").write_text(
        json.dumps({"local": {"type": "duckdb", "database": str(warehouse.path)}})
    )
    (project / "drt_project.yml").write_text(json.dumps({"name": "bench", "version": "0.1", "profile": "local"}))
    row = "{{ {'key': row.customer_id, 'fields': row} | tojson }}{{ ',' if not loop.last }}"
    rows = "{% for row in rows %}" + row + "{% endfor %}"
    template = '{"operation": "add", "removal": "delete", "rows": [' + rows + "]}"
    destination = {
        "type": "rest_api",
        "url": url,
        "method": "POST",
        "body_mode": "batch",
        "batch_template": template,
        "native_idempotency_key": "{{ request_id }}",
        "headers": {"Content-Type": "application/json"},
    }
    query = _VALUES.replace("total_spent", "total_spent::DOUBLE AS total_spent").replace(
        "last_order_at FROM", "last_order_at::VARCHAR AS last_order_at FROM"
    )
    sync = {
        "name": "everybody",
        "model": query,
        "destination": destination,
        "sync": {
            "mode": "full",
            "batch_size": BATCH_ROWS,
            "rate_limit": {"requests_per_second": 0},
            "on_error": "fail",
        },
    }
    (project / "syncs" / "everybody.yml").write_text(json.dumps(sync))
    env = {**os.environ, "HOME": str(folder), "DRT_TELEMETRY": "0"}
    began = time.perf_counter()
    done = subprocess.run(
        [python.with_name("drt"), "run"], cwd=project, env=env, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"drt ended with {done.returncode}: {done.stdout[-500:]} {done.stderr[-500:]}")
    return seconds
