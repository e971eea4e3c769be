"""What normalising reads: the contract's columns in their types, or an error that names the column."""

import polars as pl

from cdp_assets.errors import DataError

KEY = ("source", "record_id")
TEXTS = (
    *KEY, "email", "phone", "first_name", "last_name", "street", "city", "region", "postal_code", "country", "company",
    "account_id", "user_id", "anonymous_id", "external_ids",
)  # fmt: skip
IDENTIFIERS = (*KEY, "type", "value")
RECORDS_TABLE, _IDENTIFIERS = "lookup.customer_records", "lookup.identifiers"
_YES, _NO = ("true", "t", "yes", "1"), ("false", "f", "no", "0", "")


def live_records(customer_records: pl.DataFrame, table: str = RECORDS_TABLE) -> pl.DataFrame:
    """The records that are not deleted, sorted by their key.

    Columns are those of `TEXTS` as text, and `date_of_birth` as date, date-time or text; missing ones are null.
    `table` is where they come from, for messages.

    Raises:
        DataError: `source` or `record_id` is missing, null, blank or comes twice, or a column has a type that cannot be
            read.
    """
    _demand(table, customer_records, KEY)
    texts = [_text(table, customer_records, name) for name in TEXTS]
    frame = customer_records.select(*texts, _date(table, customer_records), _deleted(table, customer_records))
    ordered = frame.sort(KEY)
    _check_keys(table, ordered)
    return ordered.filter(~pl.col("is_deleted")).drop("is_deleted")


def record_keys(customer_records: pl.DataFrame, table: str = RECORDS_TABLE) -> pl.DataFrame:
    """`source`, `record_id` of all records, the deleted ones too, as `live_records` writes them.

    Raises:
        DataError: one is missing or has a type that cannot be read.
    """
    _demand(table, customer_records, KEY)
    return customer_records.select(_text(table, customer_records, name) for name in KEY)


def further_identifiers(identifiers: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """`node` (the number of the record's row), `type`, `value` of the identifiers of the records, without nulls.

    Raises:
        DataError: a column is missing or has a type that cannot be read.
    """
    _demand(_IDENTIFIERS, identifiers, IDENTIFIERS)
    texts = identifiers.select(_text(_IDENTIFIERS, identifiers, name) for name in IDENTIFIERS)
    if texts.is_empty():
        return texts.select(pl.lit(None, pl.UInt32).alias("node"), "type", "value")
    found = texts.drop_nulls().join(records.select(KEY).with_row_index("node"), on=KEY)
    return found.select("node", "type", "value").unique()


def _demand(table: str, frame: pl.DataFrame, names: tuple[str, ...]) -> None:
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise DataError(f"{table} lacks {', '.join(missing)}; it needs {', '.join(names)}.")


def _check_keys(table: str, ordered: pl.DataFrame) -> None:
    blank = pl.col(KEY).is_null() | (pl.col(KEY).str.strip_chars() == "")
    nulls = ordered.filter(pl.any_horizontal(blank)).height
    repeated = ordered.filter(pl.all_horizontal(pl.col(KEY) == pl.col(KEY).shift())).height
    if nulls or repeated:
        raise DataError(
            f"{table} needs one row a source and record_id; {nulls} rows have a null or blank there and {repeated}"
            " repeat another's. Keep the latest row of each record before it comes here."
        )


def _text(table: str, frame: pl.DataFrame, name: str) -> pl.Expr:
    column, dtype = pl.col(name), frame.schema.get(name, pl.Null())
    if name not in frame.columns:
        return pl.lit(None, pl.String).alias(name)
    if dtype.is_float():  # a spreadsheet's number: 12345.0 is 12345
        whole = column.round() == column
        number = pl.when(whole & (column.abs() < 2**63)).then(column.cast(pl.Int64, strict=False).cast(pl.String))
        return pl.when(column.is_finite()).then(number.otherwise(column.cast(pl.String))).alias(name)
    if dtype.is_decimal():
        return column.cast(pl.String).str.replace(r"\.0*$", "").alias(name)
    if dtype == pl.String or dtype.is_integer() or dtype in (pl.Categorical, pl.Enum, pl.Null):
        return column.cast(pl.String)
    raise DataError(f"{table}.{name} has the type {dtype}; allowed are text and numbers. Cast it before it comes here.")


def _date(table: str, frame: pl.DataFrame) -> pl.Expr:
    dtype = frame.schema.get("date_of_birth", pl.Null())
    if isinstance(dtype, pl.Date | pl.Datetime):
        return pl.col("date_of_birth")
    if dtype == pl.Null:
        return pl.lit(None, pl.Date).alias("date_of_birth")
    if dtype == pl.String or dtype.is_numeric() or dtype in (pl.Categorical, pl.Enum):
        return _text(table, frame, "date_of_birth")
    raise DataError(
        f"{table}.date_of_birth has the type {dtype}; allowed are dates, date-times and text. Cast it before it comes"
        " here."
    )


def _deleted(table: str, frame: pl.DataFrame) -> pl.Expr:
    column, dtype = pl.col("is_deleted"), frame.schema.get("is_deleted", pl.Null())
    if dtype == pl.Null:
        return pl.lit(value=False).alias("is_deleted")
    if dtype == pl.Boolean:
        return column.fill_null(value=False)
    allowed = "allowed are true, false, 1, 0 and null"
    if dtype.is_nested() or dtype.is_temporal() or dtype == pl.Binary:
        raise DataError(f"{table}.is_deleted has the type {dtype}; {allowed}. Cast it before it comes here.")
    text = _text(table, frame, "is_deleted").str.strip_chars().str.to_lowercase()
    other = frame.select((~text.is_in([*_YES, *_NO])).sum()).item()
    if other:
        raise DataError(f"{table}.is_deleted has {other} other values in {dtype}; {allowed}.")
    return text.is_in(_YES).fill_null(value=False).alias("is_deleted")
