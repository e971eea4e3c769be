"""Source records with their match keys: normalised, and without junk."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import duckdb
import polars as pl

from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.contracts import RECORDS
from cdp_assets.identity.keys import LISTS
from cdp_assets.identity.masking import mask_junk, with_reasons
from cdp_assets.identity.normalise.addresses import normalise_countries, normalise_postal_codes, normalise_streets
from cdp_assets.identity.normalise.dates import normalise_dates
from cdp_assets.identity.normalise.identifiers import identifier_columns, with_e164
from cdp_assets.identity.normalise.inputs import KEY, RECORDS_TABLE, further_identifiers, live_records
from cdp_assets.identity.normalise.names import normalise_names
from cdp_assets.identity.normalise.nicknames import name_forms
from cdp_assets.identity.normalise.placeholders import date_reasons, name_reasons
from cdp_assets.identity.normalise.text import fold, tidy

_ADDED_LATER = {"record_number", "source_hash"}
_COLUMNS = [column.name for column in RECORDS.columns if column.name not in _ADDED_LATER]
_FIRST_OF_A_LIST = {entry.main for entry in LISTS.values()}
_HASHED = [name for name in _COLUMNS if name not in {*_FIRST_OF_A_LIST, "junk_reasons", "record_hash"}]
_BATCH, _AT_ONCE = 100_000, 8  # rows, and batches: they bound the memory of what lies between


def build_records(
    customer_records: pl.DataFrame,
    identifiers: pl.DataFrame,
    config: IdentityConfig,
    junk: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The live records' match keys, as `contracts.RECORDS`, sorted by source and record id.

    Args:
        customer_records: `lookup.customer_records`; missing columns are null.
        identifiers: `lookup.identifiers`: further e-mails, phones and ids of the records.
        config: phone regions, date orders, block lists.
        junk: the frozen model's `key`, `value`, `reason`: what was found by frequency and is masked.

    Raises:
        DataError: a column has a type that cannot be read, or a record's key is missing, null or comes twice.
    """

    def build(live: pl.DataFrame, further: pl.DataFrame) -> pl.DataFrame:
        records = _normalised(live, further, config)
        return hashed(records if junk is None else mask_junk(records, junk))

    return _in_batches(live_records(customer_records), identifiers, config, build)


def normalised(
    customer_records: pl.DataFrame, identifiers: pl.DataFrame, config: IdentityConfig, table: str = RECORDS_TABLE
) -> pl.DataFrame:
    """As `build_records`, without the hash and before junk is looked for by frequency.

    A record's row is a function of the record, its identifiers and the configuration alone; `table` is where it comes
    from, for messages.
    """

    def build(live: pl.DataFrame, further: pl.DataFrame) -> pl.DataFrame:
        return _normalised(live, further, config)

    return _in_batches(live_records(customer_records, table), identifiers, config, build)


def hashed(records: pl.DataFrame) -> pl.DataFrame:
    """The records as `contracts.RECORDS`, with the MD5 of their keys: the same on every machine."""
    keys = pl.concat_str(pl.col(_HASHED).cast(pl.String).fill_null("\x00"), separator="\x1f")
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        connection.register("texts", records.select(text=keys).to_arrow())
        digests = pl.DataFrame(connection.sql("SELECT md5(text) AS record_hash FROM texts").to_arrow_table())
    return records.with_columns(digests["record_hash"]).select(_COLUMNS)


def _in_batches(
    live: pl.DataFrame,
    identifiers: pl.DataFrame,
    config: IdentityConfig,
    function: Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame],
) -> pl.DataFrame:
    """What `function` makes of the rows of `live_records` and their further identifiers, in batches on several cores.

    Its arguments are rows of both, the phones read.
    """
    live = live.with_columns(normalise_countries(live["country"]))
    live, further = with_e164(live, further_identifiers(identifiers, live), config.phone_regions)

    def batch(start: int) -> pl.DataFrame:
        ours = further.filter(pl.col("node").is_between(start, start + _BATCH, closed="left"))
        return function(live.slice(start, _BATCH), ours.with_columns(pl.col("node") - start))

    with ThreadPoolExecutor(min(pl.thread_pool_size(), _AT_ONCE)) as pool:
        return pl.concat(pool.map(batch, range(0, max(live.height, 1), _BATCH)))


def _normalised(live: pl.DataFrame, further: pl.DataFrame, config: IdentityConfig) -> pl.DataFrame:
    keys, reasons = identifier_columns(live, further, config.junk)
    names, odd_names = _names(live, config)
    births, odd_births = _births(live, config)
    frame = live.select(*KEY, "country").with_columns(*keys, *names, births, *_places(live))
    frame = frame.with_columns(junk_reasons=pl.lit(None, pl.String))
    records = with_reasons(frame, pl.concat([reasons, odd_names, odd_births]))
    return records.select(name for name in _COLUMNS if name != "record_hash")


def _names(live: pl.DataFrame, config: IdentityConfig) -> tuple[list[pl.Series], pl.DataFrame]:
    names = normalise_names(live["first_name"], live["last_name"])
    reasons = []
    for name, reason in name_reasons(names, config.junk).items():
        reasons.append(_reasons(name, reason))
        names = names.with_columns(pl.when(reason.is_null()).then(name).alias(name))
    return [*names.iter_columns(), name_forms(names["first_name"]).alias("name_forms")], pl.concat(reasons)


def _births(live: pl.DataFrame, config: IdentityConfig) -> tuple[pl.Series, pl.DataFrame]:
    orders = config.date_orders
    day_first = live["source"].replace_strict(orders, default=orders.get("default", "dmy")) == "dmy"
    sent = live["date_of_birth"]
    dates = normalise_dates(sent, day_first)
    reason = date_reasons(dates, config.junk)
    unread = dates.is_null() & sent.is_not_null()
    if sent.dtype == pl.String:
        unread &= sent.str.contains(r"\S")
    reason = pl.select(pl.when(unread).then(pl.lit("malformed")).otherwise(reason)).to_series()
    kept = pl.select(pl.when(reason.is_null()).then(dates).alias("date_of_birth")).to_series()
    return kept, _reasons("date_of_birth", reason)


def _places(live: pl.DataFrame) -> list[pl.Series]:
    folded = [fold(live[name]) for name in ("city", "region", "company")]
    postal_codes = normalise_postal_codes(live["postal_code"], live["country"])
    return [*folded, normalise_streets(live["street"]), postal_codes, tidy(live["account_id"])]


def _reasons(key: str, reasons: pl.Series) -> pl.DataFrame:
    found = reasons.alias("reason").to_frame().with_row_index("node").drop_nulls()
    return found.with_columns(pl.format(f"{key} {{}}", "reason").alias("reason"))
