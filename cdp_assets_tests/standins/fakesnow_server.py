"""The fakesnow server, run by the stand-in's own Python, with seven corrections; the platform itself is not in it.

1. Transactions. Snowflake reads what is committed when a statement begins, commits what is open before a statement
   that defines something, and makes writers of one table wait for each other. DuckDB, beneath fakesnow, reads a
   snapshot, rolls definitions back, and fails the second writer. Here an open transaction works on copies of the tables
   it writes to, which take the tables' place when it commits; meanwhile nobody else writes to them.
2. `INSERT OVERWRITE` evaluates its SELECT before it empties the table, not after.
3. Times: null ones come as null, and those before 1970 with their fractions of a second.
4. Names of schemas, tables and columns may have any character in them.
5. `TYPEOF`, `AS_ARRAY` and casts to VARIANT.
6. What fails is told as an error of the statement, not of the server, at which the driver would try without end.
7. A session takes a QUERY_TAG.

It tells its port on the standard output, and ends when its standard input does: with whoever started it.
"""

import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from itertools import count
from string import Template, ascii_lowercase, ascii_uppercase

import duckdb
import fakesnow.arrow
import fakesnow.cursor
import fakesnow.info_schema
import fakesnow.server
import pyarrow as pa
import pyarrow.compute as pc
import uvicorn
from fakesnow.transforms import SUCCESS_NOP
from snowflake.connector.errors import ProgrammingError
from sqlglot import exp

Key = tuple[str, str, str]
_COPIES = "_cdp_open"
_OVERWRITING = "_cdp_overwriting"
_WAIT_SECONDS = 60.0
_CONFLICT_TRIES, _CONFLICT_WAIT = 20, 0.05

_UPPER = str.maketrans(ascii_lowercase, ascii_uppercase)

_numbers = count(1)
_taken: dict[Key, object] = {}
_released = threading.Condition()
_open: dict[object, "OpenTransaction"] = {}


class OpenTransaction:
    """The copies that a connection's open transaction works on."""

    def __init__(self, connection) -> None:
        self.connection = connection
        self.number = next(_numbers)
        self.copies: dict[Key, exp.Table] = {}

    def copy(self, table: exp.Table) -> None:
        """Have a copy of a table that is about to be written to, which nobody else writes to from now on."""
        key = _key(self.connection, table)
        if key in self.copies:
            return
        _take(key, self)
        copy = exp.table_(key[2], db=f"{self.number}_{len(self.copies)}", catalog=_COPIES, quoted=True)
        self._run(f'CREATE SCHEMA IF NOT EXISTS {_COPIES}."{copy.db}"')
        self._run(f"CREATE TABLE {copy.sql('duckdb')} AS FROM {_named(key)}")
        self.copies[key] = copy

    def redirect(self, statement: exp.Expression) -> None:
        """Have a statement read and write the copies."""
        for table in list(statement.find_all(exp.Table)):
            copy = self.copies.get(_key(self.connection, table)) if isinstance(table.this, exp.Identifier) else None
            if copy is not None:
                for part in ("this", "db", "catalog"):
                    table.set(part, copy.args[part].copy())

    def end(self, *, commit: bool) -> None:
        """Put the copies in the tables' place, all at once, or forget them."""
        try:
            if commit and self.copies:
                self._run("BEGIN")
                for key, copy in self.copies.items():
                    self._run(f"DELETE FROM {_named(key)}")
                    self._run(f"INSERT INTO {_named(key)} BY NAME FROM {copy.sql('duckdb')}")
                self._run("COMMIT")
        finally:
            for copy in self.copies.values():
                self._run(f'DROP SCHEMA IF EXISTS {_COPIES}."{copy.db}" CASCADE')
            _open.pop(self.connection, None)
            _release(self)

    def _run(self, sql: str) -> None:
        self.connection._duck_conn.execute(sql)


class Escaping(Template):
    """A template of SQL's, in which quotes are escaped."""

    def substitute(self, **values: object) -> str:
        return super().substitute({name: _escaped(value) for name, value in values.items()})


class Refusal(fakesnow.server.ServerError):
    """A failure of the server, told as an error of the statement."""

    def __init__(self, status_code: int, code: str, message: str) -> None:
        super().__init__(200 if status_code == 500 else status_code, code, message)


class Sessions(dict):
    """The sessions there are; one that ends rolls back what it has open."""

    def __delitem__(self, token: str) -> None:
        if (ending := _open.get(self[token])) is not None:
            ending.end(commit=False)
        super().__delitem__(token)


