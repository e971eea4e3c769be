"""Which upstream columns a SELECT's columns are made from."""

from collections.abc import Mapping

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect, NormalizationStrategy
from sqlglot.errors import SqlglotError
from sqlglot.lineage import Node, lineage

from cdp_assets.errors import DataError
from cdp_assets.tables import Table

Columns = Mapping[Table, list[str]]


def column_lineage(query: exp.Query, dialect: str, upstream: Columns) -> dict[str, list[tuple[Table, str]]]:
    """Each output column's upstream columns, ordered; a constant has none.

    `upstream` gives the columns of the tables that the query reads.

    Raises:
        DataError: a column cannot be traced, because a table or column is not in `upstream`.
    """
    schema: dict[str, object] = {}
    for table, names in upstream.items():
        schema.setdefault(table.schema, {})[table.name] = dict.fromkeys(names, "text")  # type: ignore[index]
    local = query.copy()
    for node in local.find_all(exp.Table):
        node.set("catalog", None)
    try:
        nodes = lineage(None, local, schema, dialect=dialect)
    except SqlglotError as error:
        raise DataError(f"the lineage of a query cannot be told: {error}") from error
    spelled = {_folded(table, name): (table, name) for table, names in upstream.items() for name in names}
    folds = Dialect.get_or_raise(dialect).NORMALIZATION_STRATEGY is NormalizationStrategy.UPPERCASE
    return {
        output.lower() if folds else output: sorted(spelled.get(_folded(t, c), (t, c)) for t, c in _leaves(node))
        for output, node in nodes.items()
    }


def _folded(table: Table, column: str) -> tuple[str, str, str]:
    return table.schema.lower(), table.name.lower(), column.lower()


def _leaves(root: Node) -> set[tuple[Table, str]]:
    found = set()
    for node in root.walk():
        if not node.downstream and isinstance(node.expression, exp.Table):
            table = Table(node.expression.db, node.expression.name)
            found.add((table, node.name.rsplit(".", 1)[-1].strip('"`')))
    return found
