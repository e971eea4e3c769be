"""What Salesforce's answers mean: try again, stop, or look for a bad row.

Messages may quote values. Of those, only what goes into the result of a row, or into the refusal of a batch that is
then halved until it is a row's, is passed on; what stops a run has codes and names of fields alone.
"""

import re

from cdp_assets.destinations.base import PermanentError, TransientError
from cdp_assets.errors import DestinationError

LOCKED = "UNABLE_TO_LOCK_ROW"
DUPLICATE = "DUPLICATE_VALUE"
GONE = "ENTITY_IS_DELETED"
LIMIT = "REQUEST_LIMIT_EXCEEDED"
MAY_PASS = frozenset({LOCKED, "SERVER_UNAVAILABLE", "REQUEST_RUNNING_TOO_LONG", "QUERY_TIMEOUT"})
ABOUT_NAMES = frozenset({"INVALID_FIELD", "INVALID_TYPE", "NOT_FOUND", "InvalidBatch"})
ABOUT_THE_ROWS = frozenset({400, 409, 413, 414, 422, 431})
_NAMES = re.compile(
    r"No such column '(\w+)'|not accessible: (\w+)|[Ff]ield name not found : (\w+)|sObject type '(\w+)'"
)
_CODE = re.compile(r"[A-Za-z_]{1,60}")


class MissingError(DestinationError):
    """There is nothing at the address asked."""


def refusal(status: int, content: object, where: str) -> Exception:
    """The error of an answer that is no 2xx, by its status and its `[{"errorCode", "message"}]`."""
    code, message = _first(content)
    said = f"HTTP {status} {code}".strip()
    if code in MAY_PASS or (code == LIMIT and message.startswith("Concurrent")):
        return TransientError(said)
    if code in ABOUT_NAMES:
        return unknown_name(message, where, said, MissingError if status == 404 else DestinationError)
    if status in ABOUT_THE_ROWS:
        return PermanentError(f"HTTP {status}: {code}: {message}" if code else f"HTTP {status}")
    return DestinationError(f"{where} {_stop(status, code, said)}")


def _stop(status: int, code: str, said: str) -> str:
    if code == LIMIT:
        return (
            f"takes no more calls: the org has used up those of 24 hours ({LIMIT})."
            " What was accepted is kept; run the sync again later."
        )
    if status in {401, 403}:
        return f"refused the credentials ({said}); check the app, and the rights of the user it runs as."
    return f"answered {said}; expected a 2xx. Check base_url and api_version."


def unknown_name(
    message: str, where: str, said: str, kind: type[DestinationError] = DestinationError
) -> DestinationError:
    """The error of a field or an object that is not there, or that the user may not see."""
    found = _NAMES.search(message)
    name = next((one for one in found.groups() if one), "") if found else ""
    what = f"knows no {name!r}" if name else "does not know an object or a field of the sync"
    return kind(f"{where} {what} ({said}); check object, external_id_field, the mapping and the user's rights to them.")


def failed_job(message: str, state: str, where: str) -> Exception:
    """The error of a job of which no record was processed."""
    code = message.partition(":")[0].strip()
    if _NAMES.search(message):
        return unknown_name(message, where, "InvalidBatch")
    if code in {"ExceededQuota", "FeatureNotEnabled", "InvalidUser", "InvalidSessionId"}:
        return DestinationError(f"{where} did not process a bulk job ({code}); check the org's limits and the user.")
    return PermanentError(f"bulk job {state}: {message}")


def row_reason(item: object) -> str:
    """Why a row of a collection was refused; empty if it was not."""
    if not isinstance(item, dict) or item.get("success") is True:
        return "" if isinstance(item, dict) else "the answer says nothing of the row"
    return "; ".join(f"{code}: {message}" for code, message in _all(item.get("errors"))) or "no reason given"


def may_pass(reason: str) -> bool:
    """Whether a row was refused for what others were doing just then."""
    return LOCKED in reason


def _first(content: object) -> tuple[str, str]:
    return next(iter(_all(content)), ("", ""))


def _all(content: object) -> list[tuple[str, str]]:
    """Code and message of each error; a code that is none, as of a proxy's own page, is left out."""
    listed = content if isinstance(content, list) else []
    found = []
    for one in listed:
        if isinstance(one, dict):
            code = str(one.get("errorCode") or one.get("statusCode") or "")
            found.append((code if _CODE.fullmatch(code) else "", str(one.get("message") or "")))
    return found
