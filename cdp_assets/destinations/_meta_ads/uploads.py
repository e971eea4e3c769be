"""One upload of one kind of identifier, and which of its entries Meta does not accept.

Meta counts what it does not accept and gives samples. Where the samples name it all, that is the answer. Where they do
not, halves are sent again, which changes nothing for what is held or gone already, until their counts tell.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cdp_assets.destinations._meta_ads.keys import KINDS
from cdp_assets.destinations.base import PermanentError, Row
from cdp_assets.errors import DestinationError

MOST_SEARCHES = 50
LIMITED_DATA_USE = "DATA_PROCESSING_OPTIONS"
NO_REASON = "Meta does not accept it, and does not say why"
_QUOTED = re.compile(r"[0-9a-z-]{32,}")


@dataclass(frozen=True)
class Answer:
    """How many entries were not accepted, and samples of them as text."""

    invalid: int
    samples: Sequence[str] = field(repr=False)


def payload(kind: str, rows: Sequence[Row], *, limited: bool) -> dict[str, Any]:
    """What Meta calls the payload: a schema, and a list of values for each row, empty where it has none.

    The schema is a list though it has one key: an audience does not take both forms.
    """
    keys = KINDS[kind]
    data: list[list[Any]] = [[row.fields.get(key) or "" for key in keys] for row in rows]
    if not limited:
        return {"schema": list(keys), "data": data}
    return {"schema": [*keys, LIMITED_DATA_USE], "data": [[*values, ["LDU"]] for values in data]}


def read(body: Mapping[str, Any], sent: int, safe: Callable[[str], str]) -> Answer:
    """The counts of an answer, and its samples made `safe`.

    Raises:
        PermanentError: they do not add up, so that it is not known what became of the rows.
        DestinationError: there are none: it is no answer to an upload.
    """
    received, invalid = body.get("num_received"), body.get("num_invalid_entries", 0)
    if not isinstance(received, int) or not isinstance(invalid, int):
        raise DestinationError("Meta answered without num_received; check that base_url is the Graph API.")
    if not 0 <= invalid <= sent or received + invalid < sent:
        raise PermanentError(f"it counts {received} received and {invalid} invalid of {sent} sent")
    listed = body.get("invalid_entry_samples")
    pairs = listed.items() if isinstance(listed, dict) else enumerate(listed if isinstance(listed, list) else ())
    return Answer(invalid, [safe(f"{name}: {value}") for name, value in pairs])


class Search:
    """Finds the rows that are not accepted, with so many more requests at most."""

    def __init__(self, upload: Callable[[Sequence[Row]], Answer], most: int = MOST_SEARCHES) -> None:
        self._upload = upload
        self._left = most

    def refused(self, rows: Sequence[Row]) -> dict[str, str]:
        """Upload the rows; the reason of each that was not accepted, by its key.

        Raises:
            PermanentError: there are too many to be found here; all the others are accepted nevertheless.
        """
        return self._among(rows, self._upload(rows))

    def _among(self, rows: Sequence[Row], answer: Answer) -> dict[str, str]:
        named = _named(rows, answer.samples)
        if answer.invalid == len(rows):
            return {row.key: named.get(row.key, NO_REASON) for row in rows}
        if len(named) == answer.invalid:
            return named
        if not self._left:
            raise PermanentError(f"it does not accept {answer.invalid} of {len(rows)} entries, and does not say which")
        self._left -= 1
        middle = len(rows) // 2
        first = self._upload(rows[:middle])
        rest = Answer(answer.invalid - first.invalid, answer.samples)
        if not 0 <= rest.invalid <= len(rows) - middle:
            raise PermanentError("it counts other invalid entries when they are sent again")
        found = self._among(rows[:middle], first) if first.invalid else {}
        return found | (self._among(rows[middle:], rest) if rest.invalid else {})


def _named(rows: Sequence[Row], samples: Sequence[str]) -> dict[str, str]:
    """The rows whose values a sample quotes, and those of no other row, each with what it says.

    Only digests and device ids are looked for: a short id may stand in a sample for something else.
    """
    told = {frozenset(_QUOTED.findall(sample.lower())): sample for sample in samples}
    if not told:
        return {}
    found = {
        frozenset(str(value) for name, value in row.fields.items() if name != "kind" and value): row for row in rows
    }
    return {found[values].key: sample for values, sample in told.items() if values in found}
