"""Run as a process: a sync that kills itself, with no chance to tidy up.

Arguments: folder, destination (`file` or a URL), run id, the moment (`sent` or `recorded`), and the batch.
"""

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cdp_assets.activation.engine import run_sync
from cdp_assets.destinations.base import Batch, Destination, Limits, RowResult
from cdp_assets.destinations.file import FileDestination, FileSettings
from cdp_assets.destinations.webhook import WebhookDestination, WebhookSettings
from cdp_assets.settings import Settings
from cdp_assets_tests.unit.activation.world import AS_OF, KEY, NoSettings, World, definition


class Dying(Destination):
    """Sends through another destination, and dies once the given batch has arrived."""

    settings_model = NoSettings

    def __init__(self, inner: Destination, last: int) -> None:
        self.inner, self.left = inner, last
        self.limits: Limits = inner.limits

    @classmethod
    def from_settings(cls, values: Mapping[str, Any], settings: Settings, env: Mapping[str, str]) -> "Dying":
        raise NotImplementedError

    def send(self, batch: Batch) -> list[RowResult]:
        results = self.inner.send(batch)
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1
        return results


def destination(folder: Path, target: str) -> Destination:
    if target == "file":
        return FileDestination(folder / "outbox", FileSettings(batch_size=7))
    return WebhookDestination(target, WebhookSettings(batch_size=7))


def main(folder: Path, target: str, run_id: str, moment: str, batch: int) -> None:
    seen = 0

    def progress(done: int, planned: int) -> None:
        nonlocal seen
        seen += 1
        if moment == "recorded" and seen > batch:
            os.kill(os.getpid(), signal.SIGKILL)

    dying = Dying(destination(folder, target), batch if moment == "sent" else -1)
    run_sync(World.at(folder).warehouse, definition(), dying, KEY, AS_OF, run_id, progress)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
