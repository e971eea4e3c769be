"""A deployment of its own: a folder, the environment that points at it, and the real command line."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import polars as pl

from cdp_assets.settings import Settings

PEOPLE = 1500
SEEDS = (101, 202, 303)
"""Populations that nothing was tuned on."""

PATIENCE = 1500.0
"""Seconds after which a command is taken to hang. Generous: the machine may be busy with other tests."""

FACTS_OF_A_RUN = {
    "raw": {"_loaded_at", "loaded_at"},
    "identity": {"run_id"},
    "activation": {"run_id", "started_at", "finished_at", "at", "sent_at", "first_failed_at", "last_failed_at"},
    "staging": {"_loaded_at"},
    "lookup": {"_loaded_at"},
    "master": {"_loaded_at"},
}
"""Columns, by stage, that say which run wrote a row and when by the clock. No others may differ between two runs."""

Facts = dict[str, list[str]]


@dataclass(frozen=True)
class Deployment:
    """One deployment in `folder`; `overrides` are environment variables of its own."""

    folder: Path
    overrides: Mapping[str, str] = field(default_factory=dict)

    @property
    def landing(self) -> Path:
        return self.folder / "landing"

    @property
    def outbox(self) -> Path:
        return self.folder / "outbox"

    @property
    def home(self) -> Path:
        return self.folder / "dagster_home"

    @property
    def duckdb_path(self) -> Path:
        return self.folder / "cdp.duckdb"

    @property
    def truth(self) -> Path:
        return self.folder / "sample_truth.parquet"

    @property
    def env(self) -> dict[str, str]:
        """What points a process at this deployment; the key is fixed, and files count as written at once."""
        own = {
            "CDP_DUCKDB_PATH": str(self.duckdb_path),
            "CDP_LANDING_DIR": str(self.landing),
            "CDP_OUTBOX_DIR": str(self.outbox),
            "CDP_DBT_OUTPUT_DIR": str(self.folder / "dbt"),
            "CDP_SECRET_KEY": "a key for tests",
            "CDP_LANDING_SETTLE_SECONDS": "0",
            "DAGSTER_HOME": str(self.home),
            "DAGSTER_DISABLE_TELEMETRY": "yes",
        }
        return {**own, **self.overrides}

    @property
    def environment(self) -> dict[str, str]:
        """The whole environment of a process that works on this deployment."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("CDP_", "DAGSTER_"))}
        return {**inherited, **self.env}

    @property
    def settings(self) -> Settings:
        return Settings.from_env(self.env)

    def copy_to(self, folder: Path) -> "Deployment":
        """The same deployment in another folder, to be changed there."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return Deployment(folder, self.overrides)

    def with_environment(self, **overrides: str) -> "Deployment":
        """The same folder under other settings."""
        return Deployment(self.folder, {**self.overrides, **overrides})

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`cdp <arguments>`, waited for; what it printed is captured."""
        command = [tool("cdp"), *arguments]
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )

    def run_well(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`cdp <arguments>`, which must succeed."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """`cdp <arguments>` in a process group of its own, not waited for."""
        return subprocess.Popen(
            [tool("cdp"), *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def query(self, sql: str) -> pl.DataFrame:
        """What the warehouse answers."""
        with self.opened() as connection:
            return connection.sql(sql).pl()

    def opened_to_write(self) -> duckdb.DuckDBPyConnection:
        """A connection that writes, to a deployment of the test's own."""
        return self.opened(read_only=False)

    def opened(self, read_only: bool = True) -> duckdb.DuckDBPyConnection:
        """A connection that reads; other tests' commands on a shared deployment are waited for."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                connection = duckdb.connect(str(self.duckdb_path), read_only=read_only)
            except duckdb.IOException:
                assert time.monotonic() < deadline, "the warehouse was not free in time"
                time.sleep(0.2)
            else:
                connection.execute("SET TimeZone = 'UTC'")
                return connection

    def table_names(self) -> list[str]:
        """Every table as `schema.name`, in order."""
        listed = self.query("SELECT schema_name || '.' || table_name AS name FROM duckdb_tables() ORDER BY 1")
        return listed["name"].to_list()

    def contents(self, but_for: Mapping[str, set[str]] = {}) -> Facts:
        """The rows of every table as sorted text, without some columns of each stage."""
        with self.opened() as connection:
            return {
                name: _rows(connection, name, but_for.get(name.split(".")[0], set())) for name in self.table_names()
            }

    def sent(self) -> list[Path]:
        """The files in the outbox, in the order in which they are to be read."""
        return sorted(path for path in self.outbox.rglob("*") if path.is_file())


def _rows(connection: duckdb.DuckDBPyConnection, table: str, without: set[str]) -> list[str]:
    described = connection.execute(f"DESCRIBE {table}").fetchall()
    kept = ", ".join(f'"{row[0]}"' for row in described if row[0] not in without)
    return sorted(map(repr, connection.execute(f"SELECT {kept} FROM {table}").fetchall())) if kept else []


def differing(one: Facts, other: Facts) -> list[str]:
    """Tables whose rows differ, each with how many on either side are not on the other."""
    found = []
    for table in sorted({*one, *other}):
        here, there = set(one.get(table, [])), set(other.get(table, []))
        counts = len(one.get(table, [])), len(other.get(table, []))
        if here != there or counts[0] != counts[1]:
            found.append(
                f"{table}: {counts[0]} rows and {counts[1]}, {len(here - there)} and {len(there - here)} alone"
            )
    return found


def tool(name: str) -> str:
    """The path of a command of this environment."""
    return str(Path(sys.executable).with_name(name))


def wait_for(condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Return when the condition holds; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain for {what}"
        time.sleep(0.05)


def kill_group(process: "subprocess.Popen[str]") -> None:
    """`kill -9` a process and all that it started."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
