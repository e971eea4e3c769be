"""What the Data Manager API refuses in a request, with its errors.

The rules are those of https://developers.google.com/data-manager/api/reference/rest/v1/audienceMembers/ingest, and the
errors those of https://developers.google.com/data-manager/api/devguides/concepts/understand-errors.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cdp_assets.sample.standins.base import Answer

MOST_MEMBERS = 10_000
TYPE = "type.googleapis.com/google.rpc."
STATUS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED"}
STATUS |= {500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}
HEX = re.compile("(?:[0-9a-fA-F]{2})+")
# JSON has an enumeration's values by name or by number, as Google's own clients send them.
ENCODINGS = ("HEX", 1, "BASE64", 2)
ACCEPTED = ("ACCEPTED", 1)
CONSENT_DENIED = ("CONSENT_DENIED", 2)
KINDS = {"emailAddress": "email", "phoneNumber": "phone", "address": "address"}
Violation = dict[str, str]


def error(status: int, message: str, violations: Sequence[Violation] = (), rows: int = 0) -> Answer:
    """An error as Google has them."""
    told = STATUS.get(status, "UNKNOWN")
    details: list[dict[str, Any]] = [
        {"@type": f"{TYPE}ErrorInfo", "reason": told, "domain": "datamanager.googleapis.com"}
    ]
    if violations:
        details.append({"@type": f"{TYPE}BadRequest", "fieldViolations": list(violations)})
    body = {"error": {"code": status, "message": message, "status": told, "details": details}}
    return Answer(status, body, rows=rows)


def violation(field: str, reason: str, description: str = "") -> Violation:
    return {"field": field, "reason": reason} | ({"description": description} if description else {})


def of_the_request(body: Mapping[str, Any], *, adding: bool) -> list[Violation]:
    """What is wrong with what all members share."""
    destinations, listed = body.get("destinations"), body["audienceMembers"]
    if not isinstance(destinations, list) or not destinations:
        return [violation("destinations", "REQUIRED_FIELD_MISSING")]
    found = [
        violation("destinations[0]", "REQUIRED_FIELD_MISSING", f"{name} is missing.")
        for name in ("operatingAccount", "productDestinationId")
        if not destinations[0].get(name)
    ]
    if not listed:
        found.append(violation("audience_members", "REQUIRED_FIELD_MISSING"))
    if len(listed) > MOST_MEMBERS:
        found.append(violation("audience_members", "TOO_MANY_AUDIENCE_MEMBERS"))
    of_people = any("userData" in one for one in listed if isinstance(one, dict))
    if of_people and body.get("encoding") not in ENCODINGS:
        found.append(violation("encoding", "REQUIRED_FIELD_MISSING"))
    terms = body.get("termsOfService", {}).get("customerMatchTermsOfServiceStatus")
    if adding and terms not in ACCEPTED and not any("userIdData" in one for one in listed if isinstance(one, dict)):
        found.append(violation("terms_of_service", "TERMS_AND_CONDITIONS_NOT_SIGNED"))
    return found


def identifiers_of(member: object) -> list[tuple[str, str]]:
    """What a member is found by, each with its kind; of an address its parts, joined."""
    if not isinstance(member, dict):
        return []
    if mobile := member.get("mobileData"):
        return [(one, "mobile_id") for one in mobile.get("mobileIds", [])]
    if user := member.get("userIdData"):
        return [(user["userId"], "user_id")] if user.get("userId") else []
    found = []
    for one in member.get("userData", {}).get("userIdentifiers", []):
        for name, value in one.items():
            parts = ("givenName", "familyName", "regionCode", "postalCode")
            key = "|".join(str(value.get(part, "")) for part in parts) if isinstance(value, dict) else str(value)
            found.append((key, KINDS.get(name, name)))
    return found


def wrong_digest(member: Mapping[str, Any]) -> str | None:
    """What is wrong with the first digest of a member that is no SHA-256 in hexadecimal digits."""
    for one in member.get("userData", {}).get("userIdentifiers", []):
        parts = one.get("address", {})
        for value in filter(
            None, (one.get("emailAddress"), one.get("phoneNumber"), *map(parts.get, ("givenName", "familyName")))
        ):
            if not HEX.fullmatch(value):
                return "INVALID_HEX_ENCODING"
            if len(value) != 64:
                return "INVALID_SHA256_FORMAT"
        if parts and not re.fullmatch("[A-Za-z]{2}", str(parts.get("regionCode"))):
            return "INVALID_REGION_CODE"
        if parts and not parts.get("postalCode"):
            return "INVALID_POSTAL_CODE"
    return None
