"""Meta's `POST` and `DELETE /{audience}/users`, as documented at
https://developers.facebook.com/documentation/ads-commerce/marketing-api/audiences/guides/custom-audiences.

What is held is the entries, by their values. Errors are those of
https://developers.facebook.com/docs/graph-api/guides/error-handling. Not on these pages, and chosen here: a sample of
an invalid entry is its values with what is wrong, five are given, and a malformed token is quoted. A token is taken in
the body alone, so that one in a URL is seen to be missing.
"""

import hashlib
import hmac
import json
import re
import time
from collections.abc import Sequence
from math import ceil
from typing import Any
from urllib.parse import parse_qsl

from cdp_assets.sample.standins.base import Answer, Request, StandIn

MOST_ROWS = 10_000
MOST_SAMPLES = 5
UNHASHED = {"MADID": r"[0-9a-f-]{36}", "EXTERN_ID": r".+"}
HASHED = {"EMAIL", "PHONE", "FN", "LN", "FI", "ZIP", "CT", "ST", "COUNTRY", "DOBY", "DOBM", "DOBD", "GEN"}
OPTIONS = "DATA_PROCESSING_OPTIONS"
PATH = re.compile(r"/v\d+\.\d+/(?P<audience>\d+)/users")


class MetaAdsStandIn(StandIn):
    """An audience: entries by their values, joined with commas, and the keys they have.

    `restricted` is what Meta flags with operation_status 471; `app_secret` is set where the app demands the proof.
    """

    requests_per_window = 3000
    window_seconds = 300.0

    def __init__(self, secret: str) -> None:
        super().__init__(secret)
        self.restricted = False
        self.app_secret: str | None = None

    @staticmethod
    def variables(url: str, secret: str) -> dict[str, str]:
        return {
            "CDP_META_ADS_BASE_URL": url,
            "CDP_META_ADS_TOKEN": secret,
            "CDP_META_ADS_AUDIENCE_ID": "23850000000000001",
        }

    def answer(self, request: Request) -> Answer:
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        refusal = self._not_allowed(form)
        if refusal:
            return refusal
        path = PATH.fullmatch(request.path)
        if not path or request.method not in {"POST", "DELETE"}:
            return _error(400, f"Unsupported {request.method.lower()} request.", 100, 33)
        if self.restricted:
            return _error(400, "Invalid parameter", 100, 1713230)
        try:
            payload, session = json.loads(form.get("payload", "")), json.loads(form.get("session", ""))
        except ValueError:
            return _error(400, "(#100) Invalid parameter", 100)
        if not _is_upload(payload) or not _is_session(session):
            return _error(400, "(#100) Data is missing or does not match schema", 100)
        answer = self._users(request.method, payload["schema"], payload["data"])
        if answer.status == 200:
            answer.body.update(audience_id=path["audience"], session_id=str(session["session_id"]))
        return answer

    def failure(self, status: int) -> Any:  # noqa: ANN401
        if status == 429:
            return _error(status, "(#80003) There have been too many calls to this ad-account.", 80003).body
        return _error(status, "Service temporarily unavailable", 2).body

    def rate_headers(self, remaining: int, reset: int) -> dict[str, str]:
        used = 100 - 100 * remaining // self.requests_per_window
        minutes = 0 if remaining else max(1, ceil((reset - time.time()) / 60))
        case = {
            "type": "custom_audience",
            "call_count": used,
            "total_cputime": 1,
            "total_time": 1,
            "estimated_time_to_regain_access": minutes,
        }
        return {"X-Business-Use-Case-Usage": json.dumps({"1001": [case]})}

    def _not_allowed(self, form: dict[str, str]) -> Answer | None:
        token = form.get("access_token", "")
        if not token:
            return _error(400, "An access token is required to request this resource.", 104)
        if token != self.secret:
            return _error(401, f"Malformed access token {token}", 190)
        if self.app_secret is not None:
            proof = hmac.new(self.app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
            if form.get("appsecret_proof") != proof:
                return _error(400, "Invalid appsecret_proof provided in the API argument", 100)
        return None

    def _users(self, method: str, schema: Sequence[str], data: Sequence[Sequence[Any]]) -> Answer:
        """Add or remove entries; those that are invalid are left out, counted, and some of them told."""
        keys = [key for key in schema if key != OPTIONS]
        entries = [tuple(row[schema.index(key)] for key in keys) for row in data]
        names = [",".join(str(value) for value in entry) for entry in entries]
        poison = [name for name in names if name in self.members.poison]
        if poison:
            return _error(400, f"(#100) Invalid parameter: {poison[0]}", 100, rows=len(data))
        wrong: dict[str, str] = {}
        for name, entry in zip(names, entries, strict=True):
            problem = self.members.refused.get(name) or _problem(keys, entry)
            if problem:
                wrong[name] = f"{problem}: {list(entry)}"  # quoted, so that tests see what becomes of values
            elif method == "POST":
                self.members.put(name, {"kind": keys[0] if len(keys) == 1 else "PERSON"})
            else:
                self.members.held.pop(name, None)
                self.members.writes[name] += 1
        body = {
            "num_received": len(data),
            "num_invalid_entries": sum(name in wrong for name in names),
            "invalid_entry_samples": dict(list(wrong.items())[:MOST_SAMPLES]),
        }
        return Answer(200, body, rows=len(data))


def _problem(keys: Sequence[str], entry: Sequence[Any]) -> str | None:
    """What is wrong with an entry."""
    given = [(key, value) for key, value in zip(keys, entry, strict=True) if value != ""]
    if not given:
        return "empty entry"
    for key, value in given:
        if not isinstance(value, str) or not re.fullmatch(UNHASHED.get(key, r"[0-9a-f]{64}"), value):
            return f"{key} is malformed"
    return None


def _is_upload(payload: Any) -> bool:  # noqa: ANN401 - whatever was sent
    if not isinstance(payload, dict):
        return False
    schema, data = payload.get("schema"), payload.get("data")
    if not isinstance(schema, list) or not isinstance(data, list) or not set(schema) <= {*UNHASHED, *HASHED, OPTIONS}:
        return False
    return 0 < len(data) <= MOST_ROWS and all(isinstance(row, list) and len(row) == len(schema) for row in data)


def _is_session(session: Any) -> bool:  # noqa: ANN401 - whatever was sent
    return (
        isinstance(session, dict)
        and isinstance(session.get("session_id"), int)
        and isinstance(session.get("batch_seq"), int)
        and session["batch_seq"] >= 1
        and isinstance(session.get("last_batch_flag"), bool)
    )


def _error(status: int, message: str, code: int, subcode: int | None = None, rows: int = 0) -> Answer:
    error = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "Astandin"}
    return Answer(status, {"error": error | ({} if subcode is None else {"error_subcode": subcode})}, rows=rows)
