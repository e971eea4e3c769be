"""What a sync does to a destination, each as the step from one source to the next."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from cdp_assets.activation.definition import SyncDefinition
from cdp_assets.activation.result import SyncResult
from cdp_assets.destinations.base import Destination
from cdp_assets_tests.standins.destinations import Running
from cdp_assets_tests.standins.people import PEOPLE
from cdp_assets_tests.standins.vendors.base import Vendor
from cdp_assets_tests.unit.activation.world import World, definition


def sync_to(at: Vendor, **changes: Any) -> SyncDefinition:
    return definition(**{"guard": 1, "max_rejected_share": 1, **at.sync, **changes})


@dataclass(frozen=True)
class Case:
    """A sync from a small warehouse, in `folder`, to one vendor's stand-in."""

    at: Vendor
    standin: Running
    world: World
    destination: Destination
    sync: SyncDefinition
    folder: Path

    def run(self, destination: Destination | None = None, **options: Any) -> SyncResult:
        return self.world.run(destination or self.destination, self.sync, **options)

    def killed(self, run_id: str, moment: str, number: int, **options: Any) -> int | None:
        """How a process that runs the sync and kills itself ended; the moment is as `killed_sync` takes it."""
        from cdp_assets_tests.unit.activation import killed_sync

        arguments = (self.folder, f"{self.at.name} {self.standin.url}", run_id, moment, number)
        child = get_context("fork").Process(target=killed_sync.main, args=arguments, kwargs=options)
        with self.world.let_go():
            child.start()
            child.join(60)
        return child.exitcode

    def walk(self) -> Iterator[str]:
        """Bring the source to where each step is what is left to do, one after the other."""
        for step in self.at.steps:
            if step == "add":
                self.world.put(PEOPLE)
            elif step == "change":
                self.world.put({key: (email, None) for key, (email, _) in PEOPLE.items()})
            else:
                self.world.put(PEOPLE, [])
            yield step

    def bounded(self, requests: int, batches: int, failed: int = 0, runs: int = 1) -> bool:
        """Whether so many batches, with so many failed requests, took no more; where a batch is one, just as many."""
        if self.at.calls == 1 and not self.at.asides:
            return requests == batches + failed
        return batches <= requests <= self.at.asides * runs + self.at.calls * (batches + failed)

    def since(self) -> Callable[[], tuple[Mapping[str, int], int]]:
        """From now on: how often each row is written, and how many requests there are."""
        writes, requests = self.standin.writes(), len(self.standin.requests())

        def counted() -> tuple[Mapping[str, int], int]:
            more = {key: count - writes.get(key, 0) for key, count in self.standin.writes().items()}
            return more, len(self.standin.requests()) - requests

        return counted
