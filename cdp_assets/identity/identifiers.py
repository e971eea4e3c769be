"""Every e-mail, phone and log-in id of the records, one row a value."""

import polars as pl

from cdp_assets.errors import DataError
from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.emails import normalise_email
from cdp_assets.identity.junk import junk_email, junk_phone, junk_user_id, shared_values
from cdp_assets.identity.normalise import distinct_map
from cdp_assets.identity.phones import normalise_phone

IDENTIFIERS = ("email", "phone", "user_id")


def identifier_values(
    records: pl.DataFrame, identifiers: pl.DataFrame, config: IdentityConfig
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The values that may identify a person, and those nulled as junk.

    Args:
        records: `node`, `source`, `record_id`, `country`, the folded names, and the main identifiers as sent.
        identifiers: `lookup.identifiers`.
        config: phone regions, block lists and limits.

    Returns:
        `node`, `key`, `value`, `position` (0 for the record's main one); and `node`, `reason`.

    Raises:
        DataError: a column of the identifiers is missing.
    """
    cleaned = distinct_map(
        _as_sent(records, identifiers),
        ["key", "sent", "home", "country"],
        {"value": pl.String(), "reason": pl.String()},
        lambda key, sent, source, country: _clean(key, sent, source, country, config),
    )
    values = cleaned.filter(pl.col("value").is_not_null()).select("node", "key", "value", "position")
    people = records.select("node", "first_name", "last_name")
    shared = shared_values(values, people, config.junk)
    joined = values.join(shared, on=["key", "value"], how="left", maintain_order="left")
    bad = pl.concat([cleaned.select("node", "key", "reason"), joined.select("node", "key", "reason")]).drop_nulls()
    reasons = bad.select("node", pl.format("{} {}", "key", "reason").alias("reason")).unique()
    return joined.filter(pl.col("reason").is_null()).drop("reason"), reasons


def _as_sent(records: pl.DataFrame, identifiers: pl.DataFrame) -> pl.DataFrame:
    missing = [name for name in ("source", "record_id", "type", "value") if name not in identifiers.columns]
    if missing:
        raise DataError(f"lookup.identifiers lacks {', '.join(missing)}; its contract lists the columns it needs.")
    main = [
        records.select("node", pl.lit(key).alias("key"), pl.col(key).alias("sent"), pl.lit(0).alias("position"))
        for key in IDENTIFIERS
    ]
    further = identifiers.filter(pl.col("type").is_in(IDENTIFIERS)).join(
        records.select("node", "source", "record_id"), on=["source", "record_id"]
    )
    rest = further.select(
        "node", pl.col("type").alias("key"), pl.col("value").alias("sent"), pl.lit(1).alias("position")
    )
    sent = pl.concat([*main, rest.cast({"key": pl.String, "sent": pl.String})]).filter(pl.col("sent").is_not_null())
    is_phone = pl.col("key") == "phone"
    homes = records.select("node", home="source", country="country")
    return (
        sent.join(homes, on="node", how="left")
        .with_columns(pl.when(is_phone).then(pl.col("home", "country")))
        .group_by("node", "key", "sent", "home", "country")
        .agg(pl.col("position").min())
        .sort("node", "key", "position", "sent")
    )


def _clean(
    key: str, sent: str, source: str | None, country: str | None, config: IdentityConfig
) -> tuple[str | None, str | None]:
    if not sent.strip():
        return None, None
    if key == "user_id":
        placeholder = junk_user_id(sent.strip())
        return (None, placeholder) if placeholder else (sent.strip(), None)
    regions = config.phone_regions.get(source or "default", config.phone_regions.get("default", ()))
    tried = (country, *regions) if country else regions
    value = normalise_email(sent) if key == "email" else normalise_phone(sent, tried)
    if value is None:
        return None, "malformed"
    reason = junk_email(value, config.junk) if key == "email" else junk_phone(value, config.junk)
    return (None, reason) if reason else (value, None)
