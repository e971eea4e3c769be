"""Unordered pairs of source records, as people write them down: checked, and always the same way round."""

import polars as pl

from cdp_assets.errors import DataError

LEFT, RIGHT = ["source_l", "record_id_l"], ["source_r", "record_id_r"]
PAIR = [*LEFT, *RIGHT]


def checked_pairs(rows: pl.DataFrame, further: dict[str, pl.DataType], table: str) -> pl.DataFrame:
    """The rows with the columns of `PAIR`, the left record sorting before the right one, and the further ones.

    Args:
        rows: a table that people fill; columns beside those asked for are left out.
        further: the other columns to keep and their types.
        table: its name, for messages.

    Raises:
        DataError: a column is missing or of another type, part of a key is null, or a pair is a record and itself.
    """
    types: dict[str, pl.DataType] = {**dict.fromkeys(PAIR, pl.String()), **further}
    missing = [name for name in types if name not in rows.columns]
    if missing:
        raise DataError(f"{table} lacks {', '.join(missing)}; its columns are {', '.join(types)}.")
    typed = rows.select(_cast(rows[name], type_, table) for name, type_ in types.items())
    nulls = [name for name in PAIR if typed[name].null_count()]
    if nulls:
        raise DataError(f"{table} has rows whose {', '.join(nulls)} is null; each row needs two records.")
    itself = typed.filter((pl.col("source_l") == pl.col("source_r")) & (pl.col("record_id_l") == pl.col("record_id_r")))
    for row in itself.sort(LEFT).head(1).iter_rows(named=True):
        raise DataError(f"{table} pairs {named(row, 'l')} with itself; name two records.")
    return _ordered(typed)


def named(row: dict[str, str], side: str) -> str:
    """`source:record_id` of the left (`l`) or right (`r`) record of a row."""
    return f"{row[f'source_{side}']}:{row[f'record_id_{side}']}"


def _cast(values: pl.Series, type_: pl.DataType, table: str) -> pl.Series:
    try:
        if isinstance(type_, pl.Datetime):
            return _moments(values).cast(type_)
        if not (isinstance(type_, pl.String) and values.dtype.is_float()):  # 7 is a key, 7.0 another
            return values.cast(type_)
    except pl.exceptions.PolarsError as error:
        raise _unreadable(values, type_, table) from error
    raise _unreadable(values, type_, table)


def _moments(values: pl.Series) -> pl.Series:
    """Moments without a time zone are UTC."""
    if values.dtype == pl.String:
        return values.str.to_datetime(time_zone="UTC")
    naive = isinstance(values.dtype, pl.Datetime) and values.dtype.time_zone is None
    return values.dt.replace_time_zone("UTC") if naive else values


def _unreadable(values: pl.Series, type_: pl.DataType, table: str) -> DataError:
    wanted = {pl.String(): "text", pl.Boolean(): "true or false"}.get(type_, "moments (UTC)")
    return DataError(
        f"{table}.{values.name} holds values of type {values.dtype} that are not {wanted}; change its type."
    )


def _ordered(pairs: pl.DataFrame) -> pl.DataFrame:
    same_source = pl.col("source_l") == pl.col("source_r")
    turned = (pl.col("source_l") > pl.col("source_r")) | (same_source & (pl.col("record_id_l") > pl.col("record_id_r")))
    sides = [*zip(PAIR, [*LEFT, *RIGHT], [*RIGHT, *LEFT], strict=True)]
    return pairs.with_columns(pl.when(turned).then(other).otherwise(own).alias(name) for name, own, other in sides)
