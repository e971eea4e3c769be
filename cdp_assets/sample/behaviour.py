"""How customers buy, browse, complain and stop: one timeline that shop, web and support tell from their side.

Each customer has a rhythm (gamma gaps between orders). After every order a customer may stop for good; a refund or a
bad support case makes it far more likely, and browsing falls off before the last order. A churn model can find that.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from cdp_assets.sample.calendar import DAY_MS, END_MS, FIRST_MS, WINDOW_DAYS
from cdp_assets.sample.randomness import Bools, Floats, chance, generator

_MOST_ORDERS = 48
_FADING_DAYS = 50.0


@dataclass(frozen=True)
class Behaviour:
    """`orders`: person, at (ms), refunded, complained, cancelled. `visits`: person, at (ms). Both ordered by time.
    `joined`: person, at (ms) of every shop customer.
    """

    orders: pl.DataFrame
    visits: pl.DataFrame
    joined: pl.DataFrame


def behaviour(people: pl.DataFrame, seed: int) -> Behaviour:
    """The timeline of everybody in the shop, within the sample's 24 months."""
    rng = generator(seed, "behaviour")
    person = people.filter("in_shop")["person"].to_numpy()
    size = len(person)
    days, refunded, complained, stops = _order_days(rng, size)
    last = np.where(days <= WINDOW_DAYS, days, -np.inf).max(axis=1)
    lapsed_at = np.where(stops, last, np.inf)
    kept = (days >= 0) & (days < WINDOW_DAYS)
    row, column = np.nonzero(kept)
    orders = pl.DataFrame(
        {
            "person": person[row],
            "at": _milliseconds(rng, days[row, column]),
            "refunded": refunded[row, column],
            "complained": complained[row, column],
            "cancelled": chance(rng, len(row), 0.02),
        }
    ).with_columns(pl.col("refunded") & ~pl.col("cancelled"))
    start = np.where(np.isfinite(days[:, 0]), np.maximum(days[:, 0], -300.0), 0.0)
    joined = pl.DataFrame({"person": person, "at": _milliseconds(rng, start) - 3_600_000})
    visits = _visits(rng, person, start, lapsed_at)
    return Behaviour(orders.sort("at", "person"), visits.sort("at", "person"), joined)


def _order_days(rng: np.random.Generator, size: int) -> tuple[Floats, Bools, Bools, Bools]:
    """Order days (infinite once a customer stopped), which were refunded, which ended in a complaint, who stopped."""
    mean_gap = np.clip(rng.lognormal(np.log(62.0), 0.55, size), 16, 280)
    shape = rng.uniform(1.4, 6.0, size)
    gaps = rng.gamma(shape[:, None], (mean_gap / shape)[:, None], (size, _MOST_ORDERS))
    gaps[:, 0] = rng.uniform(-120, WINDOW_DAYS - 10, size)
    days = np.cumsum(gaps, axis=1)
    refunded = chance(rng, days.size, 0.05).reshape(days.shape)
    complained = chance(rng, days.size, 0.035).reshape(days.shape)
    restless = np.clip(rng.lognormal(np.log(0.035), 0.8, size), 0.005, 0.3)
    hazard = restless[:, None] + 0.3 * refunded + 0.45 * complained
    stopping = (rng.random(days.shape) < hazard) & (days >= 0) & (days < WINDOW_DAYS)
    stopped_before = np.cumsum(stopping, axis=1) - stopping > 0
    days[stopped_before] = np.inf
    return days, refunded, complained, stopping.any(axis=1)


def _visits(rng: np.random.Generator, person: np.ndarray, start: Floats, lapsed_at: Floats) -> pl.DataFrame:
    """Visits without an order, at a personal rate; rarer in the weeks before a customer stops, and rare after."""
    begin = np.maximum(start, 0.0)
    gap = np.clip(rng.lognormal(np.log(34.0), 0.5, len(person)), 8, 150)
    count = rng.poisson((WINDOW_DAYS - begin) / gap)
    who = np.repeat(np.arange(len(person)), count)
    day = begin[who] + rng.random(len(who)) * (WINDOW_DAYS - begin[who])
    before_stop = lapsed_at[who] - day
    keep = np.where(before_stop > _FADING_DAYS, 1.0, np.where(before_stop > -10, 0.35, 0.06))
    kept = rng.random(len(who)) < keep
    return pl.DataFrame({"person": person[who[kept]], "at": _milliseconds(rng, day[kept])})


def _milliseconds(rng: np.random.Generator, day: Floats) -> np.ndarray:
    """The day's fraction replaced by a time of day that shops see: few at night, most in the evening."""
    hour = np.clip(rng.normal(16.5, 4.2, len(day)), 0.2, 23.5)
    at = FIRST_MS + (np.floor(day) * DAY_MS + hour * 3_600_000 + rng.integers(0, 1000, len(day))).astype(np.int64)
    return np.minimum(at, END_MS - 1_800_000)
