"""Snowflake, through the connection of `dagster-snowflake`'s resource.

Rows leave as Arrow and come in as Parquet files, staged and copied. A statement that defines something commits the
transaction it is run in, so while one is open a second session creates tables and loads rows; the transaction sees
them, for Snowflake reads what is committed, and a new table stays behind, empty, when it is rolled back.

Writers that merge into a table take turns: each first updates the one row of a table kept for that, which locks it to
the end of the transaction. What each then deletes and inserts starts after the one before has committed, and sees it;
the locks of DELETE and MERGE alone do not promise that to a statement that began while it waited.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Self

import pyarrow as pa
from sqlglot import exp

from cdp_assets.errors import ConfigurationError, WarehouseError
from cdp_assets.settings import Settings
from cdp_assets.tables import Table
from cdp_assets.warehouses._merge import check_key_columns, check_key_faults, key_faults
from cdp_assets.warehouses._snowflake import sql as statements
from cdp_assets.warehouses._snowflake.session import PREFIX, VARIABLES, Session
from cdp_assets.warehouses._snowflake.sql import Staged, fold, unfold
from cdp_assets.warehouses._snowflake.types import catalogue_type, stored_type
from cdp_assets.warehouses._variables import Variable, read_variables
from cdp_assets.warehouses.base import Catalogue, Right, Rows, Warehouse, WriteMode, as_reader, nested_transaction

_PASSWORD, _KEY_PATH = f"{PREFIX}PASSWORD", f"{PREFIX}PRIVATE_KEY_PATH"
_DEFINING = ("CREATE", "ALTER", "DROP", "UNDROP", "COMMENT", "GRANT", "REVOKE")
_LEFT_BEHIND_AFTER = timedelta(days=1)


class SnowflakeWarehouse(Warehouse):
    """A Snowflake database. Names are in upper case there, as dbt's are, and are told in lower case."""

    dialect = "snowflake"
    variables: ClassVar[tuple[Variable, ...]] = VARIABLES

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__()
        self._values = values
        self._sessions: dict[str, Session] = {}
        self._in_transaction = False
        self._waiting: list[Staged] = []
        self._on_commit: list[str] = []
        self._schemas: set[str] = set()
        self._turns: set[Table] = set()

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        given, asked = settings.variables, cls.variables
        if not given.get(_KEY_PATH):
            asked = tuple(replace(one, required=one.required or one.name == _PASSWORD) for one in asked)
        values = read_variables("snowflake", asked, given)
        if values[_PASSWORD] and values[_KEY_PATH]:
            raise ConfigurationError(f"{_PASSWORD} and {_KEY_PATH} are both set; unset the one not to log in with.")
        for name in (f"{PREFIX}PORT", f"{PREFIX}NETWORK_TIMEOUT_SECONDS"):
            if values[name] and not values[name].isdecimal():
                raise ConfigurationError(f"{name} is {values[name]!r}; it must be a whole number.")
        return cls(values)

    @property
    def location(self) -> str:
        host = self._values[f"{PREFIX}HOST"] or self._values[f"{PREFIX}ACCOUNT"]
        return f"{host}/{self._values[f'{PREFIX}DATABASE']}"

    @staticmethod
    def fold(name: str) -> str:
        return fold(name)

    def create_schema(self, schema: str) -> None:
        self._ensure_schema(schema)

    def grant(self, right: Right, schema: str) -> str:
        given = {name: self._values[f"{PREFIX}{name}"] for name in ("DATABASE", "ROLE", "WAREHOUSE")}
        database, role, warehouse = (given[name] or f"<{name.lower()}>" for name in ("DATABASE", "ROLE", "WAREHOUSE"))
        place = f"{database}.{fold(schema)}"
        return {
            Right.CONNECT: f"GRANT USAGE ON DATABASE {database} TO ROLE {role}; "
            f"GRANT USAGE ON WAREHOUSE {warehouse} TO ROLE {role};",
            Right.CREATE_SCHEMA: f"GRANT CREATE SCHEMA ON DATABASE {database} TO ROLE {role};",
            Right.WRITE: f"GRANT CREATE TABLE, CREATE STAGE ON SCHEMA {place} TO ROLE {role};",
            Right.READ: f"GRANT SELECT ON ALL TABLES IN SCHEMA {place} TO ROLE {role};",
        }[right]

    def drop(self, table: Table) -> None:
        self._defining.run(statements.drop(table))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        if self._in_transaction:
            raise nested_transaction()
        self._on_commit.clear()
        try:
            with self._main.transaction():
                self._in_transaction = True
                try:
                    yield
                finally:
                    self._in_transaction = False
            for statement in self._on_commit:
                self._main.run(statement)
        finally:
            self._forget_waiting()

    def close(self) -> None:
        for session in self._sessions.values():
            session.close()
        self._sessions.clear()

    @property
    def _main(self) -> Session:
        return self._session("main")

    @property
    def _defining(self) -> Session:
        """Where tables are created and rows loaded: beside an open transaction, in another session."""
        return self._session("second" if self._in_transaction else "main")

    def _session(self, name: str) -> Session:
        if name not in self._sessions:
            self._sessions[name] = Session(self._values, self.location, self.tag, self._note)
        return self._sessions[name]

    def _note(self, query_id: str) -> None:
        self.usage.query_ids.append(query_id)

    def _execute(self, sql: str) -> None:
        defines = sql.lstrip().upper().startswith(_DEFINING)
        (self._defining if defines else self._main).run(sql)

    @contextmanager
    def _batches(self, sql: str) -> Iterator[pa.RecordBatchReader]:
        with self._main.batches(sql) as reader:
            yield reader

    def _write_arrow(self, table: Table, rows: Rows, mode: WriteMode, key: Sequence[str]) -> int:
        reader = as_reader(rows)
        columns = _columns((field.name, stored_type(field.name, field.type)[0]) for field in reader.schema)
        if mode is WriteMode.MERGE:
            check_key_columns(table, reader.schema.names, key)
        with self._stage(columns) as staged:
            count = self._defining.load(staged, reader)
            if mode is WriteMode.MERGE:
                self._merge(table, staged, key)
            elif mode is WriteMode.REPLACE and not self._in_transaction:
                self._replace(table, columns, staged.select)
            else:
                self._write(table, columns, staged.select, mode)
        return count

    def _write_select(self, table: Table, sql: str, mode: WriteMode, key: Sequence[str]) -> int:
        columns = _columns(self._main.describe(sql))
        if mode is WriteMode.MERGE:
            check_key_columns(table, list(map(unfold, columns)), key)
            with self._stage(columns) as staged:
                self._main.run(staged.fill(sql))
                return self._merge(table, staged, key)
        if mode is WriteMode.REPLACE and not self._in_transaction:
            self._replace(table, columns, sql)
            return int(self._main.rows(statements.count(table))[0][0])
        return self._write(table, columns, sql, mode)

    def _replace(self, table: Table, columns: Mapping[str, str], query: str) -> None:
        self._ensure_schema(table.schema)
        self._main.run(statements.replace(table, columns, query))

    def _write(self, table: Table, columns: Mapping[str, str], query: str, mode: WriteMode) -> int:
        replaces = mode is WriteMode.REPLACE
        surplus = self._prepare(table, columns)
        if replaces:
            self._on_commit += [statements.drop_column(table, name) for name in surplus]
        return self._main.run(statements.insert(table, columns, query, overwrite=replaces))

    def _merge(self, table: Table, staged: Staged, key: Sequence[str]) -> int:
        places = [staged.numbered[fold(name)] for name in key]
        faults = key_faults(exp.table_(staged.name, db=statements.WORK_SCHEMA, quoted=True), places).sql("snowflake")
        nulls, repeated = (int(number) for number in self._main.rows(faults)[0])
        check_key_faults(table, key, nulls, repeated)
        self._prepare(table, staged.columns)
        self._ensure_turn(table)
        with nullcontext() if self._in_transaction else self.transaction():
            self._main.run(statements.take_turn(table))
            self._main.run(statements.delete_same_keys(table, staged, [fold(name) for name in key]))
            return self._main.run(statements.insert(table, staged.columns, staged.select))

    @contextmanager
    def _stage(self, columns: Mapping[str, str]) -> Iterator[Staged]:
        """A table for rows to wait in. It goes with the transaction, if one is open, which may have written to it."""
        self._ensure_schema(statements.WORK_SCHEMA)
        staged = Staged.named_at(datetime.now(UTC), columns)
        self._defining.run(staged.create())
        self._waiting.append(staged)
        try:
            yield staged
        finally:
            if not self._in_transaction:
                self._forget_waiting()

    def _forget_waiting(self) -> None:
        """Drop what rows have waited in; where that fails, a later process does it."""
        while self._waiting:
            with suppress(WarehouseError):
                self._main.run(self._waiting.pop().drop())

    def _prepare(self, table: Table, columns: Mapping[str, str]) -> list[str]:
        """Create the table, or the columns it lacks; returns those it has and the rows have not."""
        self._ensure_schema(table.schema)
        present = [fold(name) for name in self.columns(table)]
        if not present:
            self._defining.run(statements.create(table, columns))
            return []
        for name in [name for name in columns if name not in present]:
            self._defining.run(statements.add_column(table, name, columns[name]))
        return [name for name in present if name not in columns]

    def _ensure_schema(self, schema: str) -> None:
        """Create a schema that is not there; even IF NOT EXISTS asks for the right to create one."""
        name = fold(schema)
        if name in self._schemas:
            return
        if not self._main.rows(statements.find_schema(name)):
            self._defining.run(statements.create_schema(name))
        if name == statements.WORK_SCHEMA:
            self._sweep()
        self._schemas.add(name)

    def _ensure_turn(self, table: Table) -> None:
        if table not in self._turns:
            self._defining.run(statements.create_turn(table))
            self._defining.run(statements.fill_turn(table))
            self._turns.add(table)

    def _sweep(self) -> None:
        """Drop the rows that killed processes left waiting."""
        for (name,) in self._defining.rows(statements.left_behind(datetime.now(UTC) - _LEFT_BEHIND_AFTER)):
            self._defining.run(Staged(str(name), {}).drop())

    def _catalogue(self, schemas: Collection[str] | None, name: str | None) -> Catalogue:
        found: Catalogue = {}
        for schema, table, column, *kind in self._main.rows(statements.catalogue(schemas, name)):
            columns = found.setdefault(Table(unfold(str(schema)), unfold(str(table))), {})
            columns[unfold(str(column))] = catalogue_type(*kind)
        return found


def _columns(columns: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The type of each column, by its name as Snowflake spells it.

    Raises:
        WarehouseError: two columns have the same name.
    """
    found: dict[str, str] = {}
    for name, type_ in columns:
        if fold(name) in found:
            raise WarehouseError(f"two columns are named {unfold(name)}, whatever the case.")
        found[fold(name)] = type_
    return found
