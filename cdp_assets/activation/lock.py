"""One run of a sync at a time, on this machine; runs of Dagster's on several wait for each other by its pools."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cdp_assets.errors import DataError

_WAIT = 0.1


@contextmanager
def only_run(folder: Path, sync: str, patience: float) -> Iterator[None]:
    """Wait until no other process runs the sync, at most `patience` seconds, and keep others waiting meanwhile.

    A process that dies lets go of it.

    Raises:
        DataError: another run was not over in time; the message names its process.
    """
    folder.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + patience
    with (folder / f"{sync}.lock").open("a+") as file:
        while not _taken(file.fileno()):
            if time.monotonic() >= deadline:
                file.seek(0)
                holder = file.read().strip() or "unknown"
                raise DataError(
                    f"sync {sync!r} is being run by process {holder}, which was not done within {patience:g} s;"
                    " wait for it to end, or set CDP_LOCK_TIMEOUT_SECONDS higher."
                )
            time.sleep(_WAIT)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
