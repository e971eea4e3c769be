"""One line for a failure a user can mend, out of the layers it passed through."""

from collections.abc import Iterator

import yaml
from pydantic import ValidationError

from cdp_assets.errors import CdpError
from cdp_assets.validation import problems


def explain(error: BaseException) -> str | None:
    """What to mend, in one line; null when none of the error's causes is a user's to mend."""
    for cause in _causes(error):
        match cause:
            case CdpError():
                return _flat(str(cause))
            case ValidationError():
                return _flat(problems(cause))
            case yaml.MarkedYAMLError() if cause.problem_mark is not None:
                mark = cause.problem_mark
                return _flat(f"{mark.name}:{mark.line + 1}: this is not YAML: {cause.problem}.")
            case OSError() if cause.filename:
                return _flat(f"cannot use {cause.filename}: {cause.strerror}; check the path and who may write to it.")
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _flat(text: str) -> str:
    return " ".join(text.split())
