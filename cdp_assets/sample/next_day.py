"""What arrives the day after the sample: a few new and changed contacts, orders and events, for an incremental run."""

from pathlib import Path

import numpy as np
import polars as pl

from cdp_assets.sample.calendar import DAY_MS, END_MS, NEXT_DAY_AS_OF
from cdp_assets.sample.crm import COLUMNS, salesforce_id
from cdp_assets.sample.exports import Export, write_exports
from cdp_assets.sample.orders import order_export, order_lines, with_revenue
from cdp_assets.sample.randomness import between, generator
from cdp_assets.sample.timestamps import SALESFORCE, SEGMENT, written
from cdp_assets.sample.write import DEFAULT_SEED, SampleSummary, Systems, draw_systems

_SUFFIX = "2026-07-01"


def write_next_day(landing_dir: Path, people: int = 5000, seed: int = DEFAULT_SEED) -> SampleSummary:
    """Add the files of 2026-07-01 beside those of `write_sample` with the same `people` and `seed`.

    About one contact in a hundred changed its e-mail (same Id), one in two hundred is a new double of a known person;
    one customer in two hundred orders again and is seen on the web. A new contact is the person of its e-mail.
    """
    drawn = draw_systems(people, seed)
    rng = generator(seed, "next_day")
    orders, lines = _orders(rng, drawn, seed)
    exports = [
        Export(f"crm/contacts_sample_{_SUFFIX}.csv", _contacts(rng, drawn.contacts)),
        Export(f"shop/orders_sample_{_SUFFIX}.jsonl", order_export(orders, lines, seed)),
        Export(f"web/events_sample_{_SUFFIX}.jsonl", _events(rng, orders)),
    ]
    files = write_exports(landing_dir, exports, seed)
    return SampleSummary(as_of=NEXT_DAY_AS_OF, people=people, records=len(exports[0].rows), files=files)


def _contacts(rng: np.random.Generator, contacts: pl.DataFrame) -> pl.DataFrame:
    size = len(contacts)
    with_email = contacts.filter(pl.col("Email").str.contains("@") & (pl.col("IsDeleted") == "false"))
    chosen = with_email[rng.permutation(len(with_email))[: size // 100 + size // 200]]
    changed, new = chosen[: size // 100], chosen[size // 100 :]
    changed = changed.with_columns(Email=pl.lit("new.") + pl.col("Email").str.strip_chars())
    moment = written(_today(rng, len(new)), SALESFORCE)
    number = pl.Series(size + np.arange(len(new)))
    new = new.with_columns(Id=salesforce_id("003", number), CreatedDate=moment, MailingStreet=pl.lit(None, pl.String))
    both = pl.concat([changed, new])
    return both.with_columns(LastModifiedDate=written(_today(rng, len(both), later=True), SALESFORCE)).select(COLUMNS)


def _orders(rng: np.random.Generator, drawn: Systems, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    count = max(1, len(drawn.customers) // 200)
    known = drawn.orders.filter(pl.col("customer").is_not_null() & ~pl.col("cancelled"))
    again = known[rng.permutation(len(known))[:count]].with_columns(
        number=pl.Series(np.arange(count)), at=pl.Series(_today(rng, count)).sort(), refunded=False, cancelled=False
    )
    lines = order_lines(again.drop("total", "revenue"), seed + 1)
    shift = len(drawn.orders)
    lines = lines.with_columns(pl.col("number") + shift, pl.col("line") + len(drawn.lines))
    again = again.drop("total", "revenue").with_columns(pl.col("number") + shift)
    return with_revenue(again, lines), lines


def _events(rng: np.random.Generator, orders: pl.DataFrame) -> pl.DataFrame:
    at = orders["at"]
    return orders.select(
        line=pl.struct(
            (pl.lit("msg-next-day-") + pl.col("number").cast(pl.String)).alias("messageId"),
            pl.lit("track").alias("type"),
            pl.lit("Order Completed").alias("event"),
            pl.struct("revenue", "currency").alias("properties"),
            pl.col("customer").cast(pl.String).alias("userId"),
            (pl.lit("next-day-") + pl.col("person").cast(pl.String)).alias("anonymousId"),
            written(at, SEGMENT).alias("originalTimestamp"),
            written(at, SEGMENT).alias("timestamp"),
            written(at + 150, SEGMENT).alias("sentAt"),
            written(at + 400 + pl.Series(rng.integers(0, 900, len(at))), SEGMENT).alias("receivedAt"),
        ).struct.json_encode()
    )


def _today(rng: np.random.Generator, size: int, *, later: bool = False) -> pl.Series:
    """Moments of the next day; `later` ones lie in its last two hours, the others before."""
    begin = END_MS + 1000
    return pl.Series(
        between(
            rng, begin + (22 * DAY_MS // 24 if later else 0), begin + (24 if later else 22) * DAY_MS // 24 - 2000, size
        )
    )
