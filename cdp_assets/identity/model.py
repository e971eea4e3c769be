"""The match model: what Splink learned, as plain data that a table holds one row a version."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl
import pyarrow as pa

from cdp_assets.identity.contracts import MATCH_MODEL

_DIGITS = 10


@dataclass(frozen=True)
class MatchModel:
    """A trained model, or (when `is_trained` is false) the reason why there is none.

    `term_frequencies` has, per column, the share of each value among the records trained on.
    """

    trained_at: datetime
    records: int
    threshold: float
    settings: dict[str, Any] = field(default_factory=dict)
    term_frequencies: dict[str, dict[str, float]] = field(default_factory=dict)
    reason: str | None = None

    @property
    def is_trained(self) -> bool:
        """Whether it can score pairs."""
        return self.reason is None

    @property
    def version(self) -> str:
        """Hash of the content; the same training data and configuration give the same version."""
        content = [self.records, self.threshold, self.settings, self.term_frequencies, self.reason]
        return hashlib.sha256(_json(content).encode()).hexdigest()[:16]

    def to_table(self) -> pa.Table:
        """One row of `identity.match_model`."""
        row = {
            "version": self.version,
            "trained_at": self.trained_at,
            "is_trained": self.is_trained,
            "reason": self.reason,
            "records": self.records,
            "threshold": self.threshold,
            "settings_json": _json(self.settings),
            "term_frequencies_json": _json(self.term_frequencies),
        }
        return pa.Table.from_pylist([row], schema=MATCH_MODEL.schema)


def latest_model(models: pl.DataFrame) -> MatchModel | None:
    """The model of `identity.match_model` trained last, or none when the table is empty."""
    if models.is_empty():
        return None
    row = models.sort("trained_at", "version").row(-1, named=True)
    return MatchModel(
        trained_at=row["trained_at"],
        records=row["records"],
        threshold=row["threshold"],
        settings=json.loads(row["settings_json"]),
        term_frequencies=json.loads(row["term_frequencies_json"]),
        reason=row["reason"],
    )


def rounded(content: dict[str, Any]) -> dict[str, Any]:
    """The same content with numbers cut to ten significant digits: summing in another order is not another model."""
    cut: dict[str, Any] = json.loads(_json(content), parse_float=lambda text: float(f"{float(text):.{_DIGITS}g}"))
    return cut


def _json(content: object) -> str:
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
