"""Which records have which external ids, by SOQL.

The queries travel in the body of a composite request, five in each, so that no id of a customer is in an address.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from cdp_assets.destinations._salesforce.answers import refusal
from cdp_assets.destinations._salesforce.connection import Connection
from cdp_assets.destinations._salesforce.records import groups
from cdp_assets.errors import DestinationError

MOST_QUERIES = 5
MOST_KEYS = 200
MOST_CHARACTERS = 12_000
LONGEST_KEY = 255
_ESCAPES = {"\\": r"\\", "'": r"\'", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\b": r"\b", "\f": r"\f"}


class Lookup:
    """Asks for the ids of an object's records by one text field."""

    def __init__(self, connection: Connection, sobject: str, field: str) -> None:
        self._connection = connection
        self._sobject = sobject
        self._field = field

    def ids(self, keys: Collection[str]) -> dict[str, list[str]]:
        """The ids of the records that have each key; none of a key that no record can have.

        A blank key is never asked for: SOQL would answer with all the records that have none.
        """
        wanted: dict[str, list[str]] = {key: [] for key in keys if key.strip() and len(key) <= LONGEST_KEY}
        folded = {_folded(key): key for key in wanted}
        for record_id, value in self._records(list(wanted)):
            key = value if value in wanted else folded.get(_folded(value))
            if key is not None:
                wanted[key].append(record_id)
        return {key: ids for key, ids in wanted.items() if ids}

    def _records(self, keys: Sequence[str]) -> Iterator[tuple[str, str]]:
        for queries in groups(list(self._queries(keys)), MOST_QUERIES):
            parts = [
                {"method": "GET", "url": self._address(query), "referenceId": f"q{number}"}
                for number, query in enumerate(queries)
            ]
            answer = self._connection.rest("POST", "composite", {"allOrNone": False, "compositeRequest": parts})
            listed = answer.get("compositeResponse") if isinstance(answer, dict) else None
            if not isinstance(listed, list) or len(listed) != len(parts):
                raise self._unusable("other than one answer a query")
            for one in listed:
                yield from self._read(one if isinstance(one, dict) else {})

    def _read(self, answer: dict[str, Any]) -> Iterator[tuple[str, str]]:
        status, body = answer.get("httpStatusCode"), answer.get("body")
        if status != 200:
            raise refusal(status if isinstance(status, int) else 0, body, self._connection.where)
        records = body.get("records") if isinstance(body, dict) else None
        if not isinstance(body, dict) or not isinstance(records, list) or body.get("done") is not True:
            raise self._unusable("something else than all the records of a query")
        for record in records:
            found = record if isinstance(record, dict) else {}
            if not isinstance(found.get("Id"), str):
                raise self._unusable("a record without its Id")
            yield found["Id"], str(found.get(self._field))

    def _queries(self, keys: Sequence[str]) -> Iterator[str]:
        some: list[str] = []
        size = 0
        for text in map(_quoted, keys):
            length = len(quote(text, errors="replace")) + 3
            if some and (len(some) == MOST_KEYS or size + length > MOST_CHARACTERS):
                yield self._query(some)
                some, size = [], 0
            some.append(text)
            size += length
        if some:
            yield self._query(some)

    def _query(self, texts: Sequence[str]) -> str:
        return f"SELECT Id, {self._field} FROM {self._sobject} WHERE {self._field} IN ({','.join(texts)})"

    def _address(self, query: str) -> str:
        return f"/services/data/v{self._connection.api_version}/query?q={quote(query, safe='', errors='replace')}"

    def _unusable(self, what: str) -> DestinationError:
        return DestinationError(
            f"{self._connection.where} answered a look-up of {self._sobject} with {what};"
            f" check that {self._field} is a unique text field."
        )


def _folded(text: str) -> str:
    """As a field that is not case-sensitive compares; Salesforce takes off blanks around a text."""
    return text.strip().casefold()


def _quoted(text: str) -> str:
    return "'" + "".join(_ESCAPES.get(c) or (c if c >= " " else f"\\u{ord(c):04x}") for c in text) + "'"
