"""The statements that BigQuery's writes are made of, and the names it can hold."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from hashlib import sha256

import sqlglot
from sqlglot import exp

from cdp_assets.errors import WarehouseError
from cdp_assets.tables import Layout, Table
from cdp_assets.warehouses._bigquery.types import Field, staged_name

WORK = "cdp_work"
"""The dataset of what is only there while a write is under way."""

_DATASET = re.compile(r"[A-Za-z0-9_]{1,1024}")
_TABLE_CATEGORIES = ("L", "M", "N", "Pc", "Pd", "Zs")
_LONGEST_TABLE, _LONGEST_COLUMN, _MOST_CLUSTER_KEYS = 1024, 300, 4
_NOT_IN_COLUMNS = re.compile(r"[!\"$()*,./;?@\[\\\]^`{}~\x00-\x1f]")
_RESERVED_COLUMNS = ("_table_", "_file_", "_partition", "_row_timestamp", "__root__", "_colidentifier")


def check_names(table: Table, fields: Sequence[Field]) -> None:
    """Check that BigQuery can hold the table under its name, and the columns under theirs.

    Raises:
        WarehouseError: it cannot; the message names the first that it cannot.
    """
    if not _DATASET.fullmatch(table.schema):
        raise WarehouseError(
            f"BigQuery cannot hold the schema {table.schema!r}: letters of English, digits and underscores only."
        )
    fits = 0 < len(table.name.encode()) <= _LONGEST_TABLE
    if not fits or any(not unicodedata.category(c).startswith(_TABLE_CATEGORIES) for c in table.name):
        raise WarehouseError(
            f"BigQuery cannot hold the table {table.name!r}: letters, digits, spaces, dashes and underscores only."
        )
    seen: set[str] = set()
    for name in (field.name for field in fields):
        fits = 0 < len(name) <= _LONGEST_COLUMN and not name.lower().startswith(_RESERVED_COLUMNS)
        if not fits or _NOT_IN_COLUMNS.search(name):
            raise WarehouseError(
                f"BigQuery cannot hold the column {name!r} of {table}:"
                f' up to {_LONGEST_COLUMN} characters, none of ! " $ ( ) * , . / ; ? @ [ \\ ] ^ ` {{ }} ~.'
            )
        if name.lower() in seen:
            raise WarehouseError(f"the column {name!r} of {table} comes twice; BigQuery does not tell case apart.")
        seen.add(name.lower())


def quoted(name: str) -> str:
    """A name as BigQuery quotes it."""
    return exp.to_identifier(name, quoted=True).sql("bigquery")


def named(table: Table) -> str:
    """A table as BigQuery quotes it."""
    return f"{quoted(table.schema)}.{quoted(table.name)}"


def loaded(stage: Table, fields: Sequence[Field], present: Mapping[str, str]) -> str:
    """The SELECT that gives loaded rows their names; a column without a type of its own takes the table's."""
    types = {name.lower(): type_ for name, type_ in present.items()}
    values = (
        f"CAST(NULL AS {types[field.name.lower()]})" if field.untyped and field.name.lower() in types else source
        for field, source in ((field, quoted(staged_name(place))) for place, field in enumerate(fields))
    )
    named_values = (f"{value} AS {quoted(field.name)}" for value, field in zip(values, fields, strict=True))
    return f"SELECT {', '.join(named_values)} FROM {named(stage)}"


def all_of(source: exp.Table) -> str:
    """Every row of a table."""
    return f"SELECT * FROM {source.sql('bigquery')}"


def without_rows(select: str) -> str:
    """The SELECT with its columns and no row, which costs nothing."""
    return f"SELECT * FROM ({select}) WHERE FALSE"


def stage(table: Table, select: str) -> str:
    """Keep a SELECT's rows in a table that expires should nobody drop it."""
    expires = "TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)"
    return f"CREATE TABLE {named(table)} OPTIONS (expiration_timestamp = {expires}) AS {select}"


def stage_temporarily(source: exp.Table, select: str) -> str:
    """Keep a SELECT's rows in a temporary table of the session, which a transaction may create."""
    return f"CREATE TEMP TABLE {source.sql('bigquery')} AS {select}"


