"""What Marketo's error codes ask for: a new token, another try, a person, or a look at the rows.

Marketo answers HTTP 200 with `success: false` and a list of errors; one is told by its code, which is text. The table:
https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/error-codes
"""

from collections.abc import Mapping
from typing import Any

TOKEN_INVALID, TOKEN_EXPIRED = "601", "602"
RATE = "606"
NOT_FOUND, ALREADY_THERE, NOT_ON_LIST = "1004", "1005", "1015"
TOO_MANY_IMPORTS, IMPORTING_TO_LIST = "1016", "1019"
NO_SUCH_IMPORT = frozenset({"610", "702", "1003", "1013"})

PASSING = {
    "500": "an internal error",
    "502": "a bad gateway",
    "604": "the request ran too long",
    RATE: "too many calls in a while",
    "608": "temporarily unavailable",
    "611": "a system error",
    "614": "the subscription cannot be reached",
    "615": "too many calls at once",
    "713": "a resource was unavailable",
    "719": "a lock was not free",
    TOO_MANY_IMPORTS: "too many imports are queued",
    IMPORTING_TO_LIST: "another import fills the list",
}
HOPELESS = {
    "600": "refused the credentials: it saw no access token; check what is between here and there.",
    "603": "refused the credentials: their user may not make this call; give its role Read-Write Lead and, for static"
    " lists and imports, the permissions for those, and check the list of allowed addresses.",
    "607": "has reached the day's quota of calls; run the sync again once it is reset, or have it raised.",
    "610": "does not have this address; base_url must be the instance's REST endpoint without a path.",
    "703": "does not offer this in the subscription.",
    "1006": "does not have one of the fields; check lookup_field and the mapping against the fields' API names.",
    "1011": "cannot find leads by this field; lookup_field must be a field it can search by.",
    "1013": "does not have the static list; check list_id.",
}


def parsed(content: object) -> Mapping[str, Any]:
    """The answer's object, or an empty one."""
    return content if isinstance(content, dict) else {}


def listed(content: object) -> list[Mapping[str, Any]]:
    """The objects of a list; what else is in it counts as an empty one, so that places stay."""
    return [parsed(item) for item in content] if isinstance(content, list) else []


def first(errors: object) -> tuple[str, str]:
    """Code and message of the first of `errors` or `reasons`; both are empty if there is none."""
    found = listed(errors)
    return (str(found[0].get("code") or ""), str(found[0].get("message") or "")) if found else ("", "")
