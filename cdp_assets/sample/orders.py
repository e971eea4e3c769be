"""Shopify orders with their lines, guest orders, cancellations and refunds."""

import numpy as np
import polars as pl

from cdp_assets.sample.behaviour import Behaviour
from cdp_assets.sample.calendar import DAY_MS, END_MS, FIRST_MS
from cdp_assets.sample.noise import JUNK_EMAILS
from cdp_assets.sample.products import products
from cdp_assets.sample.randomness import between, chance, generator, skewed
from cdp_assets.sample.timestamps import cents, shopify

CURRENCY = {"US": "USD", "GB": "GBP", "FR": "EUR", "DE": "EUR"}
ORDER_BASE = 5_400_000_000_000
_LINES = [1, 2, 3, 4]
_LINE_SHARES = [0.52, 0.28, 0.13, 0.07]


def placed_orders(people: pl.DataFrame, shop: pl.DataFrame, told: Behaviour, seed: int) -> pl.DataFrame:
    """One row an order: `number` (0-based, in time), `person`, `customer` (null for guests), `at`, `email`, `phone`,
    `currency`, `refunded`, `complained`, `cancelled`.
    """
    rng = generator(seed, "shop.orders")
    own = told.orders.join(shop.select("person", "email", "phone", customer="id"), on="person", maintain_order="left")
    both = pl.concat([own, _guests(people, len(told.orders) // 14, rng)], how="diagonal").sort("at", "person")
    country = people["country"].gather(both["person"])
    return both.with_columns(
        number=pl.Series(np.arange(len(both))),
        currency=country.replace_strict(CURRENCY),
        at=pl.Series(np.minimum(both["at"].to_numpy(), END_MS)),
    )


def order_lines(orders: pl.DataFrame, seed: int) -> pl.DataFrame:
    """One row an order line: `number` (of the order), `line`, `quantity`, `cents` each, and the product's columns."""
    rng = generator(seed, "shop.order_lines")
    count = rng.choice(_LINES, p=_LINE_SHARES, size=len(orders))
    number = np.repeat(orders["number"].to_numpy(), count)
    catalogue = products()
    size = len(number)
    # each person comes back to one shelf; products stand shelf by shelf
    shelf = (orders["person"].to_numpy()[number] * 37) % len(catalogue)
    loyal = (shelf + skewed(rng, 17, size, 3.0)) % len(catalogue)
    product = np.where(chance(rng, size, 0.55), loyal, skewed(rng, len(catalogue), size, 30.0))
    rows = catalogue[product].with_columns(
        number=pl.Series(number),
        line=pl.Series(np.arange(size)),
        quantity=pl.Series(rng.choice([1, 2, 3], p=[0.8, 0.15, 0.05], size=size)),
    )
    return rows.sort("number", "line")


def with_revenue(orders: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """The orders with `total` (cents) and `revenue` (a number in the currency's unit, as tracking sends it)."""
    total = lines.group_by("number", maintain_order=True).agg(total=(pl.col("cents") * pl.col("quantity")).sum())
    return orders.join(total, on="number", maintain_order="left").with_columns(revenue=pl.col("total") / 100)


def order_export(orders: pl.DataFrame, lines: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The order export: one row an order, its lines in a list."""
    rng = generator(seed, "shop.order_export")
    items = (
        lines.with_columns(price=cents(lines["cents"]), id=13_900_000_000_000 + pl.col("line"))
        .group_by("number", maintain_order=True)
        .agg(pl.struct("id", "product_id", "title", "product_type", "quantity", "price").alias("line_items"))
    )
    frame = orders.join(items, on="number", maintain_order="left")
    at, size = frame["at"], len(frame)
    cancelled_at = pl.Series(np.minimum(at.to_numpy() + between(rng, 600_000, DAY_MS, size), END_MS))
    touched = pl.Series(np.minimum(at.to_numpy() + between(rng, 60_000, 4 * DAY_MS, size), END_MS))
    status = (
        pl.when("cancelled")
        .then(pl.lit("voided"))
        .when("refunded")
        .then(pl.lit("partially_refunded"))
        .otherwise(pl.lit("paid"))
    )
    return frame.select(
        id=ORDER_BASE + pl.col("number") * 1024,
        name=pl.lit("#") + (1001 + pl.col("number")).cast(pl.String),
        email="email",
        phone="phone",
        customer=pl.when(pl.col("customer").is_not_null()).then(pl.struct(id="customer")),
        created_at=shopify(at),
        processed_at=shopify(at),
        updated_at=shopify(touched),
        cancelled_at=pl.when("cancelled").then(pl.lit(shopify(cancelled_at))),
        currency="currency",
        total_price=cents(frame["total"]),
        financial_status=status,
        source_name=pl.Series(["web", "web", "web", "web", "pos"]).gather(rng.integers(0, 5, size)),
        line_items="line_items",
    )


def refund_export(orders: pl.DataFrame, lines: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The refund export: the first line of every refunded order, some days after it."""
    rng = generator(seed, "shop.refunds")
    frame = orders.filter("refunded").join(
        lines.unique("number", keep="first", maintain_order=True), on="number", maintain_order="left"
    )
    at = frame["at"].to_numpy() + between(rng, 2 * DAY_MS, 21 * DAY_MS, len(frame))
    frame = frame.with_columns(back=pl.Series(at)).filter(pl.col("back") <= END_MS)
    size = len(frame)
    subtotal = cents(frame["cents"] * frame["quantity"])
    note = pl.Series(["Damaged on arrival", "Wrong size", None, "Changed mind 🙁", 'Arrived "too late"']).gather(
        rng.integers(0, 5, size)
    )
    number = pl.col("number")
    return frame.with_columns(subtotal=subtotal).select(
        id=880_000_000_000 + number,
        order_id=ORDER_BASE + number * 1024,
        created_at=shopify(frame["back"]),
        processed_at=shopify(frame["back"]),
        note=note,
        refund_line_items=pl.concat_list(
            pl.struct(
                (440_000_000_000 + number).alias("id"),
                (13_900_000_000_000 + pl.col("line")).alias("line_item_id"),
                "quantity",
                "subtotal",
            )
        ),
        transactions=pl.concat_list(
            pl.struct(
                (660_000_000_000 + number).alias("id"),
                pl.lit("refund").alias("kind"),
                pl.col("subtotal").alias("amount"),
                "currency",
            )
        ),
    )


def _guests(people: pl.DataFrame, count: int, rng: np.random.Generator) -> pl.DataFrame:
    """Orders without a customer: an e-mail, sometimes a phone; now and then an e-mail that is nobody's."""
    person = pl.Series(rng.integers(0, len(people), count))
    junk = pl.Series(JUNK_EMAILS).gather(rng.integers(0, len(JUNK_EMAILS), count))
    return pl.DataFrame(
        {
            "person": person,
            "at": FIRST_MS + (rng.random(count) * (END_MS - FIRST_MS)).astype(np.int64),
            "refunded": chance(rng, count, 0.05),
            "complained": np.zeros(count, dtype=bool),
            "cancelled": np.zeros(count, dtype=bool),
            "email": junk.zip_with(pl.Series(chance(rng, count, 0.03)), people["email"].gather(person)),
        }
    )
