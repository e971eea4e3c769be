"""The statements Snowflake is written with. Names are given as Snowflake spells them and quoted here."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from string import ascii_lowercase, ascii_uppercase
from uuid import uuid4

from cdp_assets.tables import Layout, Table

WORK_SCHEMA = "CDP_WORK"
"""Where rows wait to be written and writers for their turn; it is not told of among the tables."""

_UNTOLD = ("INFORMATION_SCHEMA", WORK_SCHEMA)
_WAITING = "ROWS_"

_UPPER = str.maketrans(ascii_lowercase, ascii_uppercase)
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)

PARQUET = "(TYPE = PARQUET USE_VECTORIZED_SCANNER = TRUE USE_LOGICAL_TYPE = TRUE BINARY_AS_TEXT = FALSE NULL_IF = ())"
"""Read as written: logical types make times exact, and without `NULL_IF` the text `\\N` stays a text."""


def fold(name: str) -> str:
    """As Snowflake spells a name that nothing quotes; it leaves letters outside ASCII alone."""
    return name.translate(_UPPER)


def unfold(name: str) -> str:
    """As the platform spells a name that Snowflake told."""
    return name.translate(_LOWER)


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A string literal; a backslash starts an escape in Snowflake's."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def names(columns: Sequence[str] | Mapping[str, str]) -> str:
    return ", ".join(map(quoted, columns))


def full_name(table: Table) -> str:
    return f"{quoted(fold(table.schema))}.{quoted(fold(table.name))}"


@dataclass(frozen=True)
class Staged:
    """Rows that wait in a table of the work schema, whose columns are numbered, so that any name will do."""

    name: str
    columns: Mapping[str, str]

    @classmethod
    def named_at(cls, time: datetime, columns: Mapping[str, str]) -> "Staged":
        """A new one, whose name tells since when it waits."""
        return cls(f"{_WAITING}{time:%Y%m%d%H%M}_{uuid4().hex.upper()}", columns)

    @property
    def full_name(self) -> str:
        return f"{WORK_SCHEMA}.{self.name}"

    @property
    def numbered(self) -> dict[str, str]:
        """The waiting table's column for each column to be written."""
        return {column: f"C{number}" for number, column in enumerate(self.columns)}

    @property
    def select(self) -> str:
        shown = ", ".join(f"{place} AS {quoted(column)}" for column, place in self.numbered.items())
        return f"SELECT {shown} FROM {self.full_name}"

    def create(self) -> str:
        defined = ", ".join(f"{place} {self.columns[column]}" for column, place in self.numbered.items())
        return f"CREATE TRANSIENT TABLE {self.full_name} ({defined}) DATA_RETENTION_TIME_IN_DAYS = 0"

    def fill(self, query: str) -> str:
        return f"INSERT INTO {self.full_name} SELECT {names(self.columns)} FROM ({query}) AS Q"

    def copy(self, files: str) -> str:
        return (
            f"COPY INTO {self.full_name} FROM {files} FILE_FORMAT = {PARQUET}"
            " MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE ON_ERROR = ABORT_STATEMENT PURGE = TRUE"
        )

    def drop(self) -> str:
        return f"DROP TABLE IF EXISTS {self.full_name}"


def put(file: str, stage: str) -> str:
    return f"PUT {text('file://' + file)} {stage} AUTO_COMPRESS = FALSE SOURCE_COMPRESSION = NONE"


def create(table: Table, columns: Mapping[str, str]) -> str:
    defined = ", ".join(f"{quoted(name)} {type_}" for name, type_ in columns.items())
    return f"CREATE TABLE IF NOT EXISTS {full_name(table)} ({defined}){_clustered(table.layout)}"


