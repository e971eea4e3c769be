"""What a measurement was made on: without it a figure says little."""

import importlib.util
import os
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import distributions, version
from pathlib import Path

import psutil

_LIBRARIES = (
    "dagster",
    "dbt-core",
    "dbt-duckdb",
    "duckdb",
    "adbc-driver-postgresql",
    "polars",
    "splink",
    "lightgbm",
    "sqlglot",
)


def describe_machine() -> Iterator[str]:
    """Lines: date, cores, memory, load, versions, and whether Python's libraries are compiled already."""
    gib = psutil.virtual_memory().total / 2**30
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    yield f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {system}"
    yield f"{os.cpu_count()} cores, {gib:.0f} GiB, load average {os.getloadavg()[0]:.1f} (1 min) as this began"
    yield ", ".join(f"{name} {version(name)}" for name in _LIBRARIES if _installed(name))
    if not _compiled("dagster"):
        yield "the libraries' byte code is not cached: every process compiles what it imports, which doubles its start"


def _installed(library: str) -> bool:
    return any(distributions(name=library))


def _compiled(module: str) -> bool:
    spec = importlib.util.find_spec(module)
    return spec is not None and spec.cached is not None and Path(spec.cached).exists()
