"""Leads found by one field, and the members of a static list."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from cdp_assets.destinations._marketo import codes
from cdp_assets.destinations._marketo.api import Api
from cdp_assets.destinations._payload import line, plain
from cdp_assets.destinations.base import PermanentError

MOST_LEADS = 300
MOST_BYTES = 1_000_000
T = TypeVar("T")
Record = Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What became of one lead: `code` is empty if it was done."""

    id: int | None
    code: str = ""
    reason: str = field(default="", repr=False)


@dataclass(frozen=True)
class Leads:
    """The leads of an instance, each known by the value of `field`."""

    api: Api
    field: str

    def body(self, action: str, records: Sequence[Record], lookup: str = "") -> Record:
        """What is posted to write leads."""
        return {"action": action, "lookupField": lookup or self.field, "input": list(records)}

    def record(self, key: str, fields: Mapping[str, Any]) -> Record:
        """One lead with its values as Marketo reads them."""
        return {self.field: key} | {name: value_of(value) for name, value in fields.items()}

    def write(self, action: str, records: Sequence[Record], lookup: str = "") -> list[Outcome]:
        """Write up to 300 leads; what became of each, in their order."""
        content = line(self.body(action, records, lookup))
        return self._done("POST", "rest/v1/leads.json", content, len(records), {"created", "updated"})

    def question(self, keys: Iterable[str]) -> dict[str, str]:
        """What is posted to find leads: the values are separated by commas, so none may have one."""
        return {"filterType": self.field, "filterValues": ",".join(keys), "fields": f"id,{self.field}"}

    def find(self, keys: Iterable[str]) -> dict[str, list[int]]:
        """The ids of the leads that have each of these keys; none has a comma."""
        wanted = list(dict.fromkeys(keys))
        spelled = {key.casefold(): key for key in wanted}
        found: dict[str, list[int]] = {key: [] for key in wanted}
        for some in slices(wanted, MOST_LEADS):
            form = self.question(some)
            while True:
                body = self.api.ask("POST", "rest/v1/leads.json", params={"_method": "GET"}, data=form)
                for lead in codes.listed(body.get("result")):
                    value, number = str(lead.get(self.field)), lead.get("id")
                    # It may find what is spelled in capitals otherwise.
                    key = value if value in found else spelled.get(value.casefold())
                    if key is not None and isinstance(number, int):
                        found[key].append(number)
                page = body.get("nextPageToken")
                if not page or form.get("nextPageToken") == page:
                    break
                form = form | {"nextPageToken": str(page)}
        return found

    def put_on(self, list_id: int, ids: Sequence[int]) -> list[Outcome]:
        """Put up to 300 leads on a static list; one that is on it stays on it."""
        return self._change_list("POST", list_id, ids)

    def take_off(self, list_id: int, ids: Sequence[int]) -> list[Outcome]:
        """Take up to 300 leads off a static list; that one is not on it, or not there, is what was wanted."""
        done = {codes.NOT_FOUND, codes.NOT_ON_LIST}
        outcomes = self._change_list("DELETE", list_id, ids)
        return [Outcome(one.id) if one.code in done else one for one in outcomes]

    def _change_list(self, method: str, list_id: int, ids: Sequence[int]) -> list[Outcome]:
        content = line({"input": [{"id": number} for number in ids]})
        path = f"rest/v1/lists/{list_id}/leads.json"
        return self._done(method, path, content, len(ids), {"added", "removed", "memberof", "notmemberof"})

    def _done(self, method: str, path: str, content: bytes, count: int, good: set[str]) -> list[Outcome]:
        if len(content) > MOST_BYTES:
            raise PermanentError(f"the call would have {len(content)} bytes; Marketo takes {MOST_BYTES}")
        body = self.api.ask(method, path, content=content)
        results = codes.listed(body.get("result"))
        if len(results) != count:
            raise PermanentError(f"it answered for {len(results)} of {count} leads")
        return [_outcome(result, good) for result in results]


def value_of(value: object) -> object:
    """A value as a lead's field can hold it: moments to the second, what has parts as text."""
    if isinstance(value, datetime):
        return plain(value.replace(microsecond=0))
    found = plain(value)
    return line(found).decode() if isinstance(found, list | dict) else found


def slices(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items, so many at a time."""
    left = iter(items)
    while some := list(islice(left, size)):
        yield some


def _outcome(result: Mapping[str, Any], good: set[str]) -> Outcome:
    number = result.get("id")
    found = number if isinstance(number, int) else None
    if result.get("status") in good:
        return Outcome(found)
    code, message = codes.first(result.get("reasons"))
    return Outcome(found, code or "unknown", f"{message or 'no reason given'} ({code or result.get('status')})")
