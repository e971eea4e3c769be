"""What a landing offers: the arrivals that wait to be loaded, and the rows of each."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdp_assets.settings import Settings
from cdp_assets.sources.formats.base import Batch


@dataclass(frozen=True)
class Arrival:
    """Something that can be loaded: `name` is how people know it, `path` where its bytes are."""

    name: str
    path: Path
    modified: float
    size: int

    @property
    def stamp(self) -> list[float]:
        """Size and time of change: while they stay, the content is taken to stay."""
        return [self.size, self.modified]


class Landing(ABC):
    """A way data arrives."""

    @classmethod
    @abstractmethod
    def from_options(cls, options: dict[str, Any], settings: Settings) -> "Landing":
        """The landing of one table, from the `landing` mapping of its definition.

        Raises:
            ConfigurationError: an option is wrong; the message names it and what is allowed.
        """

    @abstractmethod
    def arrivals(self) -> list[Arrival]:
        """What is there, loaded before or not, in the order it should be loaded."""

    @abstractmethod
    def content_hash(self, arrival: Arrival) -> str:
        """SHA-256 of an arrival's bytes, in hexadecimal.

        Raises:
            SourceError: it cannot be read.
        """

    @abstractmethod
    def unchanged(self, arrival: Arrival) -> bool:
        """Whether an arrival still is as it was when it was found."""

    @abstractmethod
    def batches(self, arrival: Arrival, required: Sequence[str]) -> Iterator[Batch]:
        """The arrival's rows.

        Raises:
            SourceError: it cannot be read, changed meanwhile, or lacks a required column.
        """
