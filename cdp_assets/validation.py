"""Turns pydantic's findings into one line a person can act on."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cdp_assets.errors import ConfigurationError

M = TypeVar("M", bound=BaseModel)
_LONGEST_VALUE = 80


def validated(model: type[M], values: Mapping[str, Any], what: str) -> M:
    """The values as a `model`.

    Raises:
        ConfigurationError: they do not fit; one line with each field, its value and what is allowed.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        found = problems(error)
    # Pydantic's error is not the cause: what it holds is never let go of, and DuckDB complains of that at the end.
    raise ConfigurationError(f"{what}: {found}")


def problems(error: ValidationError) -> str:
    """What is wrong, field by field, in one line."""
    findings = [finding for finding in error.errors() if not _follows_from_another(finding)]
    return f"{'; '.join(_problem(finding) for finding in findings).removesuffix('.')}."


def _follows_from_another(finding: ErrorDetails) -> bool:
    """Whether a list only seems too short because its items were refused."""
    return finding["type"] == "too_short" and bool(finding["input"])


def _problem(finding: ErrorDetails) -> str:
    path = ".".join(str(part) for part in finding["loc"] if part != "[key]").strip("`")
    message, value = finding["msg"].removeprefix("Value error, "), finding["input"]
    if finding["type"] == "missing":
        return f"{path} is missing"
    if not path:
        return message
    if isinstance(value, dict) and value:
        return f"{path}: {message}"
    text = repr(value)
    shown = text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."
    return f"{path} is {shown}; {message[:1].lower()}{message[1:]}"
