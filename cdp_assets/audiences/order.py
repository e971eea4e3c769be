"""Which audiences read others, and the order in which they can be refreshed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from cdp_assets.audiences.definition import AudienceDefinition, Condition
from cdp_assets.audiences.options import Priority
from cdp_assets.errors import ConfigurationError

MODEL_SUFFIX = "__model"
"""What the macro `generate_alias_name` puts behind the name of such a model's table; the audience has the name."""


def priorities(definitions: Iterable[AudienceDefinition]) -> dict[str, Priority | None]:
    """Each audience's place in a list of priorities, as a catalogue takes them; a dbt model's table has none.

    Raises:
        ConfigurationError: two audiences have one place.
    """
    found: dict[str, Priority | None] = {}
    taken: dict[tuple[str, int], str] = {}
    for one in definitions:
        found[one.name] = one.priority
        if model_table(one.name) in _named(one.condition):
            found[model_table(one.name)] = None
        if one.priority is not None:
            place = (one.priority.list, one.priority.rank)
            other = taken.setdefault(place, one.name)
            if other != one.name:
                raise ConfigurationError(
                    f"priority: {other!r} and {one.name!r} both have rank {place[1]} of the list {place[0]!r};"
                    " give each a rank of its own."
                )
    return found


def model_table(name: str) -> str:
    """The name of the table of a dbt model that is an audience, without its schema."""
    return f"{name}{MODEL_SUFFIX}"


def references(definition: AudienceDefinition, known: Mapping[str, Priority | None]) -> set[str]:
    """The audiences that decide who is in this one."""
    higher = set()
    if definition.priority is not None:
        mine = definition.priority
        higher = {name for name, other in known.items() if other and other.list == mine.list and other.rank < mine.rank}
    return {*_named(definition.condition), *definition.exclude, *higher}


def levels(definitions: Sequence[AudienceDefinition]) -> list[list[AudienceDefinition]]:
    """The audiences in an order in which none comes before one it reads; those of a level do not read each other.

    Raises:
        ConfigurationError: audiences read each other in a circle; the message has the path.
    """
    known = priorities(definitions)
    by_name = {one.name: one for one in definitions}
    read = {name: references(one, known) & by_name.keys() for name, one in by_name.items()}
    _check_no_circle(read)
    found: list[list[AudienceDefinition]] = []
    left = dict(read)
    while left:
        ready = sorted(name for name, others in left.items() if not others & left.keys())
        found.append([by_name[name] for name in ready])
        left = {name: others for name, others in left.items() if name not in ready}
    return found


def _check_no_circle(read: Mapping[str, set[str]]) -> None:
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            circle = " → ".join((*path[path.index(name) :], name))
            raise ConfigurationError(f"audiences read each other in a circle: {circle}; take one of them out.")
        if name not in done:
            for other in sorted(read[name]):
                visit(other, (*path, name))
            done.add(name)

    for name in sorted(read):
        visit(name, ())


def _named(node: Condition) -> Iterator[str]:
    """The audiences a tree names."""
    if node.audience is not None:
        yield node.audience.name
    for child in (*(node.all or ()), *(node.any or ()), *((node.not_,) if node.not_ else ())):
        yield from _named(child)