def execute(original: Callable, cursor, statement: exp.Expression, params=None) -> None:
    """Run one of DuckDB's statements, as Snowflake would in its place."""
    connection = cursor._conn
    transaction = _open.get(connection)
    if isinstance(statement, exp.Transaction):
        _open.setdefault(connection, OpenTransaction(connection))
        return original(cursor, SUCCESS_NOP.copy(), params)
    if isinstance(statement, (exp.Commit, exp.Rollback)):
        if transaction is not None:
            transaction.end(commit=isinstance(statement, exp.Commit))
        return original(cursor, SUCCESS_NOP.copy(), params)
    if transaction is not None and _defines(statement):
        transaction.end(commit=True)
        transaction = None
    if isinstance(statement, exp.Create) and statement.kind == "SCHEMA" and not statement.this.db.isidentifier():
        connection._duck_conn.execute(statement.sql("duckdb"))  # fakesnow would name it again without quoting it
        return original(cursor, SUCCESS_NOP.copy(), None)
    run = partial(_named_errors, original, cursor, statement, params)
    written = _written_to(statement)
    if transaction is not None:
        if written is not None:
            transaction.copy(written)
        transaction.redirect(statement)
        _empty(connection, statement)
        return run()
    if written is None:
        run()
        return _alter_copies(connection, statement)
    key, holder = _key(connection, written), object()
    _take(key, holder)
    try:
        _empty(connection, statement)
        return run()
    finally:
        _release(holder)


