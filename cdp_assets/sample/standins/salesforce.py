"""Salesforce's REST API, as documented at https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/:

the client credentials flow, sObject collections (by external id and by `Id`), composite requests that query, and, in
`_salesforce_jobs.py`, ingest jobs of the Bulk API 2.0. One object with one external id that is unique and
case-sensitive; every field is there but those of `missing`. Which code a request with too many records, or one that
cannot be read, is refused with is not documented and is as others have met it.
"""

import re
from collections.abc import Mapping
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, unquote

from cdp_assets.sample.standins._salesforce_jobs import Jobs
from cdp_assets.sample.standins._salesforce_records import Records, Refused
from cdp_assets.sample.standins.base import Answer, Request, StandIn

MOST_RECORDS = 200
MOST_QUERIES = 5
_QUERY = re.compile(r"SELECT Id, (\w+) FROM (\w+) WHERE (\w+) IN \(((?:'(?:[^'\\\n\r]|\\.)*',?)*)\)", re.DOTALL)
_TEXT = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}


class SalesforceStandIn(StandIn):
    """An org: the records of one object by external id; the secret is that of any app."""

    requests_per_window = 100_000
    window_seconds = 86_400.0

    @staticmethod
    def variables(url: str, secret: str) -> dict[str, str]:
        return {
            "CDP_SALESFORCE_BASE_URL": url,
            "CDP_SALESFORCE_CLIENT_ID": "stand-in",
            "CDP_SALESFORCE_CLIENT_SECRET": secret,
        }

    def __init__(self, secret: str) -> None:
        super().__init__(secret)
        self.missing: set[str] = set()
        self._numbers = count(1)
        self._token = ""
        self.records = Records(self)
        self.jobs = Jobs(self.records)

    def answer(self, request: Request) -> Answer:
        if request.path == "/services/oauth2/token":
            return self._log_in(request)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not self._token or token != self._token:
            return _error(401, "INVALID_SESSION_ID", "Session expired or invalid")
        found = re.fullmatch(r"/services/data/v\d\d\.0/(.+?)/?", request.path)
        parts = found[1].split("/") if found else []
        try:
            return self._routed(request, parts)
        except Refused as refused:
            return _error(refused.status, refused.code, str(refused))
        except ValueError:
            return _error(400, "JSON_PARSER_ERROR", "The HTTP entity body is required, but this one cannot be read")

    def failure(self, status: int) -> Any:  # noqa: ANN401
        if status == 429:
            return [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
        return [{"message": "An unexpected error occurred", "errorCode": "UNKNOWN_EXCEPTION"}]

    def expire_token(self) -> None:
        self._token = ""

    def rate_headers(self, remaining: int, reset: int) -> dict[str, str]:  # noqa: ARG002 - the window slides
        used = self.requests_per_window - remaining
        return {"Sforce-Limit-Info": f"api-usage={used}/{self.requests_per_window}"}

    def _log_in(self, request: Request) -> Answer:
        form = dict(parse_qsl(request.body.decode()))
        if request.method != "POST" or form.get("grant_type") != "client_credentials":
            return Answer(400, {"error": "unsupported_grant_type", "error_description": "grant type not supported"})
        if not form.get("client_id") or form.get("client_secret") != self.secret:
            return Answer(400, {"error": "invalid_client", "error_description": "invalid client credentials"})
        if not self._token:
            self._token = f"00D!{next(self._numbers):08}.AQEAQ"
        org = f"http://{request.headers.get('host', '')}"
        told = {"access_token": self._token, "instance_url": org, "id": f"{org}/id/00D/005", "token_type": "Bearer"}
        return Answer(200, told | {"signature": "c2lnbmVk", "scope": "api", "issued_at": "1782820800000"})

    def _routed(self, request: Request, parts: list[str]) -> Answer:
        match (request.method, *parts):
            case ("POST", "composite"):
                return self._composite(request.json())
            case ("PATCH", "composite", "sobjects", sobject, field):
                self._check(sobject, field)
                return self._collection(request, self.records.upsert)
            case ("PATCH", "composite", "sobjects"):
                return self._collection(request, self.records.update)
            case ("POST", "composite", "sobjects"):
                return self._collection(request, self.records.create)
            case ("DELETE", "composite", "sobjects"):
                ids = request.query.get("ids", "").split(",")
                return self._each([{"Id": one} for one in ids], self.records.delete)
            case (method, "jobs", "ingest", *rest):
                return self.jobs.answer(method, rest, request)
        raise Refused(404, "NOT_FOUND", "The requested resource does not exist")

    def _collection(self, request: Request, write: Any) -> Answer:  # noqa: ANN401
        body = request.json()
        records = body.get("records") if isinstance(body, dict) else None
        if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
            raise Refused(400, "JSON_PARSER_ERROR", "records: a list of sObjects is required")
        for record in records:
            self._check((record.pop("attributes", None) or {}).get("type"))
        return self._each(records, write)

    def _each(self, records: list[dict[str, Any]], write: Any) -> Answer:  # noqa: ANN401
        if len(records) > MOST_RECORDS:
            raise Refused(400, "INVALID_INPUT", f"record limit reached: at most {MOST_RECORDS} in this request")
        self.records.check(records)
        return Answer(200, [write(record) for record in records], rows=len(records))

    def _composite(self, body: Mapping[str, Any]) -> Answer:
        asked = body.get("compositeRequest", [])
        if len(asked) > MOST_QUERIES:
            raise Refused(400, "PROCESSING_HALTED", f"at most {MOST_QUERIES} queries in a composite request")
        return Answer(200, {"compositeResponse": [self._subrequest(one) for one in asked]})

    def _subrequest(self, one: Mapping[str, Any]) -> dict[str, Any]:
        path, _, query = str(one.get("url", "")).partition("?q=")
        try:
            status, told = 200, self._query(unquote(query) if path.endswith("/query") else path)
        except Refused as refused:
            status, told = refused.status, _error(refused.status, refused.code, str(refused)).body
        return {"body": told, "httpHeaders": {}, "httpStatusCode": status, "referenceId": one.get("referenceId")}

    def _query(self, soql: str) -> Any:  # noqa: ANN401
        found = _QUERY.fullmatch(soql)
        if not found or found[1] != found[3]:
            raise Refused(400, "MALFORMED_QUERY", f"unexpected token: {soql}")
        self._check(found[2], found[1])
        texts = [_ESCAPE.sub(_unescaped, text) for text in _TEXT.findall(found[4])]
        records = [
            {"attributes": {"type": found[2]}, "Id": self.records.id_of(key), found[1]: key}
            for key in dict.fromkeys(texts)
            if key in self.members.held
        ]
        return {"totalSize": len(records), "done": True, "records": records}

    def _check(self, sobject: object, field: str | None = None) -> None:
        """Refuse an object or an external id that this org has not."""
        if sobject != self.records.sobject:
            raise Refused(404, "NOT_FOUND", "The requested resource does not exist")
        if field not in {None, self.records.field}:
            raise Refused(400, "INVALID_FIELD", f"No such column '{field}' on sobject of type {sobject}")


def _unescaped(found: re.Match[str]) -> str:
    mark = found[1]
    if len(mark) > 1:
        return chr(int(mark[1:], 16))
    if mark not in _ESCAPED:
        raise Refused(400, "MALFORMED_QUERY", f"illegal escape \\{mark}")
    return _ESCAPED[mark]


def _error(status: int, code: str, message: str) -> Answer:
    return Answer(status, [{"message": message, "errorCode": code}])
