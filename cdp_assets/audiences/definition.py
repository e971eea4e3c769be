"""What a team writes to define an audience: a tree of conditions on customers, what they did, and other audiences."""

import hashlib
import json
from functools import cached_property

from pydantic import ConfigDict, Field, model_validator

from cdp_assets.audiences.leaves import AudienceName, Facts, OtherAudience, Related, Sequence, TransactionFacts
from cdp_assets.audiences.operators import Comparison
from cdp_assets.audiences.options import GLOBAL_HOLDOUT, Excluded, Expected, Limit, Priority, Splits, Suppress
from cdp_assets.strict import Strict

RESERVED_NAMES = ("assignments", "definitions", GLOBAL_HOLDOUT, "membership_log", "overlap", "sizes")
WORK_PREFIX = "refresh__"
"""What the names of tables begin with that are kept while audiences are refreshed."""


class Condition(Strict):
    """One node of the tree: a group of conditions, or one condition."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    all: tuple["Condition", ...] | None = Field(None, min_length=1)
    any: tuple["Condition", ...] | None = Field(None, min_length=1)
    not_: "Condition | None" = Field(None, alias="not")
    property: Comparison | None = None
    transaction: TransactionFacts | None = None
    event: Facts | None = None
    sequence: Sequence | None = None
    audience: OtherAudience | None = None
    related: Related | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "Condition":
        self.exactly_one()
        return self


class AudienceDefinition(Strict):
    """An audience: who it is for, who is in it, and what is done with them."""

    name: AudienceName
    description: str = Field(min_length=1)
    owners: tuple[str, ...] = Field(min_length=1, description="as `team:marketing` or an e-mail address")
    condition: Condition
    exclude: Excluded = Field((), description="audiences whose members are left out")
    suppress: Suppress | None = None
    limit: Limit | None = None
    priority: Priority | None = None
    splits: Splits | None = None
    expected: Expected = Expected()
    schedule: str | None = Field(None, description="cron expression in UTC; unset, whenever an input changes")

    @model_validator(mode="after")
    def _own_name(self) -> "AudienceDefinition":
        if self.name in RESERVED_NAMES:
            raise ValueError(f"name {self.name!r} is one of the platform's own tables: {', '.join(RESERVED_NAMES)}")
        if self.name.startswith(WORK_PREFIX):
            raise ValueError(f"name {self.name!r} begins with {WORK_PREFIX!r}, as the platform's work tables do")
        return self

    @cached_property
    def version(self) -> str:
        """16 hexadecimal digits that change when who is in the audience, or in which arm, may change."""
        kept = {"condition", "exclude", "suppress", "limit", "priority", "splits"}
        meaning = self.model_dump(mode="json", by_alias=True, exclude_defaults=True, include={"name", *kept})
        return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()[:16]
