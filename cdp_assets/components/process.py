"""Which process a run lives in: how a killed run is told from one that is at work."""

from collections.abc import Mapping

import psutil

PID_TAG, PID_STARTED_TAG = "cdp/pid", "cdp/pid_started"


def process_tags() -> dict[str, str]:
    """Tags that name this process; a process id alone is used again by others."""
    process = psutil.Process()
    return {PID_TAG: str(process.pid), PID_STARTED_TAG: f"{process.create_time():.0f}"}


def is_alive(tags: Mapping[str, str]) -> bool:
    """Whether the process that a run's tags name is still that process, and running."""
    try:
        process = psutil.Process(int(tags[PID_TAG]))
        return f"{process.create_time():.0f}" == tags.get(PID_STARTED_TAG) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
