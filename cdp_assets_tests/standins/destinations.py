"""The stand-ins of destinations: in a thread, to look inside, or as the process that people start.

They are asked without certificates, which take longer to read than the answers.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Thread
from typing import Any

import httpx

from cdp_assets.sample.standins._server import StandInServer
from cdp_assets.sample.standins.base import StandIn
from cdp_assets_tests.reference_data import REPOSITORY

MODULE = "cdp_assets.sample.standins"


@contextmanager
def in_a_thread(standin: StandIn) -> Iterator[StandInServer]:
    """A stand-in's server on a free port, for as long as the block lasts."""
    with StandInServer(standin, 0) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@dataclass(frozen=True)
class Running:
    """A stand-in's process, asked over its control endpoints."""

    url: str
    secret: str
    log: Path

    def held(self) -> dict[str, dict[str, Any]]:
        return self._get("members")["held"]

    def writes(self) -> dict[str, int]:
        return self._get("members")["writes"]

    def requests(self) -> list[dict[str, Any]]:
        return self._get("requests")

    def fail(self, kind: str, **options: Any) -> None:
        self._post("faults", {"kind": kind, **options})

    def recover(self) -> None:
        httpx.delete(f"{self.url}/_standin/faults", verify=False).raise_for_status()

    def refuse(self, refused: dict[str, str] | None = None, poison: tuple[str, ...] = ()) -> None:
        self._post("rows", {"refused": refused or {}, "poison": list(poison)})

    def reset(self) -> None:
        self._post("reset", {})

    def _get(self, what: str) -> Any:
        return httpx.get(f"{self.url}/_standin/{what}", verify=False).raise_for_status().json()

    def _post(self, what: str, content: Any) -> None:
        httpx.post(f"{self.url}/_standin/{what}", json=content, verify=False).raise_for_status()


@contextmanager
def running(name: str, *options: str, secret: str = "stand-in") -> Iterator[Running]:
    """Start a stand-in's process, and stop it at the end; it also ends when this process is killed."""
    with NamedTemporaryFile(prefix=f"{name}-", suffix=".log") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", MODULE, name, "--secret", secret, "--until-input-ends", *options],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url.startswith("http://127.0.0.1:"), Path(log.name).read_text()
            yield Running(url, secret, Path(log.name))
        finally:
            process.kill()
            process.communicate()
