"""A stand-in's server as a process in an environment of its own."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

from cdp_assets_tests.standins.environment import python_of

_START_TIMEOUT = 120.0


@contextmanager
def served(environment: str, script: Path, tells_ports: Callable[[str], bool]) -> Iterator[tuple[str, Path]]:
    """Start a server's script, and stop it at the end; it also ends when this process is killed.

    Gives the line of its standard output that tells its ports, and a folder that goes with it.

    Raises:
        RuntimeError: its environment cannot be made, or it does not start; the message says which.
    """
    python = python_of(environment)
    with tempfile.TemporaryDirectory(prefix=f"cdp_{environment}_") as folder, (Path(folder) / "log").open("w") as log:
        process = subprocess.Popen(
            [str(python), "-I", str(script)],  # alone: modules beside it have names of packages it needs
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, "TMPDIR": folder},
            cwd=folder,
            text=True,
        )
        try:
            told = _told(process, tells_ports)
            if not told:
                said = (Path(folder) / "log").read_text(errors="replace").splitlines()[-3:]
                raise RuntimeError(f"{environment} did not start: {' '.join(said)}")
            yield told, Path(folder)
        finally:
            process.kill()
            process.communicate()


def _told(process: "subprocess.Popen[str]", tells_ports: Callable[[str], bool]) -> str:
    """The line that tells the ports, once the server listens; nothing when it ends or takes too long."""
    assert process.stdout is not None
    limit = Timer(_START_TIMEOUT, process.kill)
    limit.start()
    try:
        return next((line.strip() for line in process.stdout if tells_ports(line)), "")
    finally:
        limit.cancel()
