"""Says one statement in a warehouse's dialect, after checking that it means the same there as everywhere."""

from collections.abc import Callable
from pathlib import Path

import sqlglot
from sqlglot import Dialect, ErrorLevel, exp

from cdp_assets.errors import WarehouseError
from cdp_assets.sql.functions import translate
from cdp_assets.sql.portable import check_portable

WRITTEN_IN = "duckdb"


def parse(text: str) -> exp.Expr:
    """A statement written in DuckDB's dialect.

    Raises:
        WarehouseError: it is not SQL.
    """
    try:
        return sqlglot.parse_one(text, dialect=WRITTEN_IN)
    except sqlglot.errors.SqlglotError as error:
        raise WarehouseError(f"not a statement of {WRITTEN_IN}'s SQL: {_first_line(error)}") from None


def template(path: Path) -> exp.Query:
    """The SELECT in a `.sql` file, checked as it is read.

    Raises:
        WarehouseError: it is not portable SQL; the message names the file and the place.
    """
    query = parse(path.read_text())
    assert isinstance(query, exp.Query)
    check_portable(query, path.name)
    return query


def render(statement: str | exp.Expr, dialect: str, fold: Callable[[str], str] = str) -> str:
    """The statement in a dialect, every identifier folded as the warehouse does and quoted.

    Raises:
        WarehouseError: it is not SQL, or says something that does not mean the same in every warehouse.
    """
    expression = parse(statement) if isinstance(statement, str) else statement.copy()
    check_portable(expression)
    expression = translate(expression, dialect)
    for identifier in expression.find_all(exp.Identifier):
        identifier.set("this", fold(identifier.this))
        identifier.set("quoted", True)
    try:
        return Dialect.get_or_raise(dialect).generate(expression, copy=False, unsupported_level=ErrorLevel.RAISE)
    except sqlglot.errors.SqlglotError as error:
        raise WarehouseError(f"cannot be said in {dialect}'s SQL: {_first_line(error)}") from None


def readable(sql: str, dialect: str) -> str:
    """A rendered statement over several lines, for people."""
    return sqlglot.parse_one(sql, dialect=dialect).sql(dialect=dialect, pretty=True)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0]  # the lines below quote the statement, literals and all
