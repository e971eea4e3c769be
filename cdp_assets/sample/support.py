"""The help desk's ticket export."""

import numpy as np
import polars as pl

from cdp_assets.sample.calendar import DAY_MS, END_MS, FIRST_MS
from cdp_assets.sample.noise import JUNK_EMAILS, Profile, records, with_junk
from cdp_assets.sample.phones import mixed
from cdp_assets.sample.randomness import between, chance, generator
from cdp_assets.sample.timestamps import SUPPORT, written

_PROFILE = Profile(email=0.8, email_2=0.12, mobile=0.6, mobile_2=0.04, nickname=0.12, hopeless=0.12)
_BAD = [
    "Order never arrived",
    "Broken on arrival, nobody answers",
    "Charged twice 😡",
    'Third time I ask: "where is it?"',
]
_PLAIN = [
    "How do I change my address?",
    "Invoice needed",
    "Opening hours",
    "Question about\nmy last order",
    "Gift card",
]


def tickets(people: pl.DataFrame, orders: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The ticket export plus `person`: complaints after orders, and plain questions of people in `in_support`."""
    rng = generator(seed, "support")
    bad = orders.filter(pl.col("complained") & pl.col("customer").is_not_null()).select(
        "person", "at", bad=pl.lit(value=True)
    )
    bad = bad.filter(pl.Series(chance(rng, len(bad), 0.45)))
    asking = people.filter("in_support")["person"]
    at = FIRST_MS + (rng.random(len(asking)) * (END_MS - FIRST_MS)).astype(np.int64)
    plain = pl.DataFrame({"person": asking, "at": at, "bad": np.zeros(len(asking), dtype=bool)})
    both = pl.concat([bad, plain], how="vertical_relaxed").sort("at", "person")
    return _export(rng, both, records(people, both["person"], rng, _PROFILE))


def _export(rng: np.random.Generator, both: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    size = len(both)
    created = np.minimum(both["at"].to_numpy() + between(rng, DAY_MS // 24, 6 * DAY_MS, size), END_MS)
    updated = np.minimum(created + between(rng, DAY_MS // 24, 9 * DAY_MS, size), END_MS)
    bad = both["bad"]
    phone = mixed(rng, rows["number"].fill_null(""), rows["country"], chance(rng, size, 0.85))
    phone = pl.Series([None] * size, dtype=pl.String).zip_with(rows["number"].is_null(), phone)
    subject = (
        pl.Series(_BAD)
        .gather(rng.integers(0, len(_BAD), size))
        .zip_with(bad, pl.Series(_PLAIN).gather(rng.integers(0, len(_PLAIN), size)))
    )
    status = (
        pl.Series(["open", "pending"])
        .gather(rng.integers(0, 2, size))
        .zip_with(
            bad & pl.Series(chance(rng, size, 0.4)), pl.Series(["solved", "closed"]).gather(rng.integers(0, 2, size))
        )
    )
    return pl.DataFrame(
        {
            "ticket_id": (40_000 + pl.Series(np.arange(size)) * 3).cast(pl.String),
            "created_at": written(created, SUPPORT),
            "updated_at": written(updated, SUPPORT),
            "status": status,
            "subject": subject,
            "requester_name": rows["first"] + " " + rows["last"],
            "requester_email": with_junk(rng, rows["email"], JUNK_EMAILS, 0.2),
            "requester_phone": phone,
            "channel": pl.Series(["email", "email", "chat", "phone"]).gather(rng.integers(0, 4, size)),
            "person": rows["person"],
        }
    )
