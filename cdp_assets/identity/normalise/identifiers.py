"""Every e-mail, phone and id of the records as match keys: the main one, and the list of all."""

from collections.abc import Mapping, Sequence

import polars as pl

from cdp_assets.identity.config import Junk
from cdp_assets.identity.keys import LISTS, KeyList, encode_lists, single_lists
from cdp_assets.identity.normalise.emails import normalise_emails
from cdp_assets.identity.normalise.external_ids import members, typed_ids
from cdp_assets.identity.normalise.phones import normalise_phones
from cdp_assets.identity.normalise.placeholders import email_reasons, id_reasons, phone_reasons
from cdp_assets.identity.normalise.series import place
from cdp_assets.identity.normalise.text import tidy

_TYPED = ("email", "phone", "user_id", "anonymous_id")


def with_e164(
    records: pl.DataFrame, further: pl.DataFrame, regions: Mapping[str, Sequence[str]]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both with `e164`, their phones read: all at once, because getting ready to read a country's numbers is the work.

    Args:
        records: `source`, the normalised `country`, and `phone` as sent.
        further: `node` (a row of the records), `type`, `value` of other identifiers.
        regions: as `phones.normalise_phones`.
    """
    homes = records.select("country", "source")
    sent = pl.concat(
        [
            homes.with_columns(records["phone"].alias("text")),
            homes[further["node"]].with_columns(further.select(text=pl.when(pl.col("type") == "phone").then("value"))),
        ]
    )
    e164 = normalise_phones(sent["text"], sent["country"], sent["source"], regions)
    return (
        records.with_columns(e164.head(records.height).alias("e164")),
        further.with_columns(e164.tail(further.height).alias("e164")),
    )


def identifier_columns(
    records: pl.DataFrame, further: pl.DataFrame, junk: Junk
) -> tuple[list[pl.Series], pl.DataFrame]:
    """The main values and lists of all keys, in the records' order; and `node`, `reason` of those nulled.

    Args:
        records: the identifiers as sent, and the phones as `e164`.
        further: `node` (a row of the records), `type`, `value`, `e164` of the other identifiers of the records.
        junk: the block lists.
    """
    columns: list[pl.Series] = []
    reasons = []
    for key in _TYPED:
        main = _clean(key, records.select("e164", value=key).with_row_index("node"), junk)
        others = _clean(key, further.filter(pl.col("type") == key), junk)
        columns += _listed(LISTS[key], main["value"], others.select("node", "value"))
        reasons += [_reasons(key, main), _reasons(key, others)]
    found, broken = members(records["external_ids"])
    typed = typed_ids(pl.concat([found, further.filter(~pl.col("type").is_in(_TYPED)).drop("e164")]))
    columns += _listed(
        LISTS["external_id"],
        pl.Series([None], dtype=pl.String).new_from_index(0, records.height),
        typed.select("node", "value"),
    )
    reasons += [_reasons("external_id", typed), broken.select("node", reason=pl.lit("external_ids malformed"))]
    return columns, pl.concat(reasons)


def _clean(key: str, sent: pl.DataFrame, junk: Junk) -> pl.DataFrame:
    """`node`, `value`, `reason` in the order of what was sent."""
    texts = sent["value"]
    if key == "email":
        values = normalise_emails(texts)
        reasons = email_reasons(values, junk)
    elif key == "phone":
        values = sent["e164"]
        reasons = phone_reasons(values, junk)
    else:
        values = texts = tidy(texts)
        reasons = id_reasons(values)
    malformed = values.is_null() & texts.str.contains(r"\S")
    return pl.DataFrame({"node": sent["node"], "value": values, "reason": reasons, "malformed": malformed}).select(
        "node",
        pl.when(pl.col("reason").is_null()).then("value").alias("value"),
        pl.when("malformed").then(pl.lit("malformed")).otherwise("reason").alias("reason"),
    )


def _reasons(key: str, cleaned: pl.DataFrame) -> pl.DataFrame:
    return cleaned.drop_nulls("reason").select("node", pl.format(f"{key} {{}}", "reason").alias("reason"))


def _listed(key: KeyList, main: pl.Series, further: pl.DataFrame) -> list[pl.Series]:
    """The main values, where the key has such a column, and the lists as text: the main value first."""
    firsts, lists = main, single_lists(key, main)
    further = further.drop_nulls()
    if not further.is_empty():
        own = (
            pl.DataFrame({"value": main})
            .with_row_index("node")
            .filter(pl.col("node").is_in(further["node"].unique().implode()))
        )
        every = pl.concat(
            [
                own.drop_nulls().select("node", "value", position=0),
                further.select(pl.col("node").cast(pl.UInt32), "value", position=1),
            ]
        )
        grouped = (
            every.sort("node", "position", "value")
            .group_by("node", maintain_order=True)
            .agg(pl.col("value").unique(maintain_order=True))
        )
        marked = pl.int_range(main.len(), eager=True).is_in(grouped["node"].implode())
        firsts = place(firsts, marked, grouped["value"].list.first())
        lists = place(lists, marked, encode_lists(key, grouped["value"]))
    return [*([firsts.alias(key.main)] if key.main else []), lists.alias(key.column)]
