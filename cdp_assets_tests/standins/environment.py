"""Environments of stand-ins, each apart from the platform's own, made once from its pinned requirements."""

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

_FOLDER = Path(__file__).parent
_READY = "ready"


def python_of(name: str) -> Path:
    """The Python of the environment that `<name>.txt` describes, in the folder of the environment we run in.

    Raises:
        RuntimeError: it cannot be made; the message has what the installer said.
    """
    requirements = _FOLDER / f"{name}.txt"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    folder = Path(os.environ.get("CDP_TEST_STANDINS_DIR") or Path(sys.prefix) / "standins") / f"{name}-{digest}"
    python = folder / "bin" / "python"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # other test processes wait for the one that makes it
        if not (folder / _READY).exists():
            _run("venv", "--clear", "--python", sys.executable, str(folder))
            _run("pip", "install", "--python", str(python), "-r", str(requirements))
            (folder / _READY).touch()
    return python


def _run(*arguments: str) -> None:
    ended = subprocess.run([sys.executable, "-m", "uv", *arguments], check=False, capture_output=True, text=True)
    if ended.returncode != 0:
        raise RuntimeError(f"uv {arguments[0]} failed: {' '.join(ended.stderr.split()[-60:])}")
