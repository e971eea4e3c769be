"""The records of the stand-in's org, and what becomes of each that is written."""

from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any, Protocol

from cdp_assets.sample.standins.base import Members

Result = dict[str, Any]


class Org(Protocol):
    """What records know of their org."""

    members: Members
    missing: set[str]


class Refused(Exception):  # noqa: N818 - an answer, as the vendor words it
    """A request that is refused whole."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Records:
    """Written one at a time; a member's key is its external id."""

    sobject = "Contact"
    field = "CDP_Customer_Id__c"

    def __init__(self, org: Org) -> None:
        self._org = org
        self._ids: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        self._numbers = count(1)

    def id_of(self, key: str) -> str:
        """The `Id` of the record with an external id."""
        if key not in self._ids:
            self._ids[key] = f"003{next(self._numbers):015}"
            self._keys[self._ids[key]] = key
        return self._ids[key]

    def there(self, record: Mapping[str, Any]) -> str | None:
        """The external id of the record whose `Id` is given, if there is one."""
        key = self._keys.get(str(record.get("Id")))
        return key if key in self._org.members.held else None

    def check(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Refuse a request with a field that is not there, or with a row that spoils it."""
        for record in records:
            for name in self._org.missing.intersection(record):
                raise Refused(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {self.sobject}")
            if {self.there(record), record.get(self.field)} & self._org.members.poison:
                message = f"Cannot deserialize instance of date from {record}"
                raise Refused(400, "JSON_PARSER_ERROR", message)

    def upsert(self, record: Mapping[str, Any]) -> Result:
        """Created or changed by its external id."""
        key = record.get(self.field)
        if "Id" in record or not isinstance(key, str) or not key:
            return _failed("MISSING_ARGUMENT", f"{self.field} not specified")
        created = key not in self._org.members.held
        return self._put(key, key, record) | {"created": created}

    def create(self, record: Mapping[str, Any]) -> Result:
        """Created, unless its external id is another's."""
        key = record.get(self.field) or f"without {next(self._numbers)}"
        if key in self._org.members.held:
            other = self.id_of(key)
            message = f"duplicate value found: {self.field} duplicates value on record with id: {other}"
            return _failed("DUPLICATE_VALUE", message)
        return self._put(key, key, record)

    def update(self, record: Mapping[str, Any]) -> Result:
        """Changed by its `Id`, its external id too if one is given."""
        key = self.there(record)
        if key is None:
            return _failed("ENTITY_IS_DELETED", "entity is deleted")
        return self._put(key, record.get(self.field) or key, record)

    def delete(self, record: Mapping[str, Any]) -> Result:
        """Taken away by its `Id`."""
        key = self.there(record)
        if key is None:
            return _failed("ENTITY_IS_DELETED", "entity is deleted")
        if key in self._org.members.refused:
            return _failed("DELETE_FAILED", self._org.members.refused[key])
        del self._org.members.held[key]
        self._org.members.writes[key] += 1
        return {"id": self._ids.pop(key), "success": True, "errors": []}

    def _put(self, key: str, new: str, record: Mapping[str, Any]) -> Result:
        members = self._org.members
        said = members.refused.get(key, members.refused.get(new))
        if said is not None:
            # The record is quoted, so that tests see what becomes of values in a reason.
            return _failed("FIELD_CUSTOM_VALIDATION_EXCEPTION", f"{said}: {dict(record)}")
        if new != key:
            members.held[new] = members.held.pop(key)
            self._ids[new] = self._ids.pop(key)
            self._keys[self._ids[new]] = new
        values = {name: None if value == "" else value for name, value in record.items()}
        members.put(new, {name: value for name, value in values.items() if name not in {"Id", self.field}})
        return {"id": self.id_of(new), "success": True, "errors": []}


def _failed(code: str, message: str) -> Result:
    return {"success": False, "errors": [{"statusCode": code, "message": message, "fields": []}]}
