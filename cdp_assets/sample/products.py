"""The shop's catalogue: 200 products in twelve categories, the same for every seed."""

from functools import cache

import numpy as np
import polars as pl

from cdp_assets.sample.words import word_list

_LINES = ["Classic", "Organic", "Deluxe"]
_COUNT = 200


@cache
def products() -> pl.DataFrame:
    """`product_id`, `title`, `product_type` (category) and `cents` (price), ordered by category."""
    base = word_list("products")
    row, line = np.divmod(np.arange(_COUNT), len(_LINES))
    kind = base[row]
    typical = kind["typical_price_cents"].cast(pl.Int64).to_numpy()
    price = typical * (80 + 35 * line + (row * 13) % 50) // 100
    return pl.DataFrame(
        {
            "product_id": 7_100_000_000 + np.arange(_COUNT),
            "title": pl.Series(_LINES).gather(line) + " " + kind["product"],
            "product_type": kind["category"],
            "cents": price // 100 * 100 + 99,
        }
    )
