"""What a source is: the tables it sends, how each lands, and the columns it promises."""

from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from cdp_assets.registry import plugin_names
from cdp_assets.sources.contracts import LOADED_AT
from cdp_assets.stages import Stage
from cdp_assets.strict import Strict
from cdp_assets.tables import Layout, Table

LANDINGS = "cdp_assets.sources.landings"
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class SourceTable(Strict):
    """One table of a source, written to `raw.<source>__<name>`.

    `columns` are all it is known to send and `required` those it cannot be used without; a file without one is
    refused, and so is a row whose value is empty. Columns nobody declared are kept and reported.
    """

    name: Name
    description: str = ""
    landing: dict[str, Any]
    required: list[str] = Field(default_factory=list)
    columns: list[str] = Field(default_factory=list)
    max_rejected_share: float = Field(default=0.2, ge=0, le=1)

    @field_validator("landing")
    @classmethod
    def _landing_exists(cls, value: dict[str, Any]) -> dict[str, Any]:
        names = plugin_names(LANDINGS)
        if value.get("type") not in names:
            raise ValueError(f"type is {value.get('type')!r}; the landing types are: {', '.join(names)}")
        return value

    @property
    def declared_columns(self) -> list[str]:
        """Required columns first, then the others, each once."""
        return list(dict.fromkeys([*self.required, *self.columns]))


class SourceDefinition(Strict):
    """A system that sends data: its name, who owns it, and its tables."""

    name: Name
    description: str = ""
    owners: list[str] = Field(default_factory=lambda: ["team:data"], min_length=1)
    freshness_hours: float = Field(default=36, gt=0)
    tables: list[SourceTable] = Field(min_length=1)

    @model_validator(mode="after")
    def _tables_are_distinct(self) -> "SourceDefinition":
        names = [table.name for table in self.tables]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"tables named more than once: {', '.join(repeated)}")
        return self

    def raw_table(self, table: SourceTable) -> Table:
        """Where a table of this source is kept in the warehouse."""
        return Table(Stage.RAW, f"{self.name}__{table.name}", Layout(partition_by=LOADED_AT))
