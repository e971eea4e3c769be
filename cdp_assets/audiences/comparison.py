"""Compiles one comparison to SQL. Missing values follow SQL's three-valued logic, which is the promised one."""

from collections.abc import Callable
from datetime import datetime

from sqlglot import exp

from cdp_assets.audiences.catalogue import Column, Kind
from cdp_assets.audiences.operators import Comparison, duration
from cdp_assets.audiences.values import day, literal, moment
from cdp_assets.errors import ConfigurationError

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
_TIME = _ORDER | {"before", "after", "within_last"}
OPERATORS: dict[Kind, set[str]] = {
    Kind.TEXT: _EQUALITY | {"contains"},
    Kind.NUMBER: _ORDER,
    Kind.BOOLEAN: _EQUALITY,
    Kind.DATE: _TIME,
    Kind.TIMESTAMP: _TIME,
    Kind.OTHER: _ANY,
}


def compile_comparison(
    comparison: Comparison, column: Column, operand: exp.Expr, as_of: datetime, path: str
) -> exp.Expr:
    """The predicate of a comparison whose column is read as `operand`.

    Raises:
        ConfigurationError: the operator or its value does not fit the column.
    """
    operator, value = comparison.operator
    here = f"{path}.{operator}"
    if operator not in OPERATORS[column.kind]:
        allowed = ", ".join(sorted(OPERATORS[column.kind]))
        raise ConfigurationError(f"{here}: {column} holds {column.kind} values; the operators allowed are: {allowed}.")
    if operator in _BINARY:
        return _BINARY[operator](this=operand, expression=literal(value, column, here))
    match operator:
        case "between":
            low, high = (literal(end, column, here) for end in value)
            return exp.Between(this=operand, low=low, high=high)
        case "in" | "not_in":
            listed = exp.In(this=operand, expressions=[literal(one, column, here) for one in value])
            return listed if operator == "in" else exp.Not(this=listed)
        case "contains":
            place = exp.StrPosition(this=operand, substr=literal(value, column, here))
            return exp.GT(this=place, expression=exp.Literal.number(0))
        case "within_last":
            return _within(operand, column.kind, value, as_of)
        case _:
            missing = exp.Is(this=operand, expression=exp.null())
            return missing if operator == "is_not_set" else exp.Not(this=missing)


def _within(operand: exp.Expr, kind: Kind, length: str, as_of: datetime) -> exp.Expr:
    since = as_of - duration(length)
    start, end = (day(since.date()), day(as_of.date())) if kind is Kind.DATE else (moment(since), moment(as_of))
    return exp.and_(exp.GT(this=operand, expression=start), exp.LTE(this=operand.copy(), expression=end))
