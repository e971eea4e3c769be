"""Long-running processes of a test: each with its own group, stopped whole, whatever happens."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from cdp_assets.settings import PROJECT_ROOT
from cdp_assets_tests.deployment import Deployment, tool

T = TypeVar("T")


def run_tool(command: Sequence[str], env: dict[str, str], cwd: Path | None = None) -> str:
    """Run a command of this environment to its end; returns its standard output, and fails the test when it fails."""
    done = subprocess.run(
        [tool(command[0]), *command[1:]], env=env, cwd=cwd, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)} gave {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout


@contextmanager
def serving(command: Sequence[str], deployment: Deployment, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process at work on a deployment from the project's folder; what it prints goes to `log`."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            [tool(command[0]), *command[1:]],
            cwd=PROJECT_ROOT,
            env=deployment.environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            _stop(process)


def free_port() -> int:
    """A port of the loopback interface that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: str, look: Callable[[], T | None], seconds: float, log: Path) -> T:
    """What `look` returns once it is not None; fails the test with the log's end when it takes too long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = look()
        if found is not None:
            return found
        time.sleep(1)
    raise AssertionError(f"after {seconds:.0f} s there is no {what}; the log ends: {log.read_text()[-3000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the whole group to end, then make it."""
    for sign, patience in ((signal.SIGINT, 15), (signal.SIGKILL, 15)):
        try:
            os.killpg(process.pid, sign)
            process.wait(patience)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
