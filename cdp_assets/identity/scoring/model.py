"""The match model: everything global that decides on pairs, frozen between trainings, as plain data."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from cdp_assets.errors import DataError
from cdp_assets.identity.scoring.blocking_rules import BlockingRule
from cdp_assets.identity.scoring.settings import Settings

_DIGITS = 10


@dataclass(frozen=True)
class MatchModel:
    """A trained model, or (when `is_trained` is false) the reason why there is none.

    Attributes:
        trained_at: the moment of the run that trained it.
        records: how many there were.
        threshold: match weight (log2 of the odds) from which records are rather one customer than two.
        contexts: Splink's settings by the name of the context whose pairs they score.
        blocking: the keys of each blocking rule worth its pairs, in order.
        oversized: blocks passed over: a rule's name, and the values of its keys.
        term_frequencies: per column the share of each value that comes more than once.
        junk: identifiers that too many share, as `junk.SHARED`'s columns say: key, value, reason.
        reason: why nothing was learned; none when it was.
        threshold_from: what set the threshold, in words; none without one.
    """

    trained_at: datetime
    records: int
    threshold: float = 0.0
    contexts: Mapping[str, Settings] = field(default_factory=dict)
    blocking: Sequence[Sequence[str]] = ()
    oversized: Sequence[tuple[str, Sequence[str]]] = ()
    term_frequencies: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    junk: Sequence[tuple[str, str, str]] = ()
    reason: str | None = None
    threshold_from: str | None = None

    @property
    def is_trained(self) -> bool:
        """Whether it can score pairs."""
        return self.reason is None

    @cached_property
    def version(self) -> str:
        """Hash of the content, the moment apart: the same training data and configuration give the same version."""
        content = {name: value for name, value in self._content().items() if name != "trained_at"}
        return hashlib.sha256(_json(content).encode()).hexdigest()[:16]

    @property
    def rules(self) -> list[BlockingRule]:
        """The blocking rules, in order."""
        return [BlockingRule(tuple(keys)) for keys in self.blocking]

    def to_json(self) -> str:
        """The whole model, for a file or a cell."""
        return _json(self._content() | {"trained_at": self.trained_at.isoformat(), "version": self.version})

    def _content(self) -> dict[str, Any]:
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @classmethod
    def from_json(cls, text: str, where: str) -> "MatchModel":
        """The model a text holds.

        Raises:
            DataError: it is no such model; the message says `where` it came from.
        """
        try:
            content: dict[str, Any] = json.loads(text)
            version = content.pop("version")
            model = cls(**content | {"trained_at": datetime.fromisoformat(content["trained_at"])})
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise DataError(f"{where} is not a match model of this version; train it again.") from error
        if model.version != version:
            raise DataError(f"{where} is not a match model of this version, or was changed since; train it again.")
        return model

    @classmethod
    def from_file(cls, path: Path) -> "MatchModel":
        """The model in a file.

        Raises:
            DataError: there is no such file, or it holds something else.
        """
        try:
            return cls.from_json(path.read_text(encoding="utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{path} cannot be read as a match model.") from error


def rounded(content: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    """The same content with numbers cut to ten significant digits: summing in another order is not another model."""
    return json.loads(_json(content), parse_float=lambda text: float(f"{float(text):.{_DIGITS}g}"))


def _json(content: object) -> str:
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
