"""Customers who live together. A household is a unit of its own and never makes one customer of two.

Two customers of one family name are a household when they ever gave the same address or phone. Two of different names
are when both live at an address now, or share a phone in one place, unless many names meet there: that is a building
without flat numbers or a switchboard. Where more meet than a household has, it is an institution and makes none.
"""

import base64
import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import polars as pl
from pydantic import Field

from cdp_assets.identity.clusters import components
from cdp_assets.identity.contracts import HOUSEHOLDS
from cdp_assets.identity.homes import addresses, main_last_names
from cdp_assets.identity.stable_ids import RECORD, inherit
from cdp_assets.strict import Strict

_PLACE = ["kind", "place", "area"]


class Households(Strict):
    """How many family names may meet at a place for all to be one household, and how many members one may have."""

    most_last_names: Annotated[int, Field(ge=1)] = 3
    most_members: Annotated[int, Field(ge=2)] = 15


def households(
    records: pl.DataFrame,
    customer_ids: pl.DataFrame,
    issued: pl.DataFrame,
    as_of: datetime,
    limits: Households,
) -> pl.DataFrame:
    """The households as `contracts.HOUSEHOLDS`, sorted by customer; who lives alone, as far as known, has no row.

    A household inherits the id that most of its members had, as customers do of records. The result is a function of
    the arguments, whatever their row order.

    Args:
        records: `source`, `record_id`, `last_name`, `street`, `city`, `postal_code`, `phones` (separated by spaces) as
            in `identity.records`, and `source_updated_at`, null where unknown.
        customer_ids: `identity.customer_ids`.
        issued: `identity.households` before this run.
        as_of: the moment of the run, when new members joined.
        limits: what still is a household.
    """
    members = records.join(customer_ids.select(*RECORD, "customer_id"), on=RECORD)
    customers = members.select("customer_id").unique().sort("customer_id").with_row_index("node")
    customers = customers.with_columns(pl.col("node").cast(pl.Int64))
    members = members.join(customers, on="customer_id")
    given = _at_addresses(members)
    meetings = _meetings(pl.concat([given, _at_phones(members, given)]), members, limits)
    at_home = _meetings(given.filter("is_now"), members, limits)
    grouped = _components(meetings, at_home, customers.height, limits).join(customers, on="node")
    named = _named(grouped, issued)
    since = issued.select("household_id", "customer_id", pl.col("assigned_at").cast(pl.Datetime("us", "UTC")))
    dated = named.join(since, on=["household_id", "customer_id"], how="left").with_columns(
        pl.col("assigned_at").fill_null(pl.lit(as_of).cast(pl.Datetime("us", "UTC")))
    )
    return dated.sort("customer_id").select(column.name for column in HOUSEHOLDS.columns)


def _at_addresses(members: pl.DataFrame) -> pl.DataFrame:
    """`node`, `kind`, `place`, `area`, `is_now`."""
    return addresses(members).select("node", kind=pl.lit("address"), place="street", area="area", is_now="is_home")


def _at_phones(members: pl.DataFrame, at: pl.DataFrame) -> pl.DataFrame:
    """As `_at_addresses`. A phone is where its owner lives, for people keep their numbers when they move; that of an
    owner without a home is where its other owners live, if that is one area."""
    phones = members.select("node", place=pl.col("phones").str.split(" ")).explode("place").drop_nulls().unique()
    owned = phones.join(at.filter("is_now").select("node", "area"), on="node", how="left")
    areas = owned.select("place", "area").drop_nulls().unique()
    sole = areas.filter(pl.len().over("place") == 1).rename({"area": "sole"})
    known = owned.join(sole, on="place", how="left").with_columns(pl.coalesce("area", "sole").alias("area"))
    return known.select("node", kind=pl.lit("phone"), place="place", area="area", is_now=pl.lit(value=True))


def _meetings(places: pl.DataFrame, members: pl.DataFrame, limits: Households) -> pl.DataFrame:
    """`kind`, `node` and `first`, the smallest node of those it lives with by one place."""
    names = members.select("node", "last_name").drop_nulls().unique()
    area = pl.when(pl.col("kind") == "address").then("area")  # a phone is one wherever its owners live
    of_one_name = places.with_columns(area=area).unique().join(names, on="node")
    now = places.filter("is_now").join(main_last_names(members), on="node", how="left")
    few = pl.col("last_name").drop_nulls().n_unique().over(_PLACE) <= limits.most_last_names
    return pl.concat([_met(of_one_name, [*_PLACE, "last_name"], limits), _met(now.filter(few), _PLACE, limits)])


def _met(present: pl.DataFrame, place: list[str], limits: Households) -> pl.DataFrame:
    """Where too many meet there is no row."""
    met = present.with_columns(first=pl.col("node").min().over(place), size=pl.len().over(place))
    return met.filter(pl.col("size").is_between(2, limits.most_members)).select("kind", "node", "first").unique()


def _components(meetings: pl.DataFrame, at_home: pl.DataFrame, count: int, limits: Households) -> pl.DataFrame:
    """`node`, `component`, `linked_by`. Where phones and former addresses would chain more than a household together,
    home alone counts: everybody has one, and no more meet there than a household has."""
    every = _joined(meetings, count)
    large = every.filter(pl.len().over("component") > limits.most_members).select("node")
    small = every.join(large, on="node", how="anti")
    cut = _joined(at_home.join(large, on="node", how="semi"), count)
    placed = meetings.filter(pl.col("kind") == "address")["node"].implode()
    kind = pl.when(pl.col("node").is_in(placed)).then(pl.lit("address")).otherwise(pl.lit("phone"))
    return pl.concat([small, cut]).with_columns(linked_by=kind)


def _joined(meetings: pl.DataFrame, count: int) -> pl.DataFrame:
    links = meetings.filter(pl.col("node") != pl.col("first")).select(node_l="first", node_r="node")
    found = components(count, links)
    return found.filter(pl.len().over("component") > 1)


def _named(grouped: pl.DataFrame, issued: pl.DataFrame) -> pl.DataFrame:
    """The members with their `household_id`."""
    as_record = {"source": pl.lit("customer"), "record_id": pl.col("customer_id")}
    before = issued.select(**as_record, customer_id=pl.col("household_id"), assigned_at=pl.col("assigned_at"))
    kept = inherit(grouped.select(cluster="component", **as_record), before)
    unnamed = grouped.filter(~pl.col("component").is_in(pl.Series(list(kept), dtype=pl.Int64).implode()))
    founders = unnamed.sort("component", "customer_id").group_by("component", maintain_order=True).agg("customer_id")
    ids = kept | _new_ids(founders.iter_rows(), set(issued["household_id"]))
    names = pl.DataFrame(list(ids.items()), schema={"component": pl.Int64, "household_id": pl.String}, orient="row")
    return grouped.join(names, on="component")


def _new_ids(founders: Iterable[tuple[int, list[str]]], taken: set[str]) -> dict[int, str]:
    """An id a household, derived from all its first members: only the same people can be given it again."""
    fresh: dict[int, str] = {}
    for component, members in founders:
        attempt = 0
        while (candidate := _derived(members, attempt)) in taken:
            attempt += 1
        fresh[component] = candidate
    return fresh


def _derived(members: list[str], attempt: int) -> str:
    digest = hashlib.sha256("\x1f".join([*members, str(attempt)]).encode()).digest()
    return "h_" + base64.b32encode(digest).decode().lower()[:20]
