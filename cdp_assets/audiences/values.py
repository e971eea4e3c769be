"""Turns values of a definition into SQL literals of a column's kind. Nothing is ever pasted into SQL text."""

from datetime import UTC, date, datetime
from decimal import Decimal

from sqlglot import exp

from cdp_assets.audiences.catalogue import Column
from cdp_assets.audiences.declared import Kind
from cdp_assets.errors import ConfigurationError

_EXAMPLES = {
    Kind.TEXT: "a text",
    Kind.NUMBER: "a number",
    Kind.BOOLEAN: "true or false",
    Kind.DATE: "a date such as 2026-01-31",
    Kind.TIMESTAMP: "a moment such as 2026-01-31 or 2026-01-31T12:00:00Z",
}


def literal(value: object, column: Column, path: str) -> exp.Expr:
    """The literal of a value compared with a column.

    Raises:
        ConfigurationError: the column holds another kind of values.
    """
    try:
        return _literal(value, column.kind)
    except (TypeError, ValueError) as error:
        wanted = _EXAMPLES[column.kind]
        raise ConfigurationError(f"{path}: {value!r} does not fit {column}, which needs {wanted}.") from error


def number(value: float | Decimal) -> exp.Expr:
    """A number's literal, written out without an exponent."""
    text = format(Decimal(str(value)), "f")
    positive = exp.Literal.number(text.removeprefix("-"))
    return exp.Neg(this=positive) if text.startswith("-") else positive


def moment(value: datetime) -> exp.Expr:
    """A moment's literal, in UTC."""
    return exp.cast(exp.Literal.string(value.astimezone(UTC).isoformat(sep=" ")), "timestamptz")


def day(value: date) -> exp.Expr:
    """A date's literal."""
    return exp.cast(exp.Literal.string(value.isoformat()), "date")


def _literal(value: object, kind: Kind) -> exp.Expr:
    if kind is Kind.TEXT and isinstance(value, str):
        return exp.Literal.string(value)
    if kind is Kind.BOOLEAN and isinstance(value, bool):
        return exp.Boolean(this=value)
    if kind is Kind.NUMBER and isinstance(value, int | float) and not isinstance(value, bool):
        return number(value)
    if kind is Kind.DATE and isinstance(value, str):
        return day(date.fromisoformat(value))
    if kind is Kind.TIMESTAMP and isinstance(value, str):
        written = datetime.fromisoformat(value)
        return moment(written if written.tzinfo else written.replace(tzinfo=UTC))
    raise TypeError(kind)
