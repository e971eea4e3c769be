"""How PostgreSQL writes a table, inside a transaction that is open already.

Rows for a table that is there are staged in a temporary one first, unless they can be added as they come: the table is
locked only once they are complete, for as long as the server takes to move them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from uuid import uuid4

from sqlglot import exp

from cdp_assets.errors import WarehouseError
from cdp_assets.tables import Table
from cdp_assets.warehouses._merge import check_key_columns, check_key_faults, key_faults
from cdp_assets.warehouses._postgres.connection import Connection
from cdp_assets.warehouses._postgres.names import fold, literal, quoted
from cdp_assets.warehouses._postgres.sources import Relation, Source, insert
from cdp_assets.warehouses.base import WriteMode

_INDEXED_ROWS = 10_000
_ANALYZED_ROWS, _ANALYZED_SHARE = 1000, 0.1  # the share is autovacuum's own
_STAGED_NAMES = count(1)
_LOCKS = {
    WriteMode.REPLACE: "SHARE ROW EXCLUSIVE",  # other writers wait; readers do not
    WriteMode.APPEND: "ROW EXCLUSIVE",
    WriteMode.MERGE: "SHARE ROW EXCLUSIVE",
}
_KINDS = {"v": "a view", "m": "a materialized view", "f": "a foreign table"}


@dataclass(frozen=True)
class Write:
    """One write to one table."""

    connection: Connection
    table: Table
    mode: WriteMode
    key: Sequence[str]

    def write(self, source: Source) -> int:
        """Write the rows; returns how many.

        Raises:
            WarehouseError: the key is missing, null or duplicated in a merge, or the server refused something.
        """
        if self.mode is WriteMode.MERGE:
            check_key_columns(self.table, source.columns, self.key)
        target = Relation(fold(self.table.name), fold(self.table.schema))
        found = target.described(self.connection) or self._made_meanwhile(target)
        if found is None:
            written = source.create(self.connection, target)
            if self.mode is WriteMode.MERGE:
                self._check_key(target, written)
        elif found.kind in _KINDS:
            raise WarehouseError(f"{self.table} is {_KINDS[found.kind]}, not a table; nothing can be written to it.")
        elif self.mode is WriteMode.APPEND and source.fits(found):
            written = source.append(self.connection, found)
        else:
            written = self._write_staged(source, found)
        self._analyze(target, written, found.known_rows if found else 0)
        return written

    def _made_meanwhile(self, target: Relation) -> Relation | None:
        """The table if somebody else makes it right now; else, until the transaction ends, only we can."""
        create_schema(self.connection, self.table.schema)
        self.connection.run(f"SELECT pg_advisory_xact_lock(hashtextextended({literal(f'cdp {target.sql}')}, 0))")
        return target.described(self.connection)

    def _described(self, relation: Relation) -> Relation:
        """A table that we know is there, with its columns."""
        found = relation.described(self.connection)
        assert found is not None
        return found

    def _write_staged(self, source: Source, target: Relation) -> int:
        staged = Relation(f"cdp_staged_{next(_STAGED_NAMES)}")
        written = source.create(self.connection, staged)
        staged = self._described(staged)
        if self.mode is WriteMode.MERGE:
            self._check_key(staged, written)
        self.connection.run(f"LOCK TABLE {target.sql} IN {_LOCKS[self.mode]} MODE")
        target = self._described(target)  # somebody else may have changed it while the rows came
        if self.mode is WriteMode.REPLACE:
            self._replace(target, staged)
        else:
            target = self._widened(target, staged)
            if self.mode is WriteMode.MERGE:
                self._delete_same_keys(target, staged)
            self.connection.run(insert(target, staged.columns, staged.sql))
        self.connection.run(f"DROP TABLE {staged.sql}")
        return written

    def _replace(self, target: Relation, staged: Relation) -> None:
        """Of the same columns and types, the table stays, and with it grants, views and indexes; else it is another.

        Rows are deleted, as who reads from a moment before a TRUNCATE would find nothing; autovacuum frees their place.
        """
        if list(target.columns.items()) == list(staged.columns.items()):
            self.connection.run(f"DELETE FROM {target.sql}")
            self.connection.run(insert(target, staged.columns, staged.sql))
        else:
            self.connection.run(f"DROP TABLE {target.sql}")
            self.connection.run(f"CREATE TABLE {target.sql} AS SELECT * FROM {staged.sql}")

    def _widened(self, target: Relation, staged: Relation) -> Relation:
        """The table with the columns it lacked."""
        lacking = {name: kind for name, kind in staged.columns.items() if name not in target.columns}
        if not lacking:
            return target
        added = ", ".join(f"ADD COLUMN IF NOT EXISTS {quoted(name)} {kind}" for name, kind in lacking.items())
        self.connection.run(f"ALTER TABLE {target.sql} {added}")
        return self._described(target)

    def _delete_same_keys(self, target: Relation, staged: Relation) -> None:
        same = " AND ".join(
            f"t.{quoted(name)} = CAST(s.{quoted(name)} AS {target.columns[name]})" for name in map(fold, self.key)
        )
        self.connection.run(f"DELETE FROM {target.sql} AS t USING {staged.sql} AS s WHERE {same}")

    def _check_key(self, relation: Relation, rows: int) -> None:
        """Many rows are checked by a unique index, which takes a fifth of the time that counting each key does."""
        key = [fold(name) for name in self.key]
        if rows >= _INDEXED_ROWS and self._is_unique(relation, key):
            return
        place = exp.table_(relation.name, db=relation.schema or "pg_temp", quoted=True)
        nulls, repeated = self.connection.rows(key_faults(place, key).sql("postgres"))[0]
        check_key_faults(self.table, self.key, int(nulls), int(repeated))

    def _is_unique(self, relation: Relation, key: Sequence[str]) -> bool:
        """Whether an index says that each key is there and comes once; false too when keys are too long for one."""
        kinds = (relation.columns or self._described(relation).columns).items()
        texts = {name for name, kind in kinds if kind == "text" or kind.startswith("character")}
        by_bytes = ", ".join(quoted(name) + (' COLLATE "C"' if name in texts else "") for name in key)
        some_null = " OR ".join(f"{quoted(name)} IS NULL" for name in key)
        name = f"cdp_key_{uuid4().hex}"
        self.connection.run("SAVEPOINT cdp_key")
        try:
            self.connection.run(f"CREATE UNIQUE INDEX {name} ON {relation.sql} ({by_bytes})")
        except WarehouseError:
            self.connection.run("ROLLBACK TO SAVEPOINT cdp_key")
            return False
        [[has_null]] = self.connection.rows(f"SELECT EXISTS (SELECT 1 FROM {relation.sql} WHERE {some_null})")
        if relation.schema:
            self.connection.run(f"DROP INDEX {quoted(relation.schema)}.{name}")
        return not has_null

    def _analyze(self, target: Relation, written: int, known_rows: float) -> None:
        """Tell the planner of many new rows now: autovacuum would after the statements that follow."""
        if written >= max(_ANALYZED_ROWS, _ANALYZED_SHARE * known_rows):
            self.connection.run(f"ANALYZE {target.sql}")


def create_schema(connection: Connection, schema: str) -> None:
    """Create a schema if it is not there, and nobody else makes it right now.

    It is looked for first, as `IF NOT EXISTS` asks for the right to create even where there is nothing to do.
    """
    name = fold(schema)
    if connection.rows(f"SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = {literal(name)}"):
        return
    unless_made = "EXCEPTION WHEN duplicate_schema OR unique_violation THEN NULL"
    connection.run(f"DO {literal(f'BEGIN CREATE SCHEMA {quoted(name)}; {unless_made}; END')}")
