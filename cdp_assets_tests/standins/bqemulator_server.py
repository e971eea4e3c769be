"""bqemulator, run by the stand-in's own Python, with seven corrections; the platform itself is not in it.

1. Transactions of sessions. BigQuery's belongs to its session: statements of others, load jobs and definitions stand
   apart from it, and of two that change rows of the same table the later is cancelled. bqemulator hands `BEGIN` to the
   one DuckDB connection that everybody shares.
2. A query's result can be read with the Storage Read API; bqemulator's reads tables only.
3. `NUMERIC` has nine digits after the point, not DuckDB's three.
4. `\\x1f` in a text is one character.
5. `CALL BQ.ABORT_SESSION()` ends a session, and with it what it has open.
6. `JSON_VALUE_ARRAY` of what is no array is null, not an error.
7. The tables API tells of columns that `ALTER TABLE` added.

It tells its ports on the standard output, and ends when its standard input does: with whoever started it.
"""

import asyncio
import json
import re
import sys
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import pyarrow as pa
from bqemulator.api.routes import jobs
from bqemulator.catalog import ddl_sync
from bqemulator.config import LogLevel, Settings
from bqemulator.domain.errors import InvalidQueryError
from bqemulator.jobs import executor
from bqemulator.scripting import interpreter
from bqemulator.scripting.interpreter import ScriptInterpreter
from bqemulator.server import EmulatorServer
from bqemulator.storage.engine import DuckDBEngine
from duckdb_extensions import import_extension
from sqlglot import exp, parse_one
from sqlglot.dialects.duckdb import DuckDB

_RESULT = re.compile(r'SELECT \* FROM "[^"]*___bqemu_anonymous"\."anon(\w+)"')
_CONTROL = re.compile(r"(\\\\)|\\x([01][0-9a-f]|7f|[89][0-9a-f])", re.IGNORECASE)
_ABORT = re.compile(r"\s*CALL\s+BQ\.ABORT_SESSION\(\)\s*;?\s*", re.IGNORECASE)

_session: ContextVar[str | None] = ContextVar("session", default=None)
_transactions: dict[str, ScriptInterpreter] = {}
_changed_by: dict[str, ScriptInterpreter] = {}


def know_the_session() -> None:
    """Keep in mind which session a request belongs to."""
    validate, mint = jobs._validate_session_id, jobs._maybe_mint_session

    def enter(query: dict[str, Any]) -> None:
        validate(query)
        properties = {one.get("key"): one.get("value") for one in query.get("connectionProperties") or []}
        _session.set(properties.get("session_id"))

    def open_another(query: dict[str, Any]) -> str | None:
        if (minted := mint(query)) is not None:
            _session.set(minted)
        return minted

    jobs._validate_session_id, jobs._maybe_mint_session = enter, open_another


def keep_transactions_in_sessions() -> None:
    """Have each session's transaction kept apart, by what bqemulator keeps those of scripts with."""
    run_single = executor._run_single_sql

    async def run(project: str, sql: str, parameters: Any, context: Any, *, caller: Any) -> pa.Table:
        session = _session.get()
        control = interpreter._classify_txn_statement(sql)
        if session is not None and control is not None:
            transaction = _transactions.setdefault(session, ScriptInterpreter(context, project, caller=caller))
            await transaction._handle_txn_statement(control)
            return pa.table({})
        if session in _transactions:
            await _transactions[session]._snapshot_dml_targets(sql)
        return await run_single(project, sql, parameters, context, caller=caller)

    executor._run_single_sql = run


def end_sessions() -> None:
    """Have a session end when it is told to."""
    run_body = executor._run_query_body

    async def run(*, bq_sql: str, **rest: Any) -> pa.Table:
        if not _ABORT.fullmatch(bq_sql):
            return await run_body(bq_sql=bq_sql, **rest)
        session = _session.get() or ""
        jobs._SESSION_CATALOG.discard(session)
        if session in _transactions:
            await _transactions.pop(session)._restore_txn_snapshots()
        return pa.table({})

    executor._run_query_body = run


