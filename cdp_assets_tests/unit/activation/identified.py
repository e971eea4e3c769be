"""A destination that knows identifiers alone, and answers as told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from cdp_assets.destinations.base import Batch, Identifier, IdentifierDestination, Limits, Mode, Operation, RowResult
from cdp_assets.errors import ConfigurationError
from cdp_assets.settings import Settings
from cdp_assets_tests.unit.activation.world import NoSettings


@dataclass
class FakeAudience(IdentifierDestination):
    """Holds e-mails and cities in lower case; `picky` values are refused alone."""

    batch_size: int = 4
    concurrency: int = 1
    lifetime: timedelta | None = None
    picky: set[str] = field(default_factory=set)
    held: set[tuple[str, str]] = field(default_factory=set)
    batches: list[Batch] = field(default_factory=list)
    target: str = "an audience"
    settings_model = NoSettings

    @property
    def limits(self) -> Limits:
        modes = frozenset(Mode) - {Mode.UPDATE}
        return Limits(self.batch_size, modes, concurrency=self.concurrency, lifetime=self.lifetime)

    @classmethod
    def from_settings(cls, values: Mapping[str, Any], settings: Settings, env: Mapping[str, str]) -> "FakeAudience":
        raise NotImplementedError((values, settings, env))

    def check_mapping(self, fields: Sequence[str]) -> None:
        for name in fields:
            if name not in {"email", "city"}:
                raise ConfigurationError(f"there is no field {name!r}; there are: city, email.")

    def identifiers(self, fields: Mapping[str, Any]) -> list[Identifier]:
        return [Identifier(name, {"value": value.lower()}) for name, value in fields.items() if value]

    def payload(self, batch: Batch) -> object:
        return [dict(row.fields) for row in batch.rows]

    def send(self, batch: Batch) -> list[RowResult]:
        self.batches.append(batch)
        results = []
        for row in batch.rows:
            value = row.fields["value"]
            accepted = value not in self.picky
            results.append(RowResult(row.key, accepted, "" if accepted else f"cannot take {value}"))
            if accepted and batch.operation is Operation.REMOVE:
                self.held.discard((row.fields["kind"], value))
            elif accepted:
                self.held.add((row.fields["kind"], value))
        return results

    def sent(self) -> list[tuple[str, str]]:
        """(operation, value) of every identifier sent since the last call, in order of operation and value."""
        found = sorted((str(batch.operation), row.fields["value"]) for batch in self.batches for row in batch.rows)
        self.batches.clear()
        return sorted(found, key=lambda one: ("remove", "change", "add").index(one[0]))
