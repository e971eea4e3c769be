"""What a team writes to define an audience: a tree of conditions on customers, what they did, and other audiences."""

import hashlib
import json
from functools import cached_property
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from cdp_assets.audiences.operators import Comparison, Duration, Moment, Number
from cdp_assets.strict import Strict

RESERVED_NAMES = frozenset({"assignments", "membership_log", "overlap"})

AudienceName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class Bounds(Strict):
    """How many, or how much: `at_least` and `at_most` include their number and may be combined."""

    at_least: Number | None = None
    at_most: Number | None = None
    exactly: Number | None = None

    @model_validator(mode="after")
    def _say_something(self) -> "Bounds":
        ranged = self.at_least is not None or self.at_most is not None
        if ranged == (self.exactly is not None):
            raise ValueError("needs at_least, at_most or both, or exactly alone")
        return self

    def hold(self, value: Number) -> bool:
        """Whether a number is within the bounds."""
        low, high = (self.exactly, self.exactly) if self.exactly is not None else (self.at_least, self.at_most)
        return (low is None or value >= low) and (high is None or value <= high)


class FieldBounds(Bounds):
    """Bounds on an aggregate of a field."""

    field: str


class Facts(Strict):
    """Bounds on an aggregate of a customer's transactions or events.

    Without any fact `count` and `sum` are 0; `average`, `minimum` and `maximum` are missing.
    """

    count: Bounds | None = None
    sum: FieldBounds | None = None
    average: FieldBounds | None = None
    minimum: FieldBounds | None = None
    maximum: FieldBounds | None = None
    within_last: Duration | None = None
    between: Annotated[tuple[Moment, Moment] | None, Field(description="first and last moment, both included")] = None
    where: tuple[Comparison, ...] = ()

    @model_validator(mode="after")
    def _one_aggregate(self) -> "Facts":
        self.exactly_one("count", "sum", "average", "minimum", "maximum")
        return self

    @property
    def aggregate(self) -> tuple[str, Bounds]:
        """The aggregate's name and bounds."""
        names = ("count", "sum", "average", "minimum", "maximum")
        return next((name, getattr(self, name)) for name in names if getattr(self, name) is not None)


class OtherAudience(Strict):
    """Membership in another audience, as its table stands."""

    in_: AudienceName | None = Field(None, alias="in")
    not_in: AudienceName | None = None

    @model_validator(mode="after")
    def _one_name(self) -> "OtherAudience":
        self.exactly_one()
        return self

    @property
    def name(self) -> str:
        """The other audience."""
        return str(self.in_ or self.not_in)


class Condition(Strict):
    """One node of the tree: a group of conditions, or one condition."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    all: tuple["Condition", ...] | None = Field(None, min_length=1)
    any: tuple["Condition", ...] | None = Field(None, min_length=1)
    not_: "Condition | None" = Field(None, alias="not")
    property: Comparison | None = None
    transaction: Facts | None = None
    event: Facts | None = None
    audience: OtherAudience | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "Condition":
        self.exactly_one()
        return self


class Limit(Strict):
    """Keep only the customers with the highest (or lowest) values of a field; those without a value come last."""

    field: str
    top: int = Field(ge=1, strict=True)
    order: Literal["highest", "lowest"] = "highest"


class AudienceDefinition(Strict):
    """An audience: who it is for, who is in it."""

    name: AudienceName
    description: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    condition: Condition
    exclude: tuple[AudienceName, ...] = ()
    limit: Limit | None = None

    @model_validator(mode="after")
    def _own_name(self) -> "AudienceDefinition":
        if self.name in RESERVED_NAMES:
            raise ValueError(f"name {self.name!r} is one of the platform's own tables: {', '.join(RESERVED_NAMES)}")
        return self

    @cached_property
    def version(self) -> str:
        """16 hexadecimal digits that change when who is in the audience may change."""
        meaning = self.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"description", "owner"})
        return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()[:16]
