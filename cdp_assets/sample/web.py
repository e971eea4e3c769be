"""Segment events around visits: pages and tracks, identify calls on login, late arrivals and messages sent twice."""

import numpy as np
import polars as pl

from cdp_assets.sample.behaviour import Behaviour
from cdp_assets.sample.calendar import END_MS
from cdp_assets.sample.devices import devices
from cdp_assets.sample.products import products
from cdp_assets.sample.randomness import between, chance, generator, skewed
from cdp_assets.sample.timestamps import SEGMENT, cents, written

_PATHS = ["/", "/collections/all", "/pages/about", "/collections/sale", "/blogs/news"]
_AGENTS = [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
    "Mozilla/5.0 (Macintosh)",
]
_HOUR_MS = 3_600_000


def events(people: pl.DataFrame, shop: pl.DataFrame, orders: pl.DataFrame, told: Behaviour, seed: int) -> pl.DataFrame:
    """`line` (JSON text), `received` (ms), `user` (null while anonymous) and `person`, in the order of arrival."""
    rng = generator(seed, "web")
    sessions = _sessions(rng, people, shop, orders, told)
    steps = _steps(rng, sessions)
    at = np.minimum(steps["at"].to_numpy(), END_MS - 2000)
    late = np.where(chance(rng, len(steps), 0.02), between(rng, _HOUR_MS, 70 * _HOUR_MS, len(steps)), 400)
    received = np.minimum(at + late + rng.integers(0, 1200, len(steps)), END_MS)
    uuid = _uuids(rng, len(steps))
    steps = steps.with_columns(at=pl.Series(at), received=pl.Series(received), message="msg-" + uuid)
    again = steps.filter(pl.Series(chance(rng, len(steps), 0.01)))
    again = again.with_columns(received=pl.Series(np.minimum(again["received"].to_numpy() + 90_000, END_MS)))
    every = pl.concat([steps, again]).sort("received", "message", maintain_order=True)
    return every.select("received", "user", "person", "type", line=_line(every))


def _sessions(
    rng: np.random.Generator, people: pl.DataFrame, shop: pl.DataFrame, orders: pl.DataFrame, told: Behaviour
) -> pl.DataFrame:
    """One row a visit: `person`, `at`, `order` (null when browsing), `user` (null if not logged in), `device`."""
    surfing = people.select("person", "in_web")
    bought = (
        orders.filter(pl.col("customer").is_not_null())
        .select("person", "at", "currency", "revenue", order="number")
        .join(surfing, on="person", maintain_order="left")
    )
    browsed = told.visits.join(surfing, on="person", maintain_order="left").with_columns(order=pl.lit(None, pl.Int64))
    rows = pl.concat([bought.filter("in_web"), browsed], how="diagonal_relaxed")
    rows = (
        rows.filter(pl.Series(chance(rng, len(rows), 0.85))).sort("at", "person").with_columns(pl.col("at") - 900_000)
    )
    owned = shop.select("person", customer="id", email="email", phone="phone", first="first_name", last="last_name")
    rows = rows.join(owned, on="person", maintain_order="left").join(
        people.select("person", "email_2"), on="person", maintain_order="left"
    )
    logged_in = np.where(rows["order"].is_not_null().to_numpy(), 0.92, 0.55) > rng.random(len(rows))
    user = pl.when(pl.col("in_web") & pl.lit(pl.Series(logged_in))).then(pl.col("customer").cast(pl.String))
    rows = rows.with_columns(user=user, device=devices(rng, people, rows["person"]))
    fresh = pl.struct("user", "device").is_first_distinct()
    return rows.with_columns(
        identify=pl.col("user").is_not_null() & (fresh | pl.lit(pl.Series(chance(rng, len(rows), 0.12))))
    )


