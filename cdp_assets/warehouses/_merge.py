"""What a merge asks of its key, in every warehouse."""

from collections.abc import Collection, Sequence

from sqlglot import exp

from cdp_assets.errors import WarehouseError
from cdp_assets.tables import Table


def check_key_columns(table: Table, columns: Collection[str], key: Sequence[str]) -> None:
    """Check that a merge has a key, and that the incoming rows have its columns.

    Raises:
        WarehouseError: they do not.
    """
    present = {name.lower() for name in columns}
    if not key or any(name.lower() not in present for name in key):
        raise WarehouseError(f"a merge into {table} needs a key among {', '.join(columns)}; got {', '.join(key)!r}.")


def key_faults(staged: exp.Table, key: Sequence[str]) -> exp.Select:
    """One row of `nulls`, the incoming rows with a null in their key, and `repeated`, the keys that come repeatedly."""
    columns = [exp.column(name, quoted=True) for name in key]
    keys = exp.select(exp.Count(this=exp.Star()).as_("copies"), exp.or_(*(c.is_(exp.null()) for c in columns)).as_("n"))
    keys = keys.from_(staged).group_by(*(column.copy() for column in columns))
    copies = exp.column("copies", "k")
    null_rows = exp.Case().when(exp.column("n", "k"), copies).else_(exp.Literal.number(0))
    repeats = exp.and_(exp.not_(exp.column("n", "k")), copies.copy() > 1)
    repeated = exp.Case().when(repeats, exp.Literal.number(1)).else_(exp.Literal.number(0))
    nothing = exp.Literal.number(0)
    return exp.select(
        exp.Coalesce(this=exp.Sum(this=null_rows), expressions=[nothing]).as_("nulls"),
        exp.Coalesce(this=exp.Sum(this=repeated), expressions=[nothing.copy()]).as_("repeated"),
    ).from_(keys.subquery("k"))


def check_key_faults(table: Table, key: Sequence[str], nulls: int, repeated: int) -> None:
    """Check what `key_faults` found.

    Raises:
        WarehouseError: a key is null or comes more than once.
    """
    if nulls or repeated:
        raise WarehouseError(
            f"a merge into {table} needs one row a key ({', '.join(key)});"
            f" {nulls} rows have a null in it and {repeated} keys come more than once."
        )
