"""Source records with their match keys: normalised, and without junk."""

import hashlib
import json
from datetime import date

import polars as pl

from cdp_assets.errors import DataError
from cdp_assets.identity.addresses import normalise_postal_code, normalise_street
from cdp_assets.identity.config import IdentityConfig, Junk
from cdp_assets.identity.contracts import RECORDS
from cdp_assets.identity.identifiers import identifier_values
from cdp_assets.identity.junk import junk_date_of_birth, junk_name
from cdp_assets.identity.names import fold, name_forms, split_name
from cdp_assets.identity.normalise import distinct_map

_KEY = ["source", "record_id"]
_NAMES = ["first_name", "last_name"]
_ADDRESS = ["street", "city", "postal_code", "country"]
_TEXTS = [*_KEY, "email", "phone", *_NAMES, *_ADDRESS, "company", "account_id", "user_id"]
_NEEDED = [*_TEXTS, "is_deleted", "date_of_birth"]


def build_records(customer_records: pl.DataFrame, identifiers: pl.DataFrame, config: IdentityConfig) -> pl.DataFrame:
    """The live records' match keys, as `contracts.RECORDS`, sorted by source and record id.

    Args:
        customer_records: `lookup.customer_records`.
        identifiers: `lookup.identifiers`: further e-mails, phones and log-in ids; other types are not match keys.
        config: phone regions, block lists and limits.

    Raises:
        DataError: a column is missing, or a record's key is null or comes more than once.
    """
    live = _live(customer_records)
    frame = _names(live, config.junk).pipe(_addresses).pipe(_births, config.junk)
    values, reasons = identifier_values(frame, identifiers, config)
    for key in ("email", "phone", "user_id"):
        frame = frame.drop(key).join(_listed(values, key), on="node", how="left", maintain_order="left")
    frame = frame.join(_reasons(frame, reasons), on="node", how="left", maintain_order="left")
    columns = [column.name for column in RECORDS.columns]
    hashed = [name for name in columns if name not in {"record_hash", "junk_reasons"}]
    return frame.with_columns(record_hash=_hash(frame.select(hashed))).select(columns)


def _live(customer_records: pl.DataFrame) -> pl.DataFrame:
    missing = [name for name in _NEEDED if name not in customer_records.columns]
    if missing:
        raise DataError(f"lookup.customer_records lacks {', '.join(missing)}; its contract lists the columns it needs.")
    keys = customer_records.select(_KEY)
    nulls = keys.filter(pl.any_horizontal(pl.all().is_null())).height
    repeated = keys.height - keys.unique().height
    if nulls or repeated:
        raise DataError(
            f"lookup.customer_records needs one row a source and record_id; {nulls} rows have a null there and"
            f" {repeated} repeat another's. Keep the latest row of each record in staging."
        )
    live = customer_records.select(_NEEDED).filter(~pl.col("is_deleted").fill_null(value=False))
    return live.sort(_KEY).with_columns(pl.col(_TEXTS).cast(pl.String)).with_row_index("node").drop("is_deleted")


def _names(frame: pl.DataFrame, junk: Junk) -> pl.DataFrame:
    def clean(first: str | None, last: str | None) -> tuple[str | None, ...]:
        given, family = split_name(first, last)
        bad = [
            reason and f"{part} {reason}"
            for part, reason in zip(
                ("first_name", "last_name"), (junk_name(given, junk), junk_name(family, junk)), strict=True
            )
        ]
        given, family = None if bad[0] else given, None if bad[1] else family
        return given, name_forms(given), family, "; ".join(filter(None, bad)) or None

    text = pl.String()
    outputs: dict[str, pl.DataType] = dict.fromkeys(("given", "name_forms", "family", "name_junk"), text)
    named = distinct_map(frame, ["first_name", "last_name"], outputs, clean)
    return named.drop("first_name", "last_name").rename({"given": "first_name", "family": "last_name"})


def _addresses(frame: pl.DataFrame) -> pl.DataFrame:
    frame = frame.with_columns(pl.col("country").str.strip_chars().str.to_uppercase().replace({"": None, "UK": "GB"}))
    for column, function in (("street", normalise_street), ("city", fold), ("company", fold)):
        frame = (
            distinct_map(frame, [column], {"clean": pl.String()}, lambda text, function=function: (function(text),))
            .drop(column)
            .rename({"clean": column})
        )
    postal = distinct_map(
        frame, ["postal_code", "country"], {"clean": pl.String()}, lambda *code: (normalise_postal_code(*code),)
    )
    return postal.drop("postal_code").rename({"clean": "postal_code"})


def _births(frame: pl.DataFrame, junk: Junk) -> pl.DataFrame:
    def clean(born: date | None) -> tuple[date | None, str | None]:
        reason = junk_date_of_birth(born, junk) if born else None
        return (None, f"date_of_birth {reason}") if reason else (born, None)

    births = frame.with_columns(pl.col("date_of_birth").cast(pl.Date))
    cleaned = distinct_map(births, ["date_of_birth"], {"clean": pl.Date(), "birth_junk": pl.String()}, clean)
    return cleaned.drop("date_of_birth").rename({"clean": "date_of_birth"})


def _listed(values: pl.DataFrame, key: str) -> pl.DataFrame:
    """Per node the main value and all of them: user ids may hold spaces and go into JSON."""
    found = values.filter(pl.col("key") == key).sort("node", "position", "value")
    lists = found.group_by("node", maintain_order=True).agg(pl.col("value").unique(maintain_order=True))
    every = pl.col("value").list.join(" ")
    if key == "user_id":
        every = pl.col("value").map_elements(lambda ids: json.dumps(list(ids)), return_dtype=pl.String)
    return lists.select("node", pl.col("value").list.first().alias(key), every.alias(f"{key}s"))


def _reasons(frame: pl.DataFrame, reasons: pl.DataFrame) -> pl.DataFrame:
    parts = [reasons.select("node", "reason")]
    parts += [frame.select("node", pl.col(column).alias("reason")) for column in ("name_junk", "birth_junk")]
    every = pl.concat(parts).drop_nulls().unique().sort("node", "reason")
    return every.group_by("node", maintain_order=True).agg(pl.col("reason").str.join("; ").alias("junk_reasons"))


def _hash(keys: pl.DataFrame) -> pl.Series:
    texts = keys.select(pl.concat_str(pl.all().cast(pl.String).fill_null("\x00"), separator="\x1f").alias("text"))
    digests = [hashlib.sha256(text.encode()).hexdigest()[:32] for text in texts["text"]]
    return pl.Series(digests, dtype=pl.String)
