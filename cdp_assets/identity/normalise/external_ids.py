"""The ids that other systems gave a record, from a JSON object: `{"loyalty": "123"}` is `loyalty:123`."""

from pathlib import Path

import duckdb
import polars as pl

from cdp_assets.identity.normalise.placeholders import id_reasons
from cdp_assets.identity.normalise.text import tidy

_MEMBERS = Path(__file__).with_name("external_ids.sql").read_text(encoding="utf-8")
_SCHEMA = {"node": pl.UInt32, "type": pl.String, "value": pl.String}
_STRING, _WHOLE = r'"[^"\\\x00-\x1F]*"', r"-?(?:0|[1-9][0-9]*)"
_MEMBER = rf"{_STRING}[ \t\n\r]*:[ \t\n\r]*(?:{_STRING}|{_WHOLE})"
_FLAT = rf"^[ \t\n\r]*\{{[ \t\n\r]*{_MEMBER}(?:[ \t\n\r]*,[ \t\n\r]*{_MEMBER})*[ \t\n\r]*\}}[ \t\n\r]*$"


def members(texts: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The members of the JSON objects: `node` (the row's number), `type`, `value`; and the `node` of what is no object.

    A list has a row an item; nulls and objects within an object are left out.
    """
    sent = texts.alias("text").to_frame().with_row_index("node").filter(pl.col("text").str.contains(r"\S"))
    flat = sent["text"].str.contains(_FLAT)
    parsed = _parsed(sent.filter(~flat))
    found = pl.concat([_flat_members(sent.filter(flat)), parsed.drop_nulls("type")])
    return found, parsed.filter(pl.col("type").is_null()).select("node")


def _flat_members(sent: pl.DataFrame) -> pl.DataFrame:
    """Objects of text and whole numbers, without anything escaped: no parser is needed."""
    parts = sent.select("node", member=pl.col("text").str.extract_all(_MEMBER)).explode("member")
    member = pl.col("member")
    value = member.str.extract(rf":[ \t\n\r]*({_STRING}|{_WHOLE})$").str.strip_chars('"')
    return parts.select("node", member.str.extract(r'^"([^"]*)"').alias("type"), value.alias("value"))


def _parsed(sent: pl.DataFrame) -> pl.DataFrame:
    """Any JSON; what is no object has neither type nor value."""
    if sent.is_empty():
        return pl.DataFrame(schema=_SCHEMA)
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        connection.register("sent", sent.to_arrow())
        return pl.DataFrame(connection.sql(_MEMBERS).to_arrow_table())


def typed_ids(found: pl.DataFrame) -> pl.DataFrame:
    """`node`, `value` (`type:id`) and `reason` (null, or why the id is nobody's), one row an id."""
    ids = found.select(
        "node", tidy(found["type"]).str.to_lowercase().alias("type"), tidy(found["value"]).alias("id")
    ).drop_nulls()
    reasons = id_reasons(ids["id"])
    value = pl.format("{}:{}", "type", "id")
    return ids.select("node", pl.when(reasons.is_null()).then(value).alias("value"), reasons.alias("reason"))
