"""What the Data Manager API says: its errors, as https://google.aip.dev/193 has them, and the state of a request.

Of a refusal only its constants, as `INVALID_POSTAL_CODE`, go into errors: its messages may quote what was sent.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NoReturn

import httpx

from cdp_assets.destinations._http import succeeded
from cdp_assets.destinations.base import PermanentError, TransientError
from cdp_assets.errors import DestinationError

DONE = frozenset({"SUCCESS", "PARTIAL_SUCCESS", "FAILED", "FAILURE"})
UNKNOWN_REQUEST = frozenset({"NOT_FOUND", "REQUEST_TOO_OLD", "INVALID_REQUEST_ID"})
# No row is at fault here: however often a batch is halved, these stay.
OF_THE_ACCOUNT = re.compile("TERMS|TOS|CONSENT|USER_LIST|DESTINATION|ACCOUNT|ALLOWLISTED|PERMISSION|POLITICAL")
_ABOUT_MEMBERS = re.compile(r"audience_?members\b", re.IGNORECASE)
_MEMBER = re.compile(r"audience_?members\[(\d+)\]", re.IGNORECASE)
_CONSTANT = re.compile(r"[A-Za-z][A-Za-z0-9_]{1,80}")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)s")


def json_of(response: httpx.Response) -> Mapping[str, Any]:
    """The answer's JSON object; an empty one if it has none."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def constant(value: object) -> str:
    """The value if it is a constant of Google's, which says nothing of anybody; else nothing."""
    return value if isinstance(value, str) and _CONSTANT.fullmatch(value) else ""


def checked(response: httpx.Response, where: str, now: datetime) -> Mapping[str, Any]:
    """The JSON of an answer that is a 2xx.

    Raises:
        TransientError: it says to try again, after the longer of `Retry-After` and its RetryInfo.
        PermanentError: a row is at fault.
        DestinationError: anything else.
    """
    said = ", ".join(reasons(response))
    try:
        succeeded(response, where, now)
    except TransientError as error:
        waits = [wait for wait in (error.retry_after, _retry_delay(response)) if wait is not None]
        raise TransientError(f"{error}{said and f' {said}'}", max(waits, default=None)) from None
    except PermanentError:
        if OF_THE_ACCOUNT.search(said) or _about_other_fields(response):
            raise DestinationError(f"{where} refused the request: {said}. Check the sync's settings.") from None
        raise PermanentError(f"HTTP {response.status_code} {said}".strip()) from None
    except DestinationError as error:
        raise DestinationError(f"{error}{said and f' Google says: {said}.'}") from None
    return json_of(response)


def reasons(response: httpx.Response) -> list[str]:
    """The constants an error gives as its reasons, each once, the most telling first."""
    found = [violation.get("reason") for violation in _violations(response)]
    found += [detail.get("reason") for detail in _details(response, "ErrorInfo")]
    error = json_of(response).get("error")
    found += [error.get("status")] if isinstance(error, dict) else []
    return list(dict.fromkeys(filter(None, map(constant, found))))


def refused_members(response: httpx.Response, count: int) -> dict[int, tuple[str, str]]:
    """Which of `count` members a 400 is about, by place, with the reason and its description.

    None, unless each violation names one: the others could not be sent without them.
    """
    found: dict[int, tuple[str, str]] = {}
    for violation in _violations(response):
        named = _MEMBER.search(str(violation.get("field")))
        if not named or int(named[1]) >= count:
            return {}
        reason = constant(violation.get("reason")) or "INVALID_AUDIENCE_MEMBER"
        found.setdefault(int(named[1]), (reason, str(violation.get("description") or "")))
    return found


def state(body: Mapping[str, Any]) -> str:
    """The state of a request with one destination; what is not known yet is PROCESSING."""
    return constant(_destination(body).get("requestStatus")) or "PROCESSING"


def raise_failure(body: Mapping[str, Any], where: str) -> NoReturn:
    """Raise what a request that did not succeed comes to.

    Raises:
        TransientError: Google failed at it and may not the next time.
        DestinationError: it is the account's, so that no row would be taken.
        PermanentError: rows are at fault; Google counts them and does not say which.
    """
    info = _destination(body).get("errorInfo")
    counts = info.get("errorCounts") if isinstance(info, dict) else None
    listed = [one for one in counts if isinstance(one, dict)] if isinstance(counts, list) else []
    found = {constant(one.get("reason")) or "no reason given": str(one.get("recordCount", "?")) for one in listed}
    said = ", ".join(f"{reason} ({count if count.isdigit() else '?'})" for reason, count in found.items())
    text = f"{state(body)}: {said or 'no reason given'}"
    if found and all(reason.endswith("INTERNAL_ERROR") for reason in found):
        raise TransientError(text)
    if any(map(OF_THE_ACCOUNT.search, found)):
        raise DestinationError(
            f"{where} took none of a request, or not all: {text}. Check the account's terms and consent settings."
        )
    raise PermanentError(text)


def _destination(body: Mapping[str, Any]) -> Mapping[str, Any]:
    listed = body.get("requestStatusPerDestination")
    first = listed[0] if isinstance(listed, list) and listed else None
    return first if isinstance(first, dict) else {}


def _violations(response: httpx.Response) -> Iterator[Mapping[str, Any]]:
    for detail in _details(response, "BadRequest"):
        listed = detail.get("fieldViolations")
        yield from (one for one in listed if isinstance(one, dict)) if isinstance(listed, list) else ()


def _about_other_fields(response: httpx.Response) -> bool:
    """Whether an error is about what every request of the sync has: its destination, consent, or encoding."""
    fields = [str(violation.get("field") or "") for violation in _violations(response)]
    return any(field and not _ABOUT_MEMBERS.match(field) for field in fields)


def _details(response: httpx.Response, kind: str) -> Iterator[Mapping[str, Any]]:
    error = json_of(response).get("error")
    listed = error.get("details") if isinstance(error, dict) else None
    for detail in listed if isinstance(listed, list) else ():
        if isinstance(detail, dict) and str(detail.get("@type")).endswith(f".{kind}"):
            yield detail


def _retry_delay(response: httpx.Response) -> float | None:
    """Seconds of a RetryInfo, as `7s`."""
    for detail in _details(response, "RetryInfo"):
        found = _DURATION.fullmatch(str(detail.get("retryDelay")))
        if found:
            return float(found[1])
    return None
