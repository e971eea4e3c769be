"""Compiles one comparison to SQL. Missing values follow SQL's three-valued logic, which is the promised one."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlglot import exp

from cdp_assets.audiences.catalogue import Column
from cdp_assets.audiences.declared import Kind
from cdp_assets.audiences.operators import Operators, duration
from cdp_assets.audiences.values import day, literal, moment
from cdp_assets.errors import ConfigurationError
from cdp_assets.sql.functions import call

_BINARY: dict[str, Callable[..., exp.Expr]] = {
    "eq": exp.EQ,
    "neq": exp.NEQ,
    "gt": exp.GT,
    "gte": exp.GTE,
    "lt": exp.LT,
    "lte": exp.LTE,
    "before": exp.LT,
    "after": exp.GT,
}
_ANY = {"is_set", "is_not_set"}
_EQUALITY = _ANY | {"eq", "neq", "in", "not_in"}
_ORDER = _EQUALITY | {"gt", "gte", "lt", "lte", "between"}
_TIME = _ORDER | {"before", "after", "within_last", "within_next"}
_TEXT = _EQUALITY | {"contains", "starts_with", "ends_with"}
OPERATORS: dict[Kind, set[str]] = {
    Kind.TEXT: _TEXT,
    Kind.NUMBER: _ORDER,
    Kind.BOOLEAN: _EQUALITY,
    Kind.DATE: _TIME,
    Kind.TIMESTAMP: _TIME,
    Kind.JSON: _TEXT | _ORDER,
    Kind.OTHER: _ANY,
}


def compile_comparison(
    comparison: Operators, column: Column, operand: exp.Expr, as_of: datetime, path: str
) -> exp.Expr:
    """The predicate of a comparison whose column is read as `operand`.

    What is in a JSON column is compared as what the value is: a text, a number, true or false.

    Raises:
        ConfigurationError: the operator or its value does not fit the column.
    """
    operator, value = comparison.operator
    here = f"{path}.{operator}"
    if operator not in OPERATORS[column.kind]:
        allowed = ", ".join(sorted(OPERATORS[column.kind]))
        raise ConfigurationError(f"{here}: {column} holds {column.kind} values; the operators allowed are: {allowed}.")
    if column.kind is Kind.JSON:
        column, operand = _as_the_value_is(column, operand, value, here)
    if comparison.exact and column.kind is not Kind.TEXT:
        raise ConfigurationError(f"{path}.exact: {column} holds {column.kind} values; exact is for text.")
    predicate = _predicate(operator, value, _Side(column, operand, comparison.exact, here), as_of)
    if not comparison.or_not_set:
        return predicate
    return exp.or_(predicate, exp.Is(this=operand.copy(), expression=exp.null()))


class _Side:
    """The column of a comparison as it is read, and the literals that are compared with it."""

    def __init__(self, column: Column, operand: exp.Expr, exact: bool, path: str) -> None:
        self.column, self.path = column, path
        self.folds = column.kind is Kind.TEXT and not exact
        self.operand = exp.Lower(this=operand) if self.folds else operand
        self.raw = operand

    def value(self, value: object) -> exp.Expr:
        """A literal of the column's kind; both sides of a text are folded by the warehouse, as it does it."""
        written = literal(value, self.column, self.path)
        return exp.Lower(this=written) if self.folds else written


def _predicate(  # noqa: PLR0911 - one line an operator
    operator: str,
    value: Any,  # noqa: ANN401 - of any operator
    side: _Side,
    as_of: datetime,
) -> exp.Expr:
    if operator in _BINARY:
        return _BINARY[operator](this=side.operand, expression=side.value(value))
    match operator:
        case "between":
            low, high = (side.value(end) for end in value)
            return exp.Between(this=side.operand, low=low, high=high)
        case "in" | "not_in":
            listed = exp.In(this=side.operand, expressions=[side.value(one) for one in value])
            return listed if operator == "in" else exp.not_(listed)
        case "contains":
            place = exp.StrPosition(this=side.operand, substr=side.value(value))
            return exp.GT(this=place, expression=exp.Literal.number(0))
        case "starts_with" | "ends_with":
            part = exp.Left if operator == "starts_with" else exp.Right
            end = part(this=side.operand, expression=exp.Length(this=side.value(value)))
            return exp.EQ(this=end, expression=side.value(value))
        case "within_last":
            return _within(side, as_of - duration(value), as_of)
        case "within_next":
            return _within(side, as_of, as_of + duration(value))
        case _:
            missing = exp.Is(this=side.raw, expression=exp.null())
            return missing if operator == "is_not_set" else exp.not_(missing)


def _within(side: _Side, since: datetime, until: datetime) -> exp.Expr:
    is_date = side.column.kind is Kind.DATE
    start, end = (day(since.date()), day(until.date())) if is_date else (moment(since), moment(until))
    return exp.and_(exp.GT(this=side.operand, expression=start), exp.LTE(this=side.operand.copy(), expression=end))


def _as_the_value_is(
    column: Column,
    operand: exp.Expr,
    value: Any,  # noqa: ANN401 - of any operator
    path: str,
) -> tuple[Column, exp.Expr]:
    values = value if isinstance(value, tuple) else (value,)
    if all(isinstance(one, bool) for one in values) and not path.endswith("set"):
        truth = exp.case().when(exp.EQ(this=operand, expression=exp.Literal.string("true")), exp.true())
        truth = truth.when(exp.EQ(this=operand.copy(), expression=exp.Literal.string("false")), exp.false())
        return Column(column.table, column.name, Kind.BOOLEAN, column.path), truth
    if all(isinstance(one, int | float) and not isinstance(one, bool) for one in values):
        return Column(column.table, column.name, Kind.NUMBER, column.path), call("cdp_number", operand)
    operator = path.rpartition(".")[2]
    if operator not in _TEXT:
        raise ConfigurationError(
            f"{path}: {value!r} does not fit {column}: what is in JSON has the order of numbers only."
        )
    return Column(column.table, column.name, Kind.TEXT, column.path), operand
