"""A Snowflake of our own: the fakesnow server in an environment of its own, on a free loopback port."""

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

_SERVER = Path(__file__).with_name("fakesnow_server.py")
_START_TIMEOUT = 120.0


@dataclass
class SnowflakeStandIn:
    """A running server. Databases in it are `CDP_1`, `CDP_2` and so on; each is there from the first login on."""

    port: int
    process: "subprocess.Popen[str]"

    def __post_init__(self) -> None:
        self._numbers = count(1)

    def fresh_database(self) -> dict[str, str]:
        """An empty database; returns the environment that names it."""
        return self.environment(f"CDP_{next(self._numbers)}")

    def environment(self, database: str) -> dict[str, str]:
        """The environment variables that point the platform at a database of this server."""
        return {
            "CDP_WAREHOUSE": "snowflake",
            "CDP_SNOWFLAKE_ACCOUNT": "standin",
            "CDP_SNOWFLAKE_USER": "cdp",
            "CDP_SNOWFLAKE_PASSWORD": "not checked",
            "CDP_SNOWFLAKE_DATABASE": database,
            "CDP_SNOWFLAKE_HOST": "127.0.0.1",
            "CDP_SNOWFLAKE_PORT": str(self.port),
            "CDP_SNOWFLAKE_PROTOCOL": "http",
            "CDP_SNOWFLAKE_NETWORK_TIMEOUT_SECONDS": "20",  # the driver repeats without end what a server fails at
        }


@contextmanager
def snowflake_standin() -> Iterator[SnowflakeStandIn]:
    """Start a server, and stop it at the end; it also ends when this process is killed.

    Raises:
        RuntimeError: its environment cannot be made, or it does not start; the message says which.
    """
    python = python_of("fakesnow")
    with tempfile.TemporaryDirectory(prefix="cdp_fakesnow_") as folder, (Path(folder) / "log").open("w") as log:
        process = subprocess.Popen(
            [str(python), "-I", str(_SERVER)],  # alone: modules beside it have names of packages it needs
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, "TMPDIR": folder},
            text=True,
        )
        try:
            yield SnowflakeStandIn(_port(process, Path(folder) / "log"), process)
        finally:
            process.kill()
            process.communicate()


def _port(process: "subprocess.Popen[str]", log: Path) -> int:
    """The port the server listens on, once it does."""
    assert process.stdout is not None
    limit = Timer(_START_TIMEOUT, process.kill)
    limit.start()
    try:
        told = process.stdout.readline().strip()
    finally:
        limit.cancel()
    if not told:
        said = log.read_text(errors="replace").splitlines()[-3:]
        raise RuntimeError(f"fakesnow did not start: {' '.join(said)}")
    return int(told)
