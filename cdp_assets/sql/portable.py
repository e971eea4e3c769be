"""What may be said in SQL that is written once: what is known to mean the same in every warehouse.

Transpiling is silent about what it cannot say, so nothing is allowed that is not listed here. What warehouses disagree
on, but can each say, is a function of `cdp_assets.sql.functions`.
"""

from collections.abc import Callable, Iterator

from sqlglot import exp

from cdp_assets.errors import WarehouseError
from cdp_assets.sql.functions import FUNCTIONS

_STATEMENTS = {exp.Select, exp.Union, exp.Insert, exp.Delete, exp.Update, exp.Create, exp.Drop}
_CLAUSES = {
    *(exp.From, exp.Join, exp.Where, exp.Group, exp.Having, exp.Order, exp.Ordered, exp.Limit, exp.With, exp.CTE),
    *(exp.Subquery, exp.TableAlias, exp.Table, exp.Alias, exp.Distinct, exp.Window, exp.Paren, exp.Tuple, exp.Schema),
}
_VALUES = {exp.Column, exp.Identifier, exp.Star, exp.Literal, exp.Null, exp.Boolean, exp.DataType, exp.DataTypeParam}
_OPERATORS = {
    *(exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.In, exp.Between, exp.Not, exp.And, exp.Or),
    *(exp.Add, exp.Sub, exp.Mul, exp.Neg, exp.Mod, exp.DPipe, exp.Case, exp.If, exp.Cast, exp.Exists),
}
_FUNCTIONS = {
    *(exp.Coalesce, exp.Nullif, exp.Lower, exp.Upper, exp.Length, exp.Left, exp.Right, exp.Substring, exp.StrPosition),
    *(exp.Abs, exp.Count, exp.Sum, exp.Min, exp.Max, exp.Avg, exp.RowNumber, exp.Rank, exp.DenseRank),
}
ALLOWED = frozenset(_STATEMENTS | _CLAUSES | _VALUES | _OPERATORS | _FUNCTIONS)

_TYPES = {"TEXT", "VARCHAR", "BIGINT", "INT", "SMALLINT", "DOUBLE", "BOOLEAN", "DATE", "TIMESTAMPTZ", "DECIMAL"}
_JOIN_KINDS = {"", "INNER", "CROSS", "OUTER"}


def check_portable(expression: exp.Expr, source: str = "") -> None:
    """Check that a statement means the same in every warehouse; `source` names the file it is written in.

    Raises:
        WarehouseError: it does not; the message names what, where, and what may be said instead.
    """
    for node in expression.walk():
        said = next(_faults(node), None)
        if said is not None:
            allowed = ", ".join(sorted([*(f.sql_name() for f in _FUNCTIONS), *map(str.upper, FUNCTIONS)]))
            raise WarehouseError(
                f"{said}{_place(node, source)} does not mean the same in every warehouse; the functions that do are:"
                f" {allowed}."
            )


def _faults(node: exp.Expr) -> Iterator[str]:
    if isinstance(node, exp.Anonymous):
        if str(node.this).lower() not in FUNCTIONS:
            yield f"the function {str(node.this).upper()}"
    elif type(node) not in ALLOWED:
        yield f"the function {node.sql_name()}" if isinstance(node, exp.Func) else type(node).__name__.upper()
    elif type(node) in _FORMS:
        found = _FORMS[type(node)](node)
        if found:
            yield found


def _star(node: exp.Star) -> str:
    return "a star with exceptions" if any(node.args.values()) else ""


def _cast(node: exp.Cast) -> str:
    return "" if node.to.this.value in _TYPES else f"a cast to {node.to.this.value}"


def _group(node: exp.Group) -> str:
    return "GROUP BY other than by columns" if any(v for name, v in node.args.items() if name != "expressions") else ""


def _distinct(node: exp.Distinct) -> str:
    return "DISTINCT ON" if node.args.get("on") else ""


def _join(node: exp.Join) -> str:
    kind = node.method or node.kind
    return "" if kind in _JOIN_KINDS else f"a join of kind {kind}"


def _union(node: exp.Union) -> str:
    return "UNION BY NAME" if node.args.get("by_name") else ""


def _recursion(node: exp.With) -> str:
    distinct = node.recursive and any(_is_distinct_union(cte.this) for cte in node.expressions)
    return "UNION without ALL in a recursive query" if distinct else ""


def _average(node: exp.Avg) -> str:
    is_double = isinstance(node.this, exp.Cast) and node.this.to.this is exp.DType.DOUBLE
    return "" if is_double else "an average of anything but a cast to DOUBLE"


def _part(node: exp.Substring) -> str:
    start = node.args.get("start")
    counted = isinstance(start, exp.Literal) and start.is_int and int(start.this) > 0
    return "" if counted else "SUBSTRING from a place that is no positive number"


def _insert(node: exp.Insert) -> str:
    is_plain = isinstance(node.this, exp.Schema) and {name for name, v in node.args.items() if v} == {
        "this",
        "expression",
    }
    return "" if is_plain else "INSERT other than of a SELECT into named columns"


def _table(node: exp.Table) -> str:
    is_file = not node.db and any(char in node.name for char in "./:")
    return "a table that is a file" if is_file else ""


_FORMS: dict[type[exp.Expr], Callable[..., str]] = {
    exp.Avg: _average,
    exp.Star: _star,
    exp.Insert: _insert,
    exp.Substring: _part,
    exp.Table: _table,
    exp.Cast: _cast,
    exp.Group: _group,
    exp.Distinct: _distinct,
    exp.Join: _join,
    exp.Union: _union,
    exp.With: _recursion,
}


def _is_distinct_union(query: exp.Expr) -> bool:
    return isinstance(query, exp.Union) and bool(query.args.get("distinct"))


def _place(node: exp.Expr, source: str) -> str:
    """Where a node is: the file, the common table expression, the output column; never the text, which holds values."""
    alias, table = node.find_ancestor(exp.Alias), node.find_ancestor(exp.CTE)
    parts = [f"column {alias.alias}" if alias is not None else "", f"CTE {table.alias}" if table is not None else ""]
    return "".join(f" in {part}" for part in [*parts, source] if part)
