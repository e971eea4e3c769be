"""A deployment in a folder of its own: its environment, and the processes that work on it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cdp_assets.settings import Settings


@dataclass(frozen=True)
class Deployment:
    """Warehouse, landing folder, outbox and Dagster home, all under `folder`."""

    folder: Path

    @property
    def env(self) -> dict[str, str]:
        """What points a process at this deployment; the key is fixed, and files count as written at once."""
        return {
            "CDP_DUCKDB_PATH": str(self.folder / "cdp.duckdb"),
            "CDP_LANDING_DIR": str(self.folder / "landing"),
            "CDP_OUTBOX_DIR": str(self.folder / "outbox"),
            "CDP_DBT_OUTPUT_DIR": str(self.folder / "dbt"),
            "CDP_SECRET_KEY": "a key for tests",
            "CDP_LANDING_SETTLE_SECONDS": "0",
            "DAGSTER_HOME": str(self.folder / "home"),
        }

    @property
    def process_env(self) -> dict[str, str]:
        """The environment of a process that works on this deployment."""
        return {**os.environ, **self.env, "DAGSTER_DISABLE_TELEMETRY": "yes"}

    @property
    def settings(self) -> Settings:
        return Settings.from_env(self.env)

    def cdp(self, *arguments: str) -> str:
        """Run the command `cdp`; returns what it printed, and fails the test when it fails."""
        return run_tool(["cdp", *arguments], self.process_env)

    def copy_to(self, folder: Path) -> "Deployment":
        """The same deployment in another folder, to be changed."""
        shutil.copytree(self.folder, folder)
        return Deployment(folder)


def tool(name: str) -> str:
    """The path of a command of this environment."""
    return str(Path(sys.executable).with_name(name))


def run_tool(command: Sequence[str], env: dict[str, str], cwd: Path | None = None) -> str:
    """Run a command of this environment to its end; returns its standard output, and fails the test when it fails."""
    done = subprocess.run(
        [tool(command[0]), *command[1:]], env=env, cwd=cwd, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)} gave {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout
