"""What a file format offers: its rows as text columns, batch by batch, and the rows it had to refuse."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cdp_assets.errors import SourceError
from cdp_assets.sources.formats._text import unreadable
from cdp_assets.strict import Strict

BATCH_ROWS = 100_000


@dataclass(frozen=True)
class Rejected:
    """A row that could not be read: its line, why, and its text."""

    line: int
    reason: str
    row: str


@dataclass
class Batch:
    """Some rows of a file: `columns` are equally long lists of text or null, `lines` where each row began."""

    columns: dict[str, list[str | None]]
    lines: list[int]
    rejected: list[Rejected] = field(default_factory=list)


class FormatOptions(Strict):
    """Options a format takes; a format that takes some has a subclass."""


class Format(ABC):
    """A file format; `suffixes` are the file names it is recognised by."""

    suffixes: tuple[str, ...]
    options_model: type[FormatOptions] = FormatOptions

    def __init__(self, options: FormatOptions) -> None:
        self.options = options

    @abstractmethod
    def batches(self, path: Path, required: Sequence[str]) -> Iterator[Batch]:
        """The file's rows, at most `BATCH_ROWS` at a time.

        Raises:
            SourceError: the file cannot be read at all, or lacks a required column.
        """


def check_names(path: Path, names: Sequence[str]) -> None:
    """Refuse a file whose columns cannot be told apart or kept; upper and lower case are one."""
    lowered = [name.lower() for name in names]
    repeated = sorted({name for name in lowered if lowered.count(name) > 1})
    if repeated or "" in names:
        raise SourceError(
            f"{path.name} names a column {'twice: ' + ', '.join(repeated) if repeated else 'with nothing'};"
            " each column needs a name of its own (upper and lower case are one)."
        )
    bad = next(filter(None, map(unreadable, names)), None)
    if bad:
        raise SourceError(f"{path.name} has a column name that cannot be kept: {bad}; write the file as UTF-8.")


def check_required(path: Path, required: Sequence[str], found: Sequence[str]) -> None:
    """Refuse a file without the columns it must have; upper and lower case are one."""
    present = {name.lower() for name in found}
    missing = [name for name in required if name.lower() not in present]
    if missing:
        raise SourceError(
            f"{path.name} lacks the required column{'s' if len(missing) > 1 else ''} {', '.join(missing)};"
            f" it has: {', '.join(found) or 'none'}.{_hint(found)}"
            " Mend the file or take it away, or mend `required` in defs.yaml."
        )


def _hint(found: Sequence[str]) -> str:
    """A file read with the wrong delimiter has one column, which holds the names of all."""
    other = next((mark for mark in ";\t|" if len(found) == 1 and mark in found[0]), None)
    return f" Its columns are separated by {other!r}: set `options: {{delimiter: {other!r}}}`." if other else ""


def empty_required(row: dict[str, str | None], required: Sequence[str]) -> str | None:
    """Why a row cannot be used: a required value is empty; null when it can."""
    for name in required:
        if not (row.get(name) or "").strip():
            return f"the required column {name} is empty"
    return None
