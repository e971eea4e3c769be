"""Run as a process: a sync that kills itself, with no chance to tidy up.

Arguments: folder, destination (`file`, a URL, or a vendor and a URL), run id, the moment, and a number: `before` the
batch of that number is sent, once it is `sent` or `recorded`, or right before or after (`asked`, `answered`) the
remote call of that number.
"""

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import requests

from cdp_assets.activation.definition import SyncDefinition
from cdp_assets.activation.engine import run_sync
from cdp_assets.destinations.base import Batch, Destination, Identifier, IdentifierDestination, Limits, RowResult
from cdp_assets.destinations.file import FileDestination, FileSettings
from cdp_assets.destinations.webhook import WebhookDestination, WebhookSettings
from cdp_assets.settings import Settings
from cdp_assets_tests.integration.destinations.steps import sync_to
from cdp_assets_tests.standins.vendors.base import vendor
from cdp_assets_tests.unit.activation.world import AS_OF, KEY, NoSettings, World, definition


class Dying(Destination):
    """Sends through another destination, and dies right before the given batch is sent or once it has arrived.

    Unless it may go `ahead`, a batch is written down before the next is sent, so that it is known what is in doubt.
    """

    settings_model = NoSettings

    def __init__(self, inner: Destination, moment: str, last: int, *, ahead: bool) -> None:
        self.inner, self.moment, self.left = inner, moment, last
        self.limits: Limits = replace(inner.limits, applies_once=inner.limits.applies_once and ahead)

    @classmethod
    def from_settings(cls, values: Mapping[str, Any], settings: Settings, env: Mapping[str, str]) -> "Dying":
        raise NotImplementedError

    @property
    def target(self) -> str:
        return self.inner.target

    def payload(self, batch: Batch) -> object:
        return self.inner.payload(batch)

    def send(self, batch: Batch) -> list[RowResult]:
        self._die_at("before")
        results = self.inner.send(batch)
        self._die_at("sent")
        self.left -= 1
        return results

    def _die_at(self, moment: str) -> None:
        if self.left == 0 and self.moment == moment:
            os.kill(os.getpid(), signal.SIGKILL)


class DyingOfIdentifiers(Dying, IdentifierDestination):
    """The same, where identifiers are kept."""

    inner: IdentifierDestination

    def identifiers(self, fields: Mapping[str, Any]) -> Sequence[Identifier]:
        return self.inner.identifiers(fields)

    def check_mapping(self, fields: Sequence[str]) -> None:
        self.inner.check_mapping(fields)


def destination(folder: Path, target: str) -> Destination:
    if target == "file":
        return FileDestination(folder / "outbox", FileSettings(batch_size=7))
    name, _, url = target.rpartition(" ")
    return vendor(name).make(url) if name else WebhookDestination(target, WebhookSettings(batch_size=7, concurrency=1))


def sync(target: str) -> SyncDefinition:
    name = target.rpartition(" ")[0]
    return sync_to(vendor(name)) if name else definition()


def die_around_call(moment: str, number: int) -> None:
    """Have every HTTP client of this process count its calls, and die at the one of that number."""
    left = number
    for client, name in ((httpx.Client, "send"), (requests.Session, "send")):
        inner = getattr(client, name)

        def counting(*arguments: Any, inner: Any = inner, **options: Any) -> Any:
            nonlocal left
            if left == 0 and moment == "asked":
                os.kill(os.getpid(), signal.SIGKILL)
            answer = inner(*arguments, **options)
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            return answer

        setattr(client, name, counting)


def main(folder: Path, target: str, run_id: str, moment: str, batch: int, **options: Any) -> None:
    """Run the sync until it dies; `options` are of `run_sync`, another `definition`, and whether it goes `ahead`."""
    seen = 0
    chosen, ahead = options.pop("definition", None) or sync(target), options.pop("ahead", False)
    if moment in {"asked", "answered"}:
        die_around_call(moment, batch)

    def progress(done: int, planned: int) -> None:
        nonlocal seen
        seen += 1
        if moment == "recorded" and seen > batch:
            os.kill(os.getpid(), signal.SIGKILL)

    inner = destination(folder, target)
    kind = DyingOfIdentifiers if isinstance(inner, IdentifierDestination) else Dying
    dying = kind(inner, moment, batch, ahead=ahead)
    world = World.at(folder)
    with world.kept_open():
        run_sync(world.warehouse, chosen, dying, KEY, AS_OF, run_id, progress, **options)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