def times(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Times as the driver expects them: seconds, nanoseconds of the second, and the zone when they have one."""
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    at = column.cast(pa.timestamp("us", column.type.tz)).cast(pa.int64())
    seconds = pc.divide(at, 1_000_000)  # towards zero: one too many before 1970
    seconds = pc.subtract(seconds, pc.less(at, pc.multiply(seconds, 1_000_000)).cast(pa.int64()))
    rest = pc.subtract(at, pc.multiply(seconds, 1_000_000))
    parts = {"epoch": seconds, "fraction": pc.multiply(rest, 1000).cast(pa.int32())}
    if column.type.tz:
        parts["timezone"] = pa.array([1440] * len(column), pa.int32())
    filled = [pc.fill_null(part, 0) for part in parts.values()]
    fields = [pa.field(name, part.type, nullable=False) for name, part in zip(parts, filled, strict=True)]
    return pa.StructArray.from_arrays(filled, fields=fields, mask=column.is_null())


def variants(node: exp.Expression) -> exp.Expression:
    """What Snowflake says of variants, in DuckDB's functions of JSON."""
    if isinstance(node, exp.Cast) and node.to.this is exp.DataType.Type.VARIANT:
        return exp.func("TO_JSON", node.this)  # a text is not parsed
    if isinstance(node, exp.Typeof):
        return exp.func("JSON_TYPE", node.this)
    if isinstance(node, exp.Anonymous) and node.name.upper() == "AS_ARRAY":
        array = node.expressions[0]
        values = exp.func("FROM_JSON", array.copy(), exp.Literal.string('["JSON"]'))
        return exp.Case().when(exp.func("JSON_TYPE", array.copy()).eq("ARRAY"), values)
    return node


def tagged(original: Callable, statement: exp.Expression) -> exp.Expression:
    """Take a session's tag for granted; fakesnow keeps no history of queries that it would be in."""
    is_session = isinstance(statement, exp.Alter) and statement.kind == "SESSION"
    names = {name.this.upper() for name in statement.find_all(exp.Identifier)} if is_session else set()
    return SUCCESS_NOP.copy() if "QUERY_TAG" in names else original(statement)


def _named_errors(original: Callable, cursor, statement: exp.Expression, params) -> None:
    for _ in range(_CONFLICT_TRIES):
        try:
            return original(cursor, statement, params)
        except duckdb.TransactionException:  # two definitions at once
            time.sleep(_CONFLICT_WAIT)
        except duckdb.Error as error:
            raise ProgrammingError(msg=str(error), errno=100000, sqlstate="22000") from error
    return original(cursor, statement, params)


def _empty(connection, statement: exp.Expression) -> None:
    """Make a plain `INSERT` of an `INSERT OVERWRITE`: its rows are kept, then the table is emptied."""
    if not (isinstance(statement, exp.Insert) and statement.args.get("overwrite")):
        return
    table = _target(statement).sql("duckdb")
    kept = f"CREATE OR REPLACE TEMPORARY TABLE {_OVERWRITING} AS {statement.expression.sql('duckdb')}"
    for sql in (kept, f"DELETE FROM {table}"):
        connection._duck_conn.execute(sql)
    statement.set("overwrite", None)
    statement.set("expression", exp.select("*").from_(_OVERWRITING))


def _target(statement: exp.Expression) -> exp.Table:
    return statement.this.this if isinstance(statement.this, exp.Schema) else statement.this


def _defines(statement: exp.Expression) -> bool:
    if isinstance(statement, exp.Create) and statement.find(exp.TemporaryProperty):
        return False  # a step of a statement that fakesnow splits
    return isinstance(statement, (exp.Create, exp.Alter, exp.Drop, exp.Comment)) or bool(
        statement.args.get("create_stage_name")
    )


def _written_to(statement: exp.Expression) -> exp.Table | None:
    if statement.args.get("create_stage_name") or statement.args.get("create_file_format_name"):
        return None
    return _target(statement) if isinstance(statement, (exp.Insert, exp.Update, exp.Delete, exp.Copy)) else None


def _alter_copies(connection, statement: exp.Expression) -> None:
    """A table that is altered while a transaction has a copy of it is altered there too."""
    if not isinstance(statement, exp.Alter) or not isinstance(statement.this, exp.Table):
        return
    for transaction in list(_open.values()):
        copy = transaction.copies.get(_key(connection, statement.this))
        if copy is not None:
            altered = statement.copy()
            altered.set("this", copy.copy())
            connection._duck_conn.execute(altered.sql("duckdb"))


def _key(connection, table: exp.Table) -> Key:
    database, schema = table.catalog or connection.database or "", table.db or connection.schema or ""
    database, schema, name = (part.translate(_UPPER) for part in (database, schema, table.name))
    return database, schema, name


def _named(key: Key) -> str:
    return exp.table_(key[2], db=key[1], catalog=key[0], quoted=True).sql("duckdb")


def _take(key: Key, holder: object) -> None:
    with _released:
        if not _released.wait_for(lambda: _taken.get(key, holder) is holder, _WAIT_SECONDS):
            raise ProgrammingError(msg="Statement waited for a lock for too long.", errno=625, sqlstate="57014")
        _taken[key] = holder


def _release(holder: object) -> None:
    with _released:
        for key in [key for key, other in _taken.items() if other is holder]:
            del _taken[key]
        _released.notify_all()


def _end_with_standard_input() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    """Correct fakesnow, and serve it on a free port of the loopback interface."""
    fakesnow.server.shared_fs.duck_conn.execute(f"ATTACH ':memory:' AS {_COPIES}")
    fakesnow.server.sessions = Sessions()
    fakesnow.server.ServerError = Refusal
    fakesnow.cursor.FakeSnowflakeCursor._execute = _patched(fakesnow.cursor.FakeSnowflakeCursor._execute)
    transform = fakesnow.cursor.FakeSnowflakeCursor._transform
    fakesnow.cursor.FakeSnowflakeCursor._transform = lambda self, statement, params: transform(
        self, statement.transform(variants), params
    )
    fakesnow.cursor.transforms.alter_session = partial(tagged, fakesnow.cursor.transforms.alter_session)
    fakesnow.cursor.transforms.insert_overwrite = lambda statement: [statement]
    for name, value in list(vars(fakesnow.cursor).items()):
        if isinstance(value, Template):
            setattr(fakesnow.cursor, name, Escaping(value.template))
    for name in ("insert_text_lengths_sql", "insert_table_comment_sql"):
        setattr(fakesnow.info_schema, name, partial(_escaping, getattr(fakesnow.info_schema, name)))
    fakesnow.arrow.timestamp_to_sf_struct = times
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    server = uvicorn.Server(uvicorn.Config(fakesnow.server.app, log_level="warning", access_log=False))
    server.run(sockets=[listener])


def _escaping(original: Callable, *values: object) -> str:
    """Write SQL from values, in which quotes are escaped."""
    return original(*map(_escaped, values))


def _escaped(value: object) -> object:
    if isinstance(value, (list, tuple)):
        return type(value)(map(_escaped, value))
    return value.replace("'", "''") if isinstance(value, str) else value


def _patched(original: Callable) -> Callable:
    def patched(self, transformed: exp.Expression, params=None) -> None:
        execute(original, self, transformed, params)

    return patched


if __name__ == "__main__":
    main()
