"""The pieces of SQL that the statements about audiences are made of; every name is quoted."""

from sqlglot import exp

from cdp_assets.tables import Table


def column(name: str, table: str | None = None) -> exp.Column:
    """A column, of a table or of what has that alias."""
    return exp.column(name, table=table, quoted=True)


def known(name: str, table: str | None = None) -> exp.Expr:
    """Whether a column is not null."""
    return exp.not_(exp.Is(this=column(name, table), expression=exp.null()))


def same(name: str, table: str, other: str, other_table: str) -> exp.Expr:
    """Whether two columns are equal."""
    return exp.EQ(this=column(name, table), expression=column(other, other_table))


def aliased(source: Table | exp.Select, alias: str) -> exp.Expr:
    """A table or a SELECT under an alias."""
    if isinstance(source, Table):
        return exp.alias_(source.expression(), alias, table=True, quoted=True)
    return source.subquery(exp.to_identifier(alias, quoted=True))


def together(queries: list[exp.Select]) -> exp.Query:
    """All rows of one or more SELECTs with the same columns, which become parts of it: copies take time of many."""
    return queries[0] if len(queries) == 1 else exp.union(*queries, distinct=False, copy=False)