def _steps(rng: np.random.Generator, sessions: pl.DataFrame) -> pl.DataFrame:
    """The visits' messages: a page first (anonymous even when a login follows), a product, the order."""
    size = len(sessions)
    catalogue = products()[skewed(rng, len(products()), size, 30.0)]
    sessions = sessions.with_columns(
        session=pl.Series(np.arange(size)),
        path=pl.Series(_PATHS).gather(rng.integers(0, len(_PATHS), size)),
        agent=pl.Series(_AGENTS).gather(rng.integers(0, len(_AGENTS), size)),
        changed=pl.Series(chance(rng, size, 0.06)),
        product_id=catalogue["product_id"].cast(pl.String),
        title=catalogue["title"],
        category=catalogue["product_type"],
        price=cents(catalogue["cents"]).cast(pl.Float64),
    )
    anonymous_first = pl.when(~pl.col("identify")).then("user")
    page = sessions.with_columns(type=pl.lit("page"), event=pl.lit(None, pl.String), user=anonymous_first)
    login = sessions.filter("identify").with_columns(
        pl.col("at") + 20_000, type=pl.lit("identify"), event=pl.lit(None, pl.String)
    )
    viewed = sessions.filter(pl.Series(chance(rng, size, 0.7))).with_columns(
        pl.col("at") + 45_000, type=pl.lit("track"), event=pl.lit("Product Viewed")
    )
    added = sessions.filter(pl.col("order").is_not_null() | pl.Series(chance(rng, size, 0.12))).with_columns(
        pl.col("at") + 120_000, type=pl.lit("track"), event=pl.lit("Product Added")
    )
    done = sessions.filter(pl.col("order").is_not_null()).with_columns(
        pl.col("at") + 900_000, type=pl.lit("track"), event=pl.lit("Order Completed")
    )
    return pl.concat([page, login, viewed, added, done], how="vertical_relaxed")


def _line(every: pl.DataFrame) -> pl.Series:
    """JSON text: each kind of message has only the keys that Segment gives it."""
    stamped = every.with_columns(
        original=written(every["at"], SEGMENT),
        sent=written(every["at"] + 150, SEGMENT),
        arrived=written(every["received"], SEGMENT),
        url=pl.lit("https://shop.example") + pl.col("path"),
        traits_email=pl.when("changed").then("email_2").otherwise("email"),
    ).with_row_index("row")
    kinds: list[tuple[pl.Expr, list[pl.Expr | str]]] = [
        (
            pl.col("type") == "page",
            [pl.col("path").alias("name"), pl.struct("path", "url", title=pl.lit("Shop")).alias("properties")],
        ),
        (pl.col("type") == "identify", [_traits()]),
        (pl.col("event") == "Order Completed", ["event", _order()]),
        ((pl.col("type") == "track") & (pl.col("event") != "Order Completed"), ["event", _product()]),
    ]
    parts = [_encoded(stamped.filter(chosen), message) for chosen, message in kinds]
    return pl.concat(parts).sort("row")["line"]


def _encoded(rows: pl.DataFrame, body: list[pl.Expr | str]) -> pl.DataFrame:
    context = pl.struct(
        pl.struct("url", "path").alias("page"),
        pl.col("agent").alias("userAgent"),
        (1_700_000_000 + pl.col("session")).alias("sessionId"),
        pl.struct(pl.lit("analytics.js").alias("name"), pl.lit("next-1.76.1").alias("version")).alias("library"),
    ).alias("context")
    ends = [
        pl.col("original").alias("originalTimestamp"),
        pl.col("original").alias("timestamp"),
        pl.col("sent").alias("sentAt"),
        pl.col("arrived").alias("receivedAt"),
    ]
    whole = pl.struct(
        pl.col("message").alias("messageId"),
        "type",
        *body,
        pl.col("user").alias("userId"),
        pl.col("device").alias("anonymousId"),
        *ends,
        context,
    )
    return rows.select("row", line=whole.struct.json_encode())


def _traits() -> pl.Expr:
    return pl.struct(
        pl.col("traits_email").alias("email"),
        pl.col("first").alias("firstName"),
        pl.col("last").alias("lastName"),
        "phone",
    ).alias("traits")


def _product() -> pl.Expr:
    return pl.struct("product_id", pl.col("title").alias("name"), "category", "price").alias("properties")


def _order() -> pl.Expr:
    order_id = (5_400_000_000_000 + pl.col("order") * 1024).cast(pl.String)
    return pl.struct(order_id.alias("order_id"), pl.col("revenue"), "currency").alias("properties")


def _uuids(rng: np.random.Generator, size: int) -> pl.Series:
    high, low = (pl.Series(rng.integers(0, 10**12, size)).cast(pl.String).str.zfill(12) for _ in range(2))
    return (
        high.str.slice(0, 8)
        + "-"
        + high.str.slice(8)
        + "-4"
        + low.str.slice(0, 3)
        + "-8"
        + low.str.slice(3, 3)
        + "-"
        + low.str.slice(0, 12)
    )
