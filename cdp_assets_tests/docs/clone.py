"""A copy of the repository to follow a guide in: its own data, the environment of the tests."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from cdp_assets_tests.docs.pages import Block, apply_diff
from cdp_assets_tests.reference_data import REPOSITORY

_COPIED = ("cdp_assets", "dbt_project", "pyproject.toml", "setup.cfg", "dagster.yaml", "workspace.yaml")


@dataclass(frozen=True)
class Clone:
    """A clone at `root`, in which `make` has made the environment."""

    root: Path

    @classmethod
    def at(cls, root: Path) -> "Clone":
        """Make the clone."""
        root.mkdir()
        ignored = shutil.ignore_patterns("__pycache__", "target", "logs")
        for name in _COPIED:
            source = REPOSITORY / name
            if source.is_dir():
                shutil.copytree(source, root / name, ignore=ignored)
            else:
                shutil.copy(source, root / name)
        (root / ".venv").symlink_to(sys.prefix)
        return cls(root)

    @property
    def environment(self) -> dict[str, str]:
        """No setting of the tests' own process; this clone's package before the installed one."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("CDP_", "DAGSTER_", "DBT_", "PYTHON"))
        }
        path = f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"
        return {**kept, "PATH": path, "PYTHONPATH": str(self.root)}

    def follow(self, block: Block) -> str:
        """Do what a block of a guide says; returns what a command printed."""
        if block.path is None:
            assert block.language == "sh", f"a block of {block.language} says neither what to run nor which file it is"
            return self.run(block.text)
        file = self.root / block.path
        if block.language == "diff":
            self.write(block.path, apply_diff(file.read_text(), block.text))
        else:
            self.write(block.path, block.text)
        return ""

    def write(self, path: str, text: str) -> None:
        """Write a file of the clone."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def run(self, script: str) -> str:
        """Run shell commands, each of which must succeed; returns what they printed."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query on the clone's warehouse."""
        with duckdb.connect(str(self.root / "data" / "cdp.duckdb"), read_only=True) as warehouse:
            return warehouse.execute(sql).fetchall()
