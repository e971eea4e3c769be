"""The load ledger and the rows that could not be loaded."""

from cdp_assets.stages import Stage
from cdp_assets.tables import INTEGER, TEXT, TIMESTAMP, Column, Contract, Table

LOAD_ID, SOURCE_ROW, LOADED_AT = "_load_id", "_source_row", "_loaded_at"
TECHNICAL_COLUMNS = {
    LOAD_ID: "The load that brought the row; see raw.loads.",
    SOURCE_ROW: "File and line the row came from.",
    LOADED_AT: "When the row was loaded (UTC).",
}

LOADS = Contract(
    Table(Stage.RAW, "loads"),
    "One row a file loaded into a raw table. The same content is loaded into a table once, whatever its name.",
    (
        Column("load_id", TEXT, "Id of the load, the same for the same content in the same table."),
        Column("source", TEXT, "The source."),
        Column("raw_table", TEXT, "The raw table, without its schema."),
        Column("file", TEXT, "The file, relative to the landing folder."),
        Column("content_hash", TEXT, "SHA-256 of the file's bytes."),
        Column("rows", INTEGER, "Rows loaded."),
        Column("rejected", INTEGER, "Rows set aside in raw.rejected_rows."),
        Column("loaded_at", TIMESTAMP, "When (UTC)."),
    ),
    key=("load_id",),
)

REJECTED_ROWS = Contract(
    Table(Stage.RAW, "rejected_rows"),
    "Rows that could not be loaded, as they came, each with the reason.",
    (
        Column("load_id", TEXT, "The load that met the row."),
        Column("source", TEXT, "The source."),
        Column("raw_table", TEXT, "The raw table the row was meant for."),
        Column("file", TEXT, "The file, relative to the landing folder."),
        Column("line", INTEGER, "Line in the file, from 1; for Parquet the row, from 1."),
        Column("reason", TEXT, "Why it was refused."),
        Column("row", TEXT, "The row as it came."),
    ),
)
