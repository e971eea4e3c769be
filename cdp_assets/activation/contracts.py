"""The tables of the activation stage: row keys, keyed checksums and counts.

Personal data, hashed where the destination wants it so, is in `sync_identifiers` alone.
"""

from cdp_assets.destinations.base import Operation
from cdp_assets.tables import BOOLEAN, INTEGER, TEXT, TIMESTAMP, Column, Contract, Layout, Table

_SYNC = Column("sync", TEXT, "name of the sync")
_RUN = Column("run_id", TEXT, "run that wrote the row")
_SOURCE_KEY = ("master.customers.customer_id",)


def _key(description: str) -> Column:
    return Column("row_key", TEXT, description, _SOURCE_KEY)


def _counts() -> tuple[Column, ...]:
    parts = {
        "planned": "operations the diff asked for",
        "attempted": "operations sent",
        "succeeded": "operations the destination accepted",
        "failed": "operations the destination refused",
    }
    return tuple(
        Column(f"{part}_{operation}", INTEGER, f"{text}: {operation}")
        for part, text in parts.items()
        for operation in (Operation.ADD, Operation.CHANGE, Operation.REMOVE)
    )


SYNC_RUNS = Contract(
    Table("activation", "sync_runs"),
    "One row an attempt of a sync that had something to do.",
    (
        _SYNC,
        _RUN,
        Column("as_of", TIMESTAMP, "the moment the run speaks of", ("raw.as_of.as_of",)),
        Column("started_at", TIMESTAMP, "when sending began"),
        Column("finished_at", TIMESTAMP, "when it ended; null while it runs or after it was killed"),
        Column("outcome", TEXT, "running, finished, failed, or interrupted: killed, and closed by the next run"),
        Column("target", TEXT, "where the rows went; another one is begun with anew"),
        *_counts(),
        Column("invalid", INTEGER, "rows set aside as invalid", _SOURCE_KEY),
        Column("suppressed", INTEGER, "rows that may not be sent", ("master.consents.state",)),
        Column("held_rows", INTEGER, "rows the destination is known to hold afterwards"),
    ),
    ("sync", "run_id", "started_at"),
)
SYNC_ROWS = Contract(
    Table("activation", "sync_rows", Layout(partition_by="at", cluster_by=("sync", "row_key"))),
    "What became of each row, one row an operation; rows set aside are told once, when they become so.",
    (
        _SYNC,
        _RUN,
        Column("batch", TEXT, "batch it was sent in; its halves have a suffix"),
        _key("key of the row; empty for rows without one"),
        Column("operation", TEXT, "add, change, remove; null when nothing was to be sent"),
        Column("status", TEXT, "succeeded, rejected, invalid, suppressed, aborted, or unanswered: perhaps sent"),
        Column("reason", TEXT, "why, without personal data"),
        Column("basis", TEXT, "why the row could be sent: the consent, or why none was needed"),
        Column("at", TIMESTAMP, "when it was known"),
    ),
)
SYNC_STATE = Contract(
    Table("activation", "sync_state", Layout(cluster_by=("sync", "row_key"))),
    "What each destination is known to hold.",
    (
        _SYNC,
        _key("key the destination knows the row by"),
        Column("checksum", TEXT, "HMAC-SHA256 of the mapped values as sent", _SOURCE_KEY),
        Column("sent_at", TIMESTAMP, "when they were accepted"),
    ),
    ("sync", "row_key"),
)
REJECTED_ROWS = Contract(
    Table("activation", "rejected_rows"),
    "What each destination refuses at present; every run tries these again until they succeed or are not wanted.",
    (
        _SYNC,
        _key("key of the refused row"),
        Column("operation", TEXT, "what was refused: add, change or remove"),
        Column("reason", TEXT, "what the destination said last, without personal data"),
        Column("attempts", INTEGER, "runs that tried"),
        Column("first_failed_at", TIMESTAMP, "first refusal"),
        Column("last_failed_at", TIMESTAMP, "latest refusal"),
    ),
    ("sync", "row_key"),
)
SET_ASIDE = Contract(
    Table("activation", "set_aside"),
    "Rows of the source that are not sent at present, and why: invalid, without consent, or suppressed.",
    (
        _SYNC,
        _key("key of the row; empty for rows without one"),
        Column("status", TEXT, "invalid or suppressed", ("master.consents.state",)),
        Column("reason", TEXT, "why"),
        Column("copies", INTEGER, "rows of the source with this key", _SOURCE_KEY),
    ),
    ("sync", "row_key"),
)
SYNC_IDENTIFIERS = Contract(
    Table("activation", "sync_identifiers", Layout(cluster_by=("sync", "row_key"))),
    "Identifiers as destinations know them, kept so that they can be removed; read by the engine alone.",
    (
        _SYNC,
        Column("row_key", TEXT, "keyed hash of the identifier; the row's key in the other tables", _SOURCE_KEY),
        Column("member_key", TEXT, "key of a row of the source that has it", _SOURCE_KEY),
        Column("member_checksum", TEXT, "checksum of that row's mapped values", _SOURCE_KEY),
        Column("kind", TEXT, "the destination's word for what it is"),
        Column("sent", TEXT, "the identifier as sent, as JSON; hashed where the destination wants it so"),
        Column("is_wanted", BOOLEAN, "whether the row has it still"),
    ),
    ("sync", "row_key", "member_key"),
)
SYNC_JOBS = Contract(
    Table("activation", "sync_jobs"),
    "Jobs that destinations work on for a batch, so that a killed run's are gone on with instead of begun again.",
    (
        _SYNC,
        Column("batch_key", TEXT, "idempotency key of the batch"),
        Column("job", TEXT, "the destination's name for the job"),
        Column("kept_at", TIMESTAMP, "when it was written down"),
    ),
    ("sync", "batch_key"),
)
SUPPRESSIONS = Contract(
    Table("activation", "suppressions"),
    "Customers that no sync sends, whatever they consented to; who was merged into another stands for that one too.",
    (
        Column("customer_id", TEXT, "the customer", _SOURCE_KEY),
        Column("reason", TEXT, "why, without personal data"),
        Column("added_at", TIMESTAMP, "since when"),
    ),
    ("customer_id",),
)
CONTRACTS = (SYNC_RUNS, SYNC_ROWS, SYNC_STATE, REJECTED_ROWS, SET_ASIDE, SYNC_IDENTIFIERS, SYNC_JOBS, SUPPRESSIONS)