def columns_of(datasets: Sequence[str]) -> str:
    """The columns of every table and view in some datasets, in order."""
    found = " UNION ALL ".join(
        "SELECT table_schema, table_name, column_name, data_type, ordinal_position"
        f" FROM {quoted(dataset)}.INFORMATION_SCHEMA.COLUMNS WHERE is_hidden = 'NO'"
        for dataset in datasets
    )
    return f"{found} ORDER BY table_schema, table_name, ordinal_position"


def create(table: Table, fields: Sequence[Field]) -> str:
    """Create the table, empty, unless it is there."""
    columns = ", ".join(f"{quoted(field.name)} {field.type}" for field in fields)
    return f"CREATE TABLE IF NOT EXISTS {named(table)} ({columns}){_layout(table.layout, fields)}"


def replace(table: Table, fields: Sequence[Field], select: str) -> str:
    """Put the SELECT's rows in the table's place. Fields, when they are known, tell scales, which SELECTs forget."""
    columns = ", ".join(f"{quoted(field.name)} {field.type}" for field in fields)
    typed = f" ({columns})" if fields else ""
    return f"CREATE OR REPLACE TABLE {named(table)}{typed}{_layout(table.layout, fields)} AS {select}"


def add_columns(table: Table, fields: Sequence[Field]) -> str:
    """Add the columns that are not there yet."""
    added = ", ".join(f"ADD COLUMN IF NOT EXISTS {quoted(field.name)} {field.type}" for field in fields)
    return f"ALTER TABLE {named(table)} {added}"


def insert(table: Table, fields: Sequence[Field], select: str) -> str:
    """Add the SELECT's rows, each column to the one of its name."""
    columns = ", ".join(quoted(field.name) for field in fields)
    return f"INSERT INTO {named(table)} ({columns}) SELECT {columns} FROM ({select})"


def delete_all(table: Table) -> str:
    """Delete every row; BigQuery wants a condition."""
    return f"DELETE FROM {named(table)} WHERE TRUE"


def delete_matching(table: Table, select: str, key: Sequence[str]) -> str:
    """Delete the rows whose key is among the SELECT's."""
    same = " AND ".join(f"incoming.{quoted(name)} = target.{quoted(name)}" for name in key)
    return f"DELETE FROM {named(table)} AS target WHERE EXISTS (SELECT 1 FROM ({select}) AS incoming WHERE {same})"


def lock_of(table: Table) -> Table:
    """The table of one row that each merge into `table` changes first.

    BigQuery cancels the later of two transactions that change rows of the same table, but not of two that only add
    some: without it, two merges of the same new key would both go through.
    """
    digest = sha256(f"{table.schema}.{table.name}".lower().encode()).hexdigest()
    return Table(WORK, f"lock_{digest[:32]}")


def create_lock(lock: Table) -> str:
    """Create a lock unless it is there."""
    return f"CREATE TABLE IF NOT EXISTS {named(lock)} AS SELECT 0 AS turn"


def take_lock(lock: Table) -> str:
    """Take a lock until the transaction's end."""
    return f"UPDATE {named(lock)} SET turn = turn + 1 WHERE TRUE"


def in_transaction(statements: Sequence[str]) -> str:
    """The statements as one script that takes effect whole, or, when one fails, not at all."""
    return ";\n".join(["BEGIN TRANSACTION", *statements, "COMMIT TRANSACTION"]) + ";"


def with_condition(sql: str) -> tuple[str, bool]:
    """The statement, with a condition where BigQuery wants one; and whether it changes what tables there are."""
    statement = sqlglot.parse_one(sql, dialect="bigquery")
    if isinstance(statement, exp.Delete | exp.Update) and not statement.args.get("where"):
        return statement.where(exp.true()).sql("bigquery"), False
    return sql, isinstance(statement, exp.Create | exp.Drop | exp.Alter | exp.Command)


def _layout(layout: Layout | None, fields: Sequence[Field]) -> str:
    """Keys a table is laid out by, as far as it has the columns."""
    if layout is None:
        return ""
    types = {field.name.lower(): field.type for field in fields}
    keys = ""
    if layout.partition_by and layout.partition_by.lower() in types:
        column = quoted(layout.partition_by)
        truncate = "DATE_TRUNC" if types[layout.partition_by.lower()] == "DATE" else "TIMESTAMP_TRUNC"
        keys += f" PARTITION BY {truncate}({column}, MONTH)"
    clusters = [quoted(name) for name in layout.cluster_by if name.lower() in types][:_MOST_CLUSTER_KEYS]
    return keys + (f" CLUSTER BY {', '.join(clusters)}" if clusters else "")
