"""What a team writes to have a sync: which rows go where, as what, and under which consent."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from cdp_assets.activation.contracts import CONTRACTS
from cdp_assets.audiences.definition import AudienceDefinition
from cdp_assets.destinations.base import Destination, IdentifierDestination, Mode, Removal
from cdp_assets.errors import ConfigurationError
from cdp_assets.stages import Stage
from cdp_assets.strict import Strict
from cdp_assets.tables import Table

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,60}$")]
TableName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.[A-Za-z_][A-Za-z0-9_]*$")]
ColumnName = Annotated[str, StringConstraints(pattern=r"^([a-z][a-z0-9_]*\.[A-Za-z_]\w*\.)?[A-Za-z_]\w*$")]
Share = Annotated[float, Field(ge=0, le=1)]
Cron = Annotated[str, StringConstraints(pattern=r"^([-\d*/,A-Za-z]+ ){4}[-\d*/,A-Za-z]+$")]
_COMMANDS = frozenset({"retry", "run", "status"})
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10)]


class UnknownConsent(StrEnum):
    """What becomes of customers who never said anything about a purpose."""

    DENY = "deny"
    ALLOW = "allow"


class WithoutCredentials(StrEnum):
    """What a sync does while its destination's credentials are not set."""

    FAIL = "fail"
    STAND_IN = "stand_in"


class SyncDefinition(Strict):
    """A sync. `mapping` gives each destination field its column: one of the source, or `stage.table.column`.

    A table named in the mapping is joined by `customer_id` and has one row a customer. Without a `purpose` the
    reason why none is needed must be written down; with one, only customers who granted it are sent, and those who
    said nothing only where `unknown_consent` allows it and says why. A `schedule` is a cron expression in UTC; without
    one the sync runs when what it reads has changed.
    """

    name: Name
    source: TableName
    destination: Name
    settings: dict[str, Any] = Field(default_factory=dict)
    mode: Mode = Mode.MIRROR
    removal: Removal = Removal.DELETE
    key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_]\w*$")] = "customer_id"
    splits: Annotated[tuple[Name, ...], Field(description="the arms of the audience that are sent; unset, all")] = ()
    mapping: Annotated[dict[str, ColumnName], Field(min_length=1)]
    purpose: Name | None = None
    no_consent_reason: Reason | None = None
    unknown_consent: UnknownConsent = UnknownConsent.DENY
    unknown_consent_reason: Reason | None = None
    schedule: Cron | None = None
    without_credentials: Annotated[
        WithoutCredentials,
        Field(description="`stand_in` sends to a process on this machine that speaks the vendor's API"),
    ] = WithoutCredentials.FAIL
    guard: Annotated[Share, Field(description="largest share of the rows held that one run may remove")] = 0.5
    max_rejected_share: Annotated[Share, Field(description="share of newly refused rows that fails a run")] = 0.1
    description: str = ""

    @property
    def source_table(self) -> Table:
        """The table the rows come from."""
        return Table.parse(self.source)

    @property
    def joined_tables(self) -> tuple[Table, ...]:
        """The tables the mapping names besides the source, in order, each once."""
        tables = (Table.parse(column.rpartition(".")[0]) for column in self.mapping.values() if "." in column)
        return tuple(table for table in dict.fromkeys(tables) if table != self.source_table)

    @field_validator("name")
    @classmethod
    def _is_no_command(cls, value: str) -> str:
        if value in _COMMANDS:
            raise ValueError("`cdp sync` has a command of this name; call the sync otherwise")
        if "__" in value or value in {contract.table.name for contract in CONTRACTS}:
            raise ValueError(
                "it, or two underscores, are in names of the platform's own tables; call the sync otherwise"
            )
        return value

    @model_validator(mode="after")
    def _unknown_consent_is_decided(self) -> Self:
        allows = self.unknown_consent is UnknownConsent.ALLOW
        if allows != bool(self.unknown_consent_reason):
            raise ValueError(
                f"unknown_consent is {self.unknown_consent.value!r} and unknown_consent_reason is"
                f" {self.unknown_consent_reason!r}; write the reason with 'allow', and only with it"
            )
        if allows and not self.purpose:
            raise ValueError("unknown_consent is 'allow', but there is no purpose; without one no consent is asked for")
        return self

    @model_validator(mode="after")
    def _consent_is_decided(self) -> Self:
        if self.mode is Mode.REMOVE:
            if self.purpose:
                raise ValueError(f"purpose is {self.purpose!r}, but mode remove only takes away and needs no consent")
            if self.removal is Removal.NOTHING:
                raise ValueError("removal is 'nothing', but mode remove needs one of delete, clear_fields")
        elif bool(self.purpose) == bool(self.no_consent_reason):
            raise ValueError(
                f"purpose is {self.purpose!r} and no_consent_reason is {self.no_consent_reason!r};"
                " set exactly one: the consent the rows need, or why they need none"
            )
        return self


def check_supported(definition: SyncDefinition, destination: Destination) -> None:
    """Check that the destination can do what the sync asks, the names of its mapping included.

    Raises:
        ConfigurationError: it cannot; the message names what it can.
    """
    limits, where = destination.limits, f"sync {definition.name!r}: destination {definition.destination!r}"
    if definition.mode not in limits.modes:
        raise ConfigurationError(f"{where} has no mode {definition.mode.value!r}; allowed are {_list(limits.modes)}.")
    if definition.mode in {Mode.MIRROR, Mode.REMOVE} and definition.removal not in limits.removals:
        raise ConfigurationError(
            f"{where} has no removal {definition.removal.value!r}; allowed are {_list(limits.removals)}."
        )
    if isinstance(destination, IdentifierDestination):
        destination.check_mapping(list(definition.mapping))


def check_audience(definition: SyncDefinition, audiences: Mapping[str, AudienceDefinition]) -> None:
    """Check that the audience a sync sends, if it sends one, is among all there are and has the arms that it names.

    Raises:
        ConfigurationError: it has not; the message begins with the option, and names what there is.
    """
    source = definition.source_table
    if source.schema != Stage.AUDIENCES:
        return
    audience = audiences.get(source.name)
    if audience is None:
        there_are = ", ".join(sorted(audiences)) or "none"
        raise ConfigurationError(f"source: there is no audience {source.name!r}; there are: {there_are}.")
    arms = list(audience.splits.arms) if audience.splits else []
    for name in definition.splits:
        if name not in arms:
            there_is = f"its arms are: {', '.join(arms)}" if arms else "it has no arms"
            raise ConfigurationError(f"splits: audience {audience.name!r} has no arm {name!r}; {there_is}.")


def _list(values: frozenset[Mode] | frozenset[Removal]) -> str:
    return ", ".join(sorted(values))
