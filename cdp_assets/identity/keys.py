"""Match keys of the records: single values, and lists (as text) where a record may have several."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class KeyList:
    """A key of which a record may have several values.

    They are in `column`, separated by spaces, or as a JSON array where values may hold spaces (`as_json`); `main` is
    the column of the first one, if there is such a column.
    """

    key: str
    column: str
    main: str | None
    as_json: bool


LISTS = {
    entry.key: entry
    for entry in (
        KeyList("email", "emails", "email", as_json=False),
        KeyList("phone", "phones", "phone", as_json=False),
        KeyList("user_id", "user_ids", "user_id", as_json=True),
        KeyList("external_id", "external_ids", None, as_json=True),
        KeyList("anonymous_id", "anonymous_ids", None, as_json=True),
        KeyList("name_forms", "name_forms", None, as_json=False),
    )
}
_SPECIAL_IN_JSON = r'["\\]'


def single_lists(key: KeyList, values: pl.Series) -> pl.Series:
    """Each value as the text of a list of one; null stays null."""
    if not key.as_json or values.null_count() == values.len():
        return values
    return pl.select(_json_text(pl.lit(values))).to_series()


def encode_lists(key: KeyList, values: pl.Series) -> pl.Series:
    """Lists of text as the text of a column; values hold no control characters."""
    if not key.as_json:
        return values.list.join(" ")
    quoted = values.list.eval(_quoted(pl.element())).list.join(",")
    return pl.select(pl.format("[{}]", quoted)).to_series()


def decode_lists(key: KeyList, texts: pl.Series) -> pl.Series:
    """The text of a column as lists of text."""
    return texts.str.json_decode(pl.List(pl.String)) if key.as_json else texts.str.split(" ")


def several(key: KeyList, texts: pl.Expr) -> pl.Expr:
    """Whether the text of a column holds more than one value, or one that JSON escapes."""
    return texts.str.contains(r'","|\\' if key.as_json else " ").fill_null(value=False)


def match_keys(records: pl.DataFrame, by: Sequence[str] = ("source", "record_id")) -> pl.DataFrame:
    """The columns of `by`, `key` and `value`: a row each value of the keys that may have several.

    Args:
        records: `identity.records`.
        by: columns that name a record.
    """
    return pl.concat([values_by(records, entry, by) for entry in LISTS.values()])


def values_by(records: pl.DataFrame, entry: KeyList, by: Sequence[str]) -> pl.DataFrame:
    """The rows of `match_keys` of one key."""
    known = records.select(*by, pl.lit(entry.key).alias("key"), value=entry.column).drop_nulls("value")
    some = known.select(several(entry, pl.col("value"))).to_series()
    single = known.filter(~some)
    if entry.as_json:
        single = single.with_columns(_only_value(pl.col("value")).alias("value"))
    listed = known.filter(some)
    exploded = listed.with_columns(decode_lists(entry, listed["value"]).alias("value")).explode("value")
    return pl.concat([single, exploded])


def _only_value(text: pl.Expr) -> pl.Expr:
    return text.str.head(-2).str.tail(-2)


def _json_text(value: pl.Expr) -> pl.Expr:
    return pl.format("[{}]", _quoted(value))


def _quoted(value: pl.Expr) -> pl.Expr:
    return pl.format('"{}"', value.str.replace_all(_SPECIAL_IN_JSON, r"\${0}"))
