"""sObject collections: up to 200 records a call, each answered on its own."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cdp_assets.destinations._salesforce.answers import row_reason
from cdp_assets.destinations._salesforce.connection import Connection
from cdp_assets.destinations._salesforce.records import Record, groups
from cdp_assets.errors import DestinationError

MOST_ROWS = 200
PATH = "composite/sobjects"


class Collections:
    """Writes an object's records; each method returns the keys that were refused, with the reason."""

    def __init__(self, connection: Connection, sobject: str, field: str) -> None:
        self._connection = connection
        self._attributes = {"attributes": {"type": sobject}}
        self._upserts = f"{PATH}/{sobject}/{field}"

    def upsert(self, records: Mapping[str, Record]) -> dict[str, str]:
        """Records that name their external id: changed if they are there, created if not."""
        return self._each(records, lambda some: self._connection.rest("PATCH", self._upserts, self._body(some)))

    def create(self, records: Mapping[str, Record]) -> dict[str, str]:
        """New records."""
        return self._each(records, lambda some: self._connection.rest("POST", PATH, self._body(some)))

    def update(self, records: Mapping[str, Record]) -> dict[str, str]:
        """Records that name their `Id`."""
        return self._each(records, lambda some: self._connection.rest("PATCH", PATH, self._body(some)))

    def delete(self, records: Mapping[str, Record]) -> dict[str, str]:
        """Take away the records of each `Id`."""
        return self._each(
            records,
            lambda some: self._connection.rest(
                "DELETE", PATH, params={"ids": ",".join(one["Id"] for one in some), "allOrNone": "false"}
            ),
        )

    def _body(self, records: Sequence[Record]) -> dict[str, Any]:
        return {"allOrNone": False, "records": [self._attributes | dict(one) for one in records]}

    def _each(self, records: Mapping[str, Record], call: Callable[[Sequence[Record]], object]) -> dict[str, str]:
        refused: dict[str, str] = {}
        for keys in groups(list(records), MOST_ROWS):
            items = call([records[key] for key in keys])
            if not isinstance(items, list) or len(items) != len(keys):
                raise DestinationError(
                    f"{self._connection.where} answered a collection with something else than a result a record;"
                    " it is not known which were written."
                )
            reasons = [row_reason(item) for item in items]
            refused |= {key: reason for key, reason in zip(keys, reasons, strict=True) if reason}
        return refused
