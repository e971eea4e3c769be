"""Turns pydantic's findings into one line a person can act on."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cdp_assets.errors import ConfigurationError

M = TypeVar("M", bound=BaseModel)


def validated(model: type[M], values: Mapping[str, Any], what: str) -> M:
    """The values as a `model`.

    Raises:
        ConfigurationError: they do not fit; one line with each field, its value and what is allowed.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        findings = [dict(finding) for finding in error.errors() if not _follows_from_another(finding)]
        problems = "; ".join(_problem(model, finding) for finding in findings)
        raise ConfigurationError(f"{what}: {problems.removesuffix('.')}.") from error


def _follows_from_another(finding: ErrorDetails) -> bool:
    """Whether a list only seems too short because its items were refused."""
    return finding["type"] == "too_short" and bool(finding["input"])


def _problem(model: type[BaseModel], finding: dict[str, Any]) -> str:
    path = ".".join(str(part) for part in finding["loc"] if part != "[key]")
    kind, value = finding["type"], finding.get("input")
    if kind == "extra_forbidden":
        return f"{path} is not a setting; allowed are {', '.join(model.model_fields) or 'none'}"
    if kind == "missing":
        return f"{path} is missing"
    message = str(finding["msg"]).removeprefix("Value error, ")
    if not path:
        return message
    if isinstance(value, dict) and value:
        return f"{path}: {message}"
    return f"{path} is {value!r}; {message[:1].lower()}{message[1:]}"
