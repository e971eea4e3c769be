"""The three things a sync does to a destination, each as the step from one source to the next."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cdp_assets.activation.definition import SyncDefinition
from cdp_assets_tests.standins.destinations import Running
from cdp_assets_tests.unit.activation.world import World, definition

PEOPLE = {f"c{n:02}": (f"p{n}@example.com", "Lyon") for n in range(20)}
STEPS = ("add", "change", "remove")
BATCHES = 3
"""Of 7 rows each, for any of the steps: every row is added, changed or removed."""
MEANWHILE = {"c00": ("moved@example.com", "Brest")}


def sync(**changes: Any) -> SyncDefinition:
    return definition(removal="clear_fields", guard=1, max_rejected_share=1, **changes)


def walk(world: World) -> Iterator[str]:
    """Bring the source to where each step is what is left to do, one after the other."""
    for step in STEPS:
        if step == "add":
            world.put(PEOPLE)
        elif step == "change":
            world.put({key: (email, None) for key, (email, _) in PEOPLE.items()})
        else:
            world.put(PEOPLE, [])
        yield step


def wanted(step: str) -> dict[str, dict[str, Any]]:
    """What Braze holds after the step: a removal leaves a profile without the mapped attributes."""
    match step:
        case "add":
            return {key: {"EMAIL": email, "CITY": city} for key, (email, city) in PEOPLE.items()}
        case "change":
            return {key: {"EMAIL": email} for key, (email, _) in PEOPLE.items()}
        case _:
            return {key: {} for key in PEOPLE}


def since(standin: Running) -> Callable[[], tuple[Mapping[str, int], int]]:
    """From now on: how often each row is written, and how many requests there are."""
    writes, requests = standin.writes(), len(standin.requests())

    def counted() -> tuple[Mapping[str, int], int]:
        more = {key: count - writes.get(key, 0) for key, count in standin.writes().items()}
        return more, len(standin.requests()) - requests

    return counted
