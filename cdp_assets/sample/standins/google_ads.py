"""Google's Data Manager API for one customer match list, as documented below developers.google.com/data-manager/api.

What is taken is applied at once, though its state is PROCESSING when it is first asked for. A row of `members.refused`
is a violation of its own, unless its reason is a PROCESSING_ERROR_REASON_: then it is taken, left out, and counted in
the state. Tokens are given for a refresh token that is the secret, and for a service account whose key has it as its
id; the signature is not checked.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

from cdp_assets.sample.standins._google_ads import (
    CONSENT_DENIED,
    Violation,
    error,
    identifiers_of,
    of_the_request,
    violation,
    wrong_digest,
)
from cdp_assets.sample.standins.base import Answer, Request, StandIn

ASYNCHRONOUS = "PROCESSING_ERROR_REASON_"
DENIED = f"{ASYNCHRONOUS}DENIED_CONSENT"


class GoogleAdsStandIn(StandIn):
    """A list with the identifiers it holds, by value."""

    requests_per_window = 300
    window_seconds = 60.0

    def __init__(self, secret: str) -> None:
        super().__init__(secret)
        self.tokens: set[str] = set()
        self.given = 0
        self.states: dict[str, dict[str, Any]] = {}
        self.asked: set[str] = set()

    @staticmethod
    def variables(url: str, secret: str) -> dict[str, str]:
        credentials = {
            "type": "authorized_user",
            "client_id": "stand-in",
            "client_secret": "cl1ent-secret",
            "refresh_token": secret,
            "token_uri": f"{url}/token",
        }
        return {
            "CDP_GOOGLE_ADS_BASE_URL": url,
            "CDP_GOOGLE_ADS_CREDENTIALS": json.dumps(credentials),
            "CDP_GOOGLE_ADS_ACCOUNT_ID": "1234567890",
            "CDP_GOOGLE_ADS_AUDIENCE_ID": "987654321",
        }

    def state(self) -> dict[str, Any]:
        return {**super().state(), "states": self.states}

    def restore(self, state: Mapping[str, Any]) -> None:
        super().restore(state)
        self.states = dict(state["states"])

    def answer(self, request: Request) -> Answer:
        if (request.method, request.path) == ("POST", "/token"):
            return self._give_token(request)
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return error(401, "Request had invalid authentication credentials.")
        match request.method, request.path:
            case "POST", "/v1/audienceMembers:ingest":
                return self._take(request, adding=True)
            case "POST", "/v1/audienceMembers:remove":
                return self._take(request, adding=False)
            case "GET", "/v1/requestStatus:retrieve":
                return self._state(request.query.get("requestId", ""))
        return Answer(404, b"<html>Not Found</html>", {"Content-Type": "text/html"})

    def failure(self, status: int) -> Any:  # noqa: ANN401
        return error(status, "The request cannot be served now.").body

    def expire_token(self) -> None:
        self.tokens.clear()

    def _give_token(self, request: Request) -> Answer:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        known = {
            "refresh_token": lambda: form.get("refresh_token"),
            "urn:ietf:params:oauth:grant-type:jwt-bearer": lambda: _key_id(form.get("assertion", "")),
        }.get(form.get("grant_type", ""))
        if known is None:
            return Answer(400, {"error": "unsupported_grant_type"})
        if known() != self.secret:
            return Answer(400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."})
        self.given += 1
        token = f"ya29.stand-in-{self.given}"
        self.tokens.add(token)
        return Answer(200, {"access_token": token, "expires_in": 3599, "token_type": "Bearer"})

    def _take(self, request: Request, *, adding: bool) -> Answer:
        try:
            body = request.json()
        except ValueError:
            return error(400, "Invalid JSON payload received.")
        listed = body.get("audienceMembers") if isinstance(body, dict) else None
        if not isinstance(listed, list):
            return error(400, "Invalid JSON payload received.")
        found = [identifiers_of(one) for one in listed]
        poison = [key for one in found for key, _ in one if key in self.members.poison]
        if poison:
            return error(400, f"There was a problem with {poison[0]}.", rows=len(listed))
        violations = of_the_request(body, adding=adding) + self._of_the_members(listed, found)
        if violations:
            return error(400, "There was a problem with the request.", violations, len(listed))
        request_id = f"request-{len(self.states) + 1}"
        self.states[request_id] = self._apply(body, found, adding=adding)
        return Answer(200, {"requestId": request_id}, rows=len(listed))

    def _of_the_members(self, listed: Sequence[Any], found: Sequence[list[tuple[str, str]]]) -> list[Violation]:
        violations = []
        for place, (member, identifiers) in enumerate(zip(listed, found, strict=True)):
            field = f"audience_members.audience_members[{place}]"
            reasons = [self.members.refused.get(key, "") for key, _ in identifiers]
            said = next((reason for reason in reasons if reason and not reason.startswith(ASYNCHRONOUS)), None)
            if not identifiers:
                violations.append(violation(field, "NO_IDENTIFIERS_PROVIDED"))
            elif said is not None:
                # The identifier is quoted, so that tests see what becomes of values in a reason.
                violations.append(violation(field, "INVALID_AUDIENCE_MEMBER", f"{said}: {identifiers[0][0]}"))
            elif wrong := wrong_digest(member):
                within = ".user_data.user_identifiers" if wrong == "INVALID_HEX_ENCODING" else ""
                violations.append(violation(f"{field}{within}", wrong))
        return violations

    def _apply(
        self, body: Mapping[str, Any], found: Sequence[list[tuple[str, str]]], *, adding: bool
    ) -> dict[str, Any]:
        """Hold or let go of the members; the state the request will have."""
        errors: dict[str, int] = {}
        denied = body.get("consent", {}).get("adUserData") in CONSENT_DENIED
        for identifiers in found:
            reason = DENIED if denied else next(filter(None, map(self.members.refused.get, dict(identifiers))), None)
            if reason:
                errors[reason] = errors.get(reason, 0) + 1
                continue
            for key, kind in identifiers:
                if adding:
                    self.members.put(key, {"kind": kind})
                else:
                    self.members.held.pop(key, None)
                    self.members.writes[key] += 1
        failed = sum(errors.values())
        status = "FAILED" if failed == len(found) else "PARTIAL_SUCCESS" if failed else "SUCCESS"
        state: dict[str, Any] = {"destination": body["destinations"][0], "requestStatus": status}
        if errors:
            counts = [{"recordCount": str(count), "reason": reason} for reason, count in errors.items()]
            state["errorInfo"] = {"errorCounts": counts}
        name = "audienceMembersIngestionStatus" if adding else "audienceMembersRemovalStatus"
        return state | {name: {}}

    def _state(self, request_id: str) -> Answer:
        state = self.states.get(request_id)
        if state is None:
            return error(404, "Requested entity was not found.")
        if request_id not in self.asked:
            self.asked.add(request_id)
            state = {"destination": state["destination"], "requestStatus": "PROCESSING"}
        return Answer(200, {"requestStatusPerDestination": [state]})


def _key_id(assertion: str) -> str | None:
    """The id of the key that signed an assertion, by its own word."""
    head = assertion.partition(".")[0]
    try:
        found = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except ValueError:
        return None
    return found.get("kid") if isinstance(found, dict) else None
