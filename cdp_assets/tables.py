"""Names and contracts of the tables the platform's own Python writes. dbt's contracts live beside its models."""

from dataclasses import dataclass, field

import pyarrow as pa
from sqlglot import exp

from cdp_assets.stages import Stage


@dataclass(frozen=True)
class Layout:
    """How a large table is laid out where a warehouse has such keys: by the month of a time, and by columns.

    A brief one is made and dropped by one run, so that to compress it costs more than it saves.
    """

    partition_by: str | None = None
    cluster_by: tuple[str, ...] = ()
    is_brief: bool = False


@dataclass(frozen=True, order=True)
class Table:
    """A table in the warehouse: `stage.name`. The layout, which only its creation asks for, does not tell two apart."""

    schema: str
    name: str
    layout: Layout | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "schema", str(self.schema))  # a stage is its name: Dagster stores no foreign enums

    @classmethod
    def parse(cls, text: str) -> "Table":
        """`"identity.edges"` → `Table("identity", "edges")`."""
        schema, _, name = text.partition(".")
        return cls(schema, name)

    def expression(self) -> exp.Table:
        """The table as a quoted sqlglot expression, fit for any dialect."""
        return exp.table_(self.name, db=self.schema, quoted=True)

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Column:
    """A column of a contract.

    `lineage` names the columns it is made from as `stage.table.column`; a constant, or a fact of the run itself
    (its id, the time it sent), has none.
    """

    name: str
    type: pa.DataType
    description: str
    lineage: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contract:
    """What a table holds: its columns in order, and the key that is unique in it."""

    table: Table
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @property
    def stage(self) -> Stage:
        return Stage(self.table.schema)

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([(column.name, column.type) for column in self.columns])

    def empty(self) -> pa.Table:
        """A table without rows, to create it."""
        return self.schema.empty_table()


TEXT = pa.string()
FLOAT = pa.float64()
INTEGER = pa.int64()
BOOLEAN = pa.bool_()
DATE = pa.date32()
TIMESTAMP = pa.timestamp("us", tz="UTC")
AMOUNT = pa.decimal128(18, 4)
