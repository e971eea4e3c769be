"""The fields in which records are compared side by side, and where their values differ."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from cdp_assets.identity.config import MATCH_KEYS
from cdp_assets.identity.explain.explanation import Record
from cdp_assets.identity.explain.words import key_name

_SENT_AS = {"external_id": "external_ids", "anonymous_id": "anonymous_id"}
_DERIVED = {"name_forms", "name_suffix"}


@dataclass(frozen=True)
class Cell:
    """One record's value: as it was `sent`, or as it is matched where that is not known.

    `matched` is what matching sees, when it is not the same; `unused` when it sees nothing of the value.
    """

    value: str | None
    matched: str | None
    unused: bool
    differs: bool


@dataclass(frozen=True)
class Field:
    """A field by its name in words, and the cell of each record."""

    name: str
    cells: tuple[Cell, ...]

    @property
    def differs(self) -> bool:
        """Whether some record has another value than most."""
        return any(cell.differs for cell in self.cells)


def fields_of(records: Sequence[Record]) -> list[Field]:
    """The fields that some record has a value in: match keys first, then what else was sent."""
    found = [_key_field(key, records) for key in MATCH_KEYS if not _goes_without_saying(key, records)]
    known = {_SENT_AS.get(key, key) for key in MATCH_KEYS}
    for name in dict.fromkeys(name for record in records for name in record.sent if name not in known):
        values = [record.sent.get(name) for record in records]
        cells = tuple(Cell(value, None, unused=False, differs=False) for value in values)
        found.append(Field(key_name(name), cells))
    junk = tuple(Cell(record.junk_reasons, None, unused=False, differs=False) for record in records)
    found.append(Field("left out as junk", junk))
    return [field for field in found if any(cell.value for cell in field.cells)]


def _goes_without_saying(key: str, records: Sequence[Record]) -> bool:
    """What a first name is short for says something only where the first names differ."""
    names = {record.matched["first_name"] for record in records if "first_name" in record.matched}
    return key == "name_forms" and len(names) < 2


def _key_field(key: str, records: Sequence[Record]) -> Field:
    matched = [record.matched.get(key, ()) for record in records]
    usual = _usual(matched)
    cells = []
    for record, values in zip(records, matched, strict=True):
        sent = record.sent.get(_SENT_AS.get(key, key)) if key not in _DERIVED else None
        seen = ", ".join(values) or None
        same = sent is None or seen is None or sent.casefold() == seen.casefold()
        differs = bool(values) and usual is not None and not set(values) & usual
        cells.append(Cell(sent or seen, None if same else seen, unused=bool(sent) and not values, differs=differs))
    return Field(key_name(key), tuple(cells))


def _usual(matched: Sequence[tuple[str, ...]]) -> set[str] | None:
    """The values that most records have; nothing when no two agree; null when none differs."""
    known = [values for values in matched if values]
    shared = Counter(value for values in known for value in values)
    if not known or max(shared.values()) == len(known):
        return None
    most = max(shared.values())
    return {value for value, count in shared.items() if count == most} if most > 1 else set()
