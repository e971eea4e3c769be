"""Marketo's leads, static lists and bulk imports, as documented at

https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/ (authentication, leads, list membership,
bulk lead import, error codes). Not on these pages, and as others have met it: what a wrong client id or secret is told,
the last column of the file of failures, and that an import leaves fields alone whose cells are empty.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from cdp_assets.sample.standins._marketo_imports import Imports
from cdp_assets.sample.standins._marketo_leads import LeadBook
from cdp_assets.sample.standins.base import Answer, Request, StandIn

MOST_LEADS = 300
MOST_BYTES = 1024 * 1024
MOST_FILE_BYTES = 10 * 1024 * 1024
ACTIONS = frozenset({"createOrUpdate", "createOnly", "updateOnly", "createDuplicate"})
LISTS = frozenset({"1001", "1002"})


class MarketoStandIn(StandIn):
    """An instance with two static lists, 1001 and 1002, whose leads have the custom field `cdpCustomerId`.

    Members are leads, by the value of that field, with their fields and the static lists they are on.
    """

    requests_per_window = 100
    window_seconds = 20.0
    limited_status = 200

    def __init__(self, secret: str) -> None:
        super().__init__(secret)
        self._tokens = 0
        self._expired = 0
        self.reset()

    def reset(self) -> None:
        super().reset()
        self.book = LeadBook(self.members)
        self.imports = Imports(self.book)
        self._calls = 0

    @staticmethod
    def variables(url: str, secret: str) -> dict[str, str]:
        return {
            "CDP_MARKETO_BASE_URL": url,
            "CDP_MARKETO_CLIENT_ID": "custom-service",
            "CDP_MARKETO_CLIENT_SECRET": secret,
        }

    def state(self) -> dict[str, Any]:
        return super().state() | {"ids": self.book.ids()}

    def restore(self, state: Mapping[str, Any]) -> None:
        super().restore(state)
        self.book = LeadBook(self.members, state["ids"])
        self.imports = Imports(self.book)

    def expire_token(self) -> None:
        self._expired = self._tokens

    def failure(self, status: int) -> Any:  # noqa: ANN401
        if status == 429:
            most, seconds = self.requests_per_window, int(self.window_seconds)
            return self._refusal("606", f"Max rate limit '{most}' exceeded with in '{seconds}' secs").body
        return self._refusal("611", "System error").body

    def answer(self, request: Request) -> Answer:
        if request.path == "/identity/oauth/token":
            return self._identity(request)
        return self._not_allowed(request) or self._leads(request) or self._imported(request) or self._nothing()

    def _leads(self, request: Request) -> Answer | None:
        match [request.query.get("_method", request.method), *request.path.strip("/").split("/")]:
            case ["GET", "rest", "v1", "leads.json"]:
                return self._find(_form(request))
            case ["POST", "rest", "v1", "leads.json"]:
                return self._sync(request)
            case [("POST" | "DELETE") as method, "rest", "v1", "lists", number, "leads.json"]:
                return self._change_list(request, number, add=method == "POST")
            case _:
                return None

    def _imported(self, request: Request) -> Answer | None:
        match [request.method, *request.path.strip("/").split("/")]:
            case ["POST", "bulk", "v1", "leads.json"]:
                return self._start_import(request)
            case ["GET", "bulk", "v1", "leads", "batch", name]:
                state = self.imports.look(name.removesuffix(".json"))
                return self._missing() if state is None else self._success([state])
            case ["GET", "bulk", "v1", "leads", "batch", name, ("failures.json" | "warnings.json") as which]:
                found = self.imports.file(name, which.removesuffix(".json"))
                return self._missing() if found is None else Answer(200, found, {"Content-Type": "text/csv"})
            case _:
                return None

    def _nothing(self) -> Answer:
        return self._refusal("610", "Requested resource not found")

    def _identity(self, request: Request) -> Answer:
        """The token there is, unless it expired."""
        form = _form(request)
        if form.get("grant_type") != "client_credentials" or not form.get("client_id"):
            return Answer(401, {"error": "unauthorized", "error_description": "No client with requested id"})
        if form.get("client_secret") != self.secret:
            return Answer(401, {"error": "invalid_client", "error_description": "Bad client credentials"})
        if self._tokens == self._expired:
            self._tokens += 1
        token = {"access_token": f"t0ken-{self._tokens}:int", "token_type": "bearer"}
        return Answer(200, token | {"expires_in": 3599, "scope": "apis@example.com"})

    def _not_allowed(self, request: Request) -> Answer | None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ").removesuffix(":int")
        number = token.removeprefix("t0ken-")
        if not number.isdigit() or not 1 <= int(number) <= self._tokens:
            return self._refusal("601", "Access token invalid")
        if int(number) <= self._expired:
            return self._refusal("602", "Access token expired")
        if len(request.body) > (MOST_FILE_BYTES if request.path.startswith("/bulk/") else MOST_BYTES):
            return Answer(413)
        return None

    def _find(self, form: Mapping[str, str]) -> Answer:
        values = form.get("filterValues", "").split(",")
        if not form.get("filterType") or len(values) > MOST_LEADS:
            return self._refusal("1003", "Invalid data")
        found = self.book.select(form["filterType"], values, form.get("fields", "id,email").split(","))
        first = int(form.get("nextPageToken", "0"))
        more = {"nextPageToken": str(first + MOST_LEADS)} if len(found) > first + MOST_LEADS else {}
        return self._success(found[first : first + MOST_LEADS], len(values), more)

    def _sync(self, request: Request) -> Answer:
        body, refusal = self._body(request)
        if refusal:
            return refusal
        records, action = body["input"], body.get("action", "createOrUpdate")
        if action not in ACTIONS:
            return self._refusal("1003", "Invalid value for action")
        poison = self.book.poisoned(records)
        if poison:
            return self._refusal("1003", f"Invalid data: {poison}", len(records))
        lookup = str(body.get("lookupField", "email"))
        return self._success([self.book.write(action, lookup, record) for record in records], len(records))

    def _change_list(self, request: Request, number: str, *, add: bool) -> Answer:
        if number not in LISTS:
            return self._refusal("1013", f"List {number} not found")
        if "id" in request.query:
            ids = [{"id": int(request.query["id"])}]
        else:
            body, refusal = self._body(request)
            if refusal:
                return refusal
            ids = body["input"]
        return self._success([self.book.change_list(one.get("id"), number, add=add) for one in ids], len(ids))

    def _body(self, request: Request) -> tuple[dict[str, Any], Answer | None]:
        """The object posted, with up to 300 others in `input`; or what is wrong with it."""
        if not request.headers.get("content-type", "").startswith("application/json"):
            return {}, self._refusal("612", "Invalid Content Type")
        try:
            body = request.json()
        except ValueError:
            return {}, self._refusal("609", "Invalid JSON")
        given = body.get("input") if isinstance(body, dict) else None
        if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
            return {}, self._refusal("609", "Invalid JSON")
        if not 1 <= len(given) <= MOST_LEADS:
            return {}, self._refusal("1003", f"At most {MOST_LEADS} records are allowed", len(given))
        return body, None

    def _start_import(self, request: Request) -> Answer:
        list_id = request.query.get("listId")
        if list_id is not None and list_id not in LISTS:
            return self._refusal("1013", f"List {list_id} not found")
        code, message, state = self.imports.start(request, request.query.get("lookupField", "email"), list_id)
        return self._refusal(code, message) if state is None else self._success([state], self.imports.rows(state))

    def _missing(self) -> Answer:
        return self._refusal("1013", "Batch not found")

    def _success(self, result: list[Any], rows: int = 0, more: Mapping[str, Any] | None = None) -> Answer:
        return Answer(200, {"requestId": self._id(), "success": True, "result": result, **(more or {})}, rows=rows)

    def _refusal(self, code: str, message: str, rows: int = 0) -> Answer:
        errors = [{"code": code, "message": message}]
        return Answer(200, {"requestId": self._id(), "success": False, "errors": errors}, rows=rows)

    def _id(self) -> str:
        self._calls += 1
        return f"{self._calls:x}#standin"


def _form(request: Request) -> dict[str, str]:
    """The parameters, wherever they are."""
    posted = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    return {**request.query, **(dict(parse_qsl(request.body.decode(), keep_blank_values=True)) if posted else {})}
