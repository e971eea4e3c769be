"""Runs a process and watches its memory, its children's included."""

import resource
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

_EVERY = 0.1
MIB = 2**20


@dataclass
class Measured:
    """How a process went: seconds of wall time and of processors, its children's included, what it printed, and
    (moment, resident bytes) samples of its tree."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    output: str = ""
    samples: list[tuple[float, int]] = field(default_factory=list)

    def peak_mib(self, began: float = 0.0, ended: float = float("inf")) -> float:
        """Highest resident memory sampled between two moments (seconds since 1970), in MiB; 0 without a sample."""
        return max((held for at, held in self.samples if began <= at <= ended + _EVERY), default=0) / MIB


def measure(command: Sequence[str], env: Mapping[str, str], cwd: Path) -> Measured:
    """Run a command to its end.

    Raises:
        RuntimeError: it failed; the message ends with what it printed last.
    """
    measured = Measured()
    began, used = time.perf_counter(), _children_cpu()
    process = subprocess.Popen(
        command, env=dict(env), cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    watcher = threading.Thread(target=_watch, args=(process, measured.samples), daemon=True)
    watcher.start()
    measured.output, _ = process.communicate()
    measured.seconds = time.perf_counter() - began
    measured.cpu_seconds = _children_cpu() - used
    watcher.join()
    if process.returncode != 0:
        said = " ".join(measured.output.splitlines()[-5:])
        raise RuntimeError(f"{' '.join(command)} ended with status {process.returncode}: {said}")
    return measured


def _children_cpu() -> float:
    """Processor seconds of the children that ended, and of theirs."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _watch(process: subprocess.Popen[str], samples: list[tuple[float, int]]) -> None:
    while process.poll() is None:
        samples.append((time.time(), _resident(process.pid)))
        time.sleep(_EVERY)


def _resident(pid: int) -> int:
    total = 0
    try:
        root = psutil.Process(pid)
        for member in (root, *root.children(recursive=True)):
            total += member.memory_info().rss
    except psutil.NoSuchProcess:
        pass  # it ended while we looked: what was summed is a lower bound
    return total
