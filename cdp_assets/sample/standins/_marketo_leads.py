"""The leads of the stand-in for Marketo, with their ids and static lists."""

from collections.abc import Mapping, Sequence
from typing import Any

from cdp_assets.sample.standins.base import Members

CUSTOM_FIELD = "cdpCustomerId"
LISTS_FIELD = "staticLists"
FIRST_ID = 1001


class LeadBook:
    """Leads by the value of the custom field; one without it goes by its id. An id is never given twice."""

    def __init__(self, members: Members, ids: Mapping[str, int] | None = None) -> None:
        self._members = members
        self._ids = dict(ids or {})
        self._keys = {number: key for key, number in self._ids.items()}
        self._given = max(self._keys, default=FIRST_ID - 1)

    def ids(self) -> dict[str, int]:
        """The id of each lead."""
        return dict(self._ids)

    def poisoned(self, records: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
        """A record that has its whole request refused."""
        return next((one for one in records if one.get(CUSTOM_FIELD) in self._members.poison), None)

    def write(self, action: str, lookup: str, record: Mapping[str, Any]) -> dict[str, Any]:
        """What became of one record."""
        said = self._members.refused.get(str(record.get(CUSTOM_FIELD)))
        if said is not None:
            # The record is quoted, so that tests see what becomes of values in a reason.
            return skipped("1001", f"{said}: {record}")
        if record.get(lookup) in (None, ""):
            return skipped("1003", f"Value for lookup field '{lookup}' not found")
        found = [] if action == "createDuplicate" else self._matching(lookup, [record[lookup]])
        for holds, code, message in (
            (lookup == "id" and action != "updateOnly", "1003", "Invalid data: id"),
            (len(found) > 1, "1007", "Multiple lead match lookup criteria"),
            (found and action == "createOnly", "1005", "Lead already exists"),
            (not found and action == "updateOnly", "1004", "Lead not found"),
        ):
            if holds:
                return skipped(code, message)
        key = self._put(found[0] if found else None, record)
        return {"id": self._ids[key], "status": "updated" if found else "created"}

    def select(self, field: str, values: Sequence[str], names: Sequence[str]) -> list[dict[str, Any]]:
        """The leads with one of the values, each with the fields named; what it has not, is left out."""
        return [
            {name: value for name, value in self._whole(key).items() if name in {"id", *names}}
            for key in self._matching(field, values)
        ]

    def change_list(self, number: object, name: str, *, add: bool) -> dict[str, Any]:
        """What became of the membership of one lead."""
        key = self._keys.get(number) if isinstance(number, int) else None
        if key is None:
            return {"id": number, **skipped("1004", "Lead not found")}
        lead = self._members.held[key]
        names = set(lead.get(LISTS_FIELD, ()))
        if not add and name not in names:
            return {"id": number, **skipped("1015", "Lead not in list")}
        left = sorted(names | {name} if add else names - {name})
        self._members.held[key] = {k: v for k, v in lead.items() if k != LISTS_FIELD} | (
            {LISTS_FIELD: left} if left else {}
        )
        return {"id": number, "status": "added" if add else "removed"}

    def _matching(self, field: str, values: Sequence[object]) -> list[str]:
        wanted = dict.fromkeys(str(value) for value in values)
        if field == CUSTOM_FIELD:
            return [key for key in wanted if key in self._ids and CUSTOM_FIELD in self._whole(key)]
        return [key for key in self._ids if str(self._whole(key).get(field)) in wanted]

    def _whole(self, key: str) -> dict[str, Any]:
        number = self._ids[key]
        own = {} if key == f"lead {number}" else {CUSTOM_FIELD: key}
        return {"id": number} | own | self._members.held[key]

    def _put(self, key: str | None, record: Mapping[str, Any]) -> str:
        """Write a record onto the lead of the key, or make one; returns the key it has now."""
        if key is None:
            self._given += 1
        number = self._given if key is None else self._ids[key]
        now = str(record.get(CUSTOM_FIELD) or key or f"lead {number}")
        if key is not None and key != now:
            self._members.held[now] = self._members.held.pop(key)
            del self._ids[key]
        self._ids[now], self._keys[number] = number, now
        self._members.put(now, {k: v for k, v in record.items() if k not in {"id", CUSTOM_FIELD}})
        return now


def skipped(code: str, message: str) -> dict[str, Any]:
    """A record that was left as it was, and why."""
    return {"status": "skipped", "reasons": [{"code": code, "message": message}]}
