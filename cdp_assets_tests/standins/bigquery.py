"""A BigQuery of our own: bqemulator in an environment of its own, on free loopback ports."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Timer

from cdp_assets_tests.standins.environment import python_of
from cdp_assets_tests.standins.google_account import service_account

_SERVER = Path(__file__).with_name("bqemulator_server.py")
_START_TIMEOUT = 120.0


@dataclass
class BigQueryStandIn:
    """A running server. Projects in it are `cdp-test-1`, `cdp-test-2` and so on; each is there from the start."""

    rest_port: int
    grpc_port: int
    key_file: Path
    process: "subprocess.Popen[str]"

    def __post_init__(self) -> None:
        self._numbers = count(1)

    def fresh_database(self) -> dict[str, str]:
        """A project nobody has used; returns the environment that names it."""
        return self.environment(f"cdp-test-{next(self._numbers)}")

    def environment(self, project: str) -> dict[str, str]:
        """The environment variables that point the platform at a project of this server."""
        return {
            "CDP_WAREHOUSE": "bigquery",
            "CDP_BIGQUERY_PROJECT": project,
            "CDP_BIGQUERY_LOCATION": "US",
            "CDP_BIGQUERY_CREDENTIALS": str(self.key_file),
            "CDP_BIGQUERY_API_ENDPOINT": f"http://127.0.0.1:{self.rest_port}",
            "CDP_BIGQUERY_STORAGE_ENDPOINT": f"127.0.0.1:{self.grpc_port}",
        }


@contextmanager
def bigquery_server() -> Iterator[BigQueryStandIn]:
    """Start a server, and stop it at the end; it also ends when this process is killed.

    Raises:
        RuntimeError: its environment cannot be made, or it does not start; the message says which.
    """
    python = python_of("bqemulator")
    with (
        tempfile.TemporaryDirectory(prefix="cdp_bqemulator_") as folder,
        (Path(folder) / "log").open("w") as log,
        service_account(Path(folder)) as key_file,
    ):
        process = subprocess.Popen(
            [str(python), "-I", str(_SERVER)],  # alone: modules beside it have names of packages it needs
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, "TMPDIR": folder},
            cwd=folder,
            text=True,
        )
        try:
            ports = _ports(process, Path(folder) / "log")
            yield BigQueryStandIn(ports["rest"], ports["grpc"], key_file, process)
        finally:
            process.kill()
            process.communicate()


def _ports(process: "subprocess.Popen[str]", log: Path) -> dict[str, int]:
    """The ports the server listens on, once it does; it logs on the standard output too."""
    assert process.stdout is not None
    limit = Timer(_START_TIMEOUT, process.kill)
    limit.start()
    try:
        told = next((line for line in process.stdout if line.startswith('{"rest"')), "")
    finally:
        limit.cancel()
    if not told:
        said = log.read_text(errors="replace").splitlines()[-3:]
        raise RuntimeError(f"bqemulator did not start: {' '.join(said)}")
    return dict(json.loads(told))