def cancel_the_later_of_two_changes() -> None:
    """Refuse a transaction that changes rows of a table that another open one has changed; adding some is no change."""
    keep, drop, restore = (
        getattr(ScriptInterpreter, f"_{name}")
        for name in ("snapshot_dml_targets", "drop_txn_snapshots", "restore_txn_snapshots")
    )

    async def keep_or_cancel(transaction: ScriptInterpreter, sql: str) -> None:
        if transaction._active_txn is not None and not isinstance(parse_one(sql, read="bigquery"), exp.Insert):
            for target in interpreter._dml_targets(sql, transaction._project_id):
                if _changed_by.setdefault(target, transaction) is not transaction:
                    raise InvalidQueryError(f"Transaction is aborted due to concurrent update against table {target}.")
        await keep(transaction, sql)

    def ending(end: Callable) -> Callable:
        async def ended(transaction: ScriptInterpreter) -> None:
            await end(transaction)
            for target in [target for target, owner in _changed_by.items() if owner is transaction]:
                del _changed_by[target]

        return ended

    ScriptInterpreter._snapshot_dml_targets = keep_or_cancel
    ScriptInterpreter._drop_txn_snapshots = ending(drop)
    ScriptInterpreter._restore_txn_snapshots = ending(restore)


def read_results_over_grpc() -> None:
    """Have the Storage Read API find the results of queries."""
    fetch_table = DuckDBEngine.fetch_arrow

    def fetch(engine: DuckDBEngine, sql: str, parameters: list[Any] | None = None) -> pa.Table:
        asked = _RESULT.fullmatch(sql)
        if asked is None:
            return fetch_table(engine, sql, parameters)
        return next(rows for job, rows in list(executor.JOB_RESULTS.items()) if job.replace("-", "") == asked[1])

    DuckDBEngine.fetch_arrow = fetch


def give_numeric_nine_digits() -> None:
    """Have a decimal without a size held as BigQuery's."""
    spelled = DuckDB.Generator.datatype_sql

    def spell(generator: DuckDB.Generator, type_: exp.DataType) -> str:
        if type_.is_type(exp.DataType.Type.DECIMAL) and not type_.expressions:
            return "DECIMAL(38, 9)"
        return spelled(generator, type_)

    DuckDB.Generator.datatype_sql = spell


def take_control_characters() -> None:
    """Have `\\x1f` and its like come through as what they stand for."""
    execute = jobs.execute_query_job

    async def run(project: str, job: str, sql: str, *rest: Any, **options: Any) -> Any:
        return await execute(project, job, _CONTROL.sub(lambda m: m[1] or chr(int(m[2], 16)), sql), *rest, **options)

    jobs.execute_query_job = run


def find_no_array_in_other_json() -> None:
    """Have the values of an array that is none be null."""

    def values(generator: DuckDB.Generator, found: exp.JSONValueArray) -> str:
        extracted = exp.JSONExtract(this=found.this, expression=found.expression)
        return generator.sql(exp.TryCast(this=extracted, to=exp.DataType.from_str("ARRAY<STRING>")))

    DuckDB.Generator.TRANSFORMS[exp.JSONValueArray] = values


def tell_of_added_columns() -> None:
    """Have a table looked at anew after it was altered, as it is after it was created."""
    detect = ddl_sync._detect_plain_create_table

    def created_or_altered(sql: str) -> exp.Table | None:
        if not sql.lstrip().upper().startswith("ALTER TABLE"):
            return detect(sql)
        altered = parse_one(sql, read="bigquery")
        return altered.this if isinstance(altered, exp.Alter) else None

    ddl_sync._detect_plain_create_table = created_or_altered


async def serve() -> None:
    """Serve until the standard input ends."""
    settings = Settings(rest_port=0, grpc_port=0, enable_format_extensions=False, log_level=LogLevel.WARNING)
    server = EmulatorServer(settings)
    await server.start()
    print(json.dumps({"rest": server.rest_port, "grpc": server.grpc_port}), flush=True)  # noqa: T201
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    threading.Thread(target=lambda: (sys.stdin.read(), loop.call_soon_threadsafe(ended.set)), daemon=True).start()
    await ended.wait()
    await server.stop()


if __name__ == "__main__":
    import_extension("spatial")
    know_the_session()
    keep_transactions_in_sessions()
    end_sessions()
    cancel_the_later_of_two_changes()
    read_results_over_grpc()
    give_numeric_nine_digits()
    take_control_characters()
    find_no_array_in_other_json()
    tell_of_added_columns()
    asyncio.run(serve())
