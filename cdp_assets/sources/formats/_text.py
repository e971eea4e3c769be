"""Lines of a text file, with the bytes that are not UTF-8 kept so that their row can be refused."""

import gzip
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO


def open_text(path: Path) -> TextIO:
    """Open a text file, compressed or not. Bytes that are not UTF-8 come as lone surrogates."""
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", errors="surrogateescape", newline="")
    return path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")


def unreadable(text: str) -> str | None:
    """Why a text cannot be kept in a warehouse, if it cannot."""
    if text.isascii():
        return "it has a zero byte" if "\0" in text else None
    try:
        text.encode()
    except UnicodeEncodeError:
        return "it is not UTF-8"
    return "it has a zero byte" if "\0" in text else None


def printable(text: str) -> str:
    """The text with what a warehouse cannot keep replaced."""
    return text.encode(errors="surrogateescape").decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


class Lines:
    """An iterator over lines that remembers those of the current record and takes lines back."""

    def __init__(self, file: TextIO) -> None:
        self._lines = iter(file)
        self._again: deque[str] = deque()
        self._next = 1
        self.first = 1
        self.record: list[str] = []

    def begin(self) -> None:
        """A new record begins with the next line."""
        self.first, self.record = self._next, []

    def push_back_all_but_first(self) -> None:
        """Keep the record's first line alone; the others will be read again."""
        self._again.extendleft(reversed(self.record[1:]))
        self._next = self.first + 1
        self.record = self.record[:1]

    def bounded(self, longest: int) -> Iterator[str]:
        """The lines, ending early when one record takes more than `longest` of them."""
        while len(self.record) < longest:
            line = self._again.popleft() if self._again else next(self._lines, None)
            if line is None:
                return
            self._next += 1
            self.record.append(line)
            yield line