def replace(table: Table, columns: Mapping[str, str], query: str) -> str:
    """One statement, so that readers see the table before it or after it; what was granted on it stays granted.

    Every column is cast: as it stands, `'a'` makes a column that holds one character, and 1 one that holds one digit.
    """
    cast = ", ".join(f"CAST({quoted(name)} AS {type_}) AS {quoted(name)}" for name, type_ in columns.items())
    target = f"CREATE OR REPLACE TABLE {full_name(table)}{_clustered(table.layout)} COPY GRANTS"
    return f"{target} AS SELECT {cast} FROM ({query}) AS Q"


def add_column(table: Table, name: str, type_: str) -> str:
    return f"ALTER TABLE {full_name(table)} ADD COLUMN IF NOT EXISTS {quoted(name)} {type_}"


def drop_column(table: Table, name: str) -> str:
    return f"ALTER TABLE {full_name(table)} DROP COLUMN IF EXISTS {quoted(name)}"


def insert(table: Table, columns: Mapping[str, str], query: str, *, overwrite: bool = False) -> str:
    into = "INSERT OVERWRITE INTO" if overwrite else "INSERT INTO"
    return f"{into} {full_name(table)} ({names(columns)}) SELECT {names(columns)} FROM ({query}) AS Q"


def delete_same_keys(table: Table, staged: Staged, key: Sequence[str]) -> str:
    target = quoted(fold(table.name))
    same = " AND ".join(f"{target}.{quoted(name)} = S.{staged.numbered[name]}" for name in key)
    return f"DELETE FROM {full_name(table)} USING {staged.full_name} AS S WHERE {same}"


def count(table: Table) -> str:
    return f"SELECT COUNT(*) FROM {full_name(table)}"


def drop(table: Table) -> str:
    return f"DROP TABLE IF EXISTS {full_name(table)}"


def find_schema(name: str) -> str:
    return f"SELECT SCHEMA_NAME FROM INFORMATION_SCHEMA.SCHEMATA WHERE SCHEMA_NAME = {text(name)}"


def create_schema(name: str) -> str:
    return f"CREATE SCHEMA IF NOT EXISTS {quoted(name)}"


def left_behind(before: datetime) -> str:
    """The waiting tables made before a time."""
    return (
        f"SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = {text(WORK_SCHEMA)}"
        f" AND TABLE_NAME >= {text(_WAITING)} AND TABLE_NAME < {text(f'{_WAITING}{before:%Y%m%d%H%M}')}"
    )


def turn(table: Table) -> str:
    """The table whose one row the writers that merge into a table take turns to hold."""
    return f"{WORK_SCHEMA}.{quoted('TURN ' + fold(str(table)))}"


def create_turn(table: Table) -> str:
    return f"CREATE TRANSIENT TABLE IF NOT EXISTS {turn(table)} (TAKEN NUMBER(38,0))"


def fill_turn(table: Table) -> str:
    return f"INSERT INTO {turn(table)} SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM {turn(table)})"


def take_turn(table: Table) -> str:
    return f"UPDATE {turn(table)} SET TAKEN = TAKEN + 1"


def catalogue(schemas: Collection[str] | None, name: str | None) -> str:
    """Columns of tables and views, in order."""
    if schemas is None:
        asked = f"TABLE_SCHEMA NOT IN ({', '.join(map(text, _UNTOLD))})"
    else:
        asked = f"TABLE_SCHEMA IN ({', '.join(text(fold(schema)) for schema in schemas) or 'NULL'})"
    if name is not None:
        asked += f" AND TABLE_NAME = {text(fold(name))}"
    return (
        "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, NUMERIC_PRECISION, NUMERIC_SCALE"
        f" FROM INFORMATION_SCHEMA.COLUMNS WHERE {asked} ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION"
    )


def _clustered(layout: Layout | None) -> str:
    """A month is what the time is clustered by: its own values are too many to be of use."""
    if layout is None:
        return ""
    month = [f"DATE_TRUNC('MONTH', {quoted(fold(layout.partition_by))})"] if layout.partition_by else []
    keys = [*month, *(quoted(fold(column)) for column in layout.cluster_by)]
    return f" CLUSTER BY ({', '.join(keys)})" if keys else ""
