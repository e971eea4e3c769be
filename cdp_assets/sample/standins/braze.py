"""Braze's `POST /users/track`, as documented at https://www.braze.com/docs/api/endpoints/user_data/post_user_track/.

Errors are those of https://www.braze.com/docs/api/errors/. Two things are not on these pages and are as others have
met them: each of `errors` has `type`, `input_array` and `index`, and a wrong key is quoted in the answer.
Attributes are kept; events and purchases count towards the limit alone.
"""

from collections.abc import Mapping
from typing import Any

from cdp_assets.sample.standins.base import Answer, Request, StandIn

MOST_OBJECTS = 75
MOST_BYTES = 4 * 1024 * 1024
ARRAYS = ("attributes", "events", "purchases")
IDENTIFIERS = ("external_id", "user_alias", "braze_id", "email", "phone")
NO_IDENTIFIER = "'external_id', 'braze_id', 'user_alias', 'email' or 'phone' is required"
NO_DATA = "Valid data must be provided in the 'attributes', 'events', or 'purchases' fields."


class BrazeStandIn(StandIn):
    """A workspace: profiles by external id, with their attributes."""

    requests_per_window = 3000
    window_seconds = 3.0

    @staticmethod
    def variables(url: str, secret: str) -> dict[str, str]:
        return {"CDP_BRAZE_BASE_URL": url, "CDP_BRAZE_API_KEY": secret}

    def answer(self, request: Request) -> Answer:
        refusal = self._not_allowed(request)
        if refusal:
            return refusal
        try:
            body = request.json()
        except ValueError:
            return Answer(400, {"message": "Bad Request"})
        if not isinstance(body, dict) or not all(isinstance(body.get(name, []), list) for name in ARRAYS):
            return Answer(400, {"message": "Bad Request"})
        if sum(len(body.get(name, [])) for name in ARRAYS) > MOST_OBJECTS:
            return Answer(400, {"message": "Max Input Length Exceeded"})
        return self._track(body.get("attributes", []))

    def failure(self, status: int) -> Any:  # noqa: ANN401
        return {"message": "Rate Limited" if status == 429 else "Internal Server Error"}

    def rate_headers(self, remaining: int, reset: int) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.requests_per_window),
            "X-RateLimit-Remaining": str(remaining),
            "X-RateLimit-Reset": str(reset),
        }

    def _not_allowed(self, request: Request) -> Answer | None:
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        if key != self.secret:
            return Answer(401, {"message": f"Invalid API key: {key}"})
        if (request.method, request.path) != ("POST", "/users/track"):
            return Answer(404, {"message": "Not Found"})
        if not request.headers.get("content-type", "").startswith("application/json"):
            return Answer(400, {"message": "Bad Request"})
        if len(request.body) > MOST_BYTES:
            return Answer(413, {"message": "Request Entity Too Large"})
        return None

    def _track(self, objects: list[Any]) -> Answer:
        """Apply attributes objects; those in error are left out and told by their place."""
        poison = [o for o in objects if isinstance(o, dict) and o.get("external_id") in self.members.poison]
        if poison:
            return Answer(400, {"message": f"Bad Request: {poison[0]}"}, rows=len(objects))
        problems = {index: self._problem(one) for index, one in enumerate(objects)}
        errors = [
            {"type": problem, "input_array": "attributes", "index": index}
            for index, problem in problems.items()
            if problem
        ]
        if len(errors) == len(objects):
            return Answer(400, {"message": NO_DATA} | ({"errors": errors} if errors else {}), rows=len(objects))
        for index, one in enumerate(objects):
            if not problems[index]:
                self._apply(one)
        body = {"message": "success", "attributes_processed": len(objects) - len(errors)}
        return Answer(201, body | ({"errors": errors} if errors else {}), rows=len(objects))

    def _problem(self, one: object) -> str | None:
        """What is wrong with an attributes object."""
        if not isinstance(one, dict) or not any(name in one for name in IDENTIFIERS):
            return NO_IDENTIFIER
        key = one.get("external_id")
        if not isinstance(key, str) or not key:
            return "'external_id' must be a non-empty string"
        said = self.members.refused.get(key)
        # The object is quoted, so that tests see what becomes of values in a reason.
        return None if said is None else f"{said}: {one}"

    def _apply(self, one: Mapping[str, Any]) -> None:
        key = str(one["external_id"])
        if one.get("_update_existing_only") and key not in self.members.held:
            return
        self.members.put(
            key, {name: value for name, value in one.items() if name not in {"external_id", "_update_existing_only"}}
        )
