"""The YAML files a team writes: read, checked against a model, and what is wrong told with its line."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from cdp_assets.errors import ConfigurationError
from cdp_assets.validation import problems

M = TypeVar("M", bound=BaseModel)
Place = tuple[str | int, ...]


def read_definition(path: Path, model: type[M]) -> M:
    """What a file says as a `model`: the attributes of a `defs.yaml`, or the file itself if it has none.

    Raises:
        ConfigurationError: it cannot be read or does not fit; one line with file, line, field, value and what is
            allowed.
    """
    try:
        text = path.read_text(encoding="utf-8")
        content, node = yaml.safe_load(text), yaml.compose(text, yaml.SafeLoader)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise ConfigurationError(f"{path}{line}: this is not YAML; write it as the defs.yaml of its kind.") from error
    check_each_once(path, node)
    inner: Place = ("attributes",) if isinstance(content, dict) and "attributes" in content else ()
    attributes = content["attributes"] if inner else content
    if not isinstance(attributes, dict):
        raise ConfigurationError(f"{path}: it must be a mapping of options to values, as defs.yaml is.")
    try:
        return model.model_validate(attributes)
    except ValidationError as error:
        lines = dict(_lines(node, ())) if node else {}
        found = f"{path}:{_line(lines, (*inner, *error.errors()[0]['loc']))}: {problems(error)}"
    # Pydantic's error is not the cause: what it holds is never let go of, and DuckDB complains of that at the end.
    raise ConfigurationError(found)


def check_each_once(path: Path, node: yaml.Node | None) -> None:
    """Check that no option of a document is written twice: the last would count, and nobody would know.

    Raises:
        ConfigurationError: one is; the message names file and line.
    """
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                line = key.start_mark.line + 1
                raise ConfigurationError(f"{path}:{line}: {key.value!r} is written twice; write it once.")
            seen.add(key.value)
            check_each_once(path, value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            check_each_once(path, value)


def located(path: Path, message: str) -> str:
    """A message that begins with the place of a value, as `condition.all.1.property: ...`, with file and line."""
    place, colon, _ = message.partition(": ")
    parts = tuple(int(part) if part.isdigit() else part for part in place.split("."))
    node = yaml.compose(path.read_text(encoding="utf-8"), yaml.SafeLoader) if colon else None
    lines = dict(_lines(node, ())) if node else {}
    for start in (("attributes",), ()):
        if (*start, parts[0]) in lines:
            return f"{path}:{_line(lines, (*start, *parts))}: {message}"
    return f"{path}: {message}"


def _lines(node: yaml.Node, place: Place) -> Iterator[tuple[Place, int]]:
    """Every place of a document with its line: a value's is that of its key."""
    yield place, node.start_mark.line + 1
    children: list[tuple[str | int, yaml.Node, yaml.Node]] = []
    if isinstance(node, yaml.MappingNode):
        children = [(key.value, key, value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        children = [(number, value, value) for number, value in enumerate(node.value)]
    for name, start, value in children:
        inside = (*place, name)
        yield from _lines(value, inside)
        yield inside, start.start_mark.line + 1


def _line(lines: Mapping[Place, int], place: tuple[Any, ...]) -> int:
    """The line of a place, or of what is nearest around it."""
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)
