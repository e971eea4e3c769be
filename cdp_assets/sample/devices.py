"""Browsers: which anonymous id a person's visit carries. Some households share one."""

import numpy as np
import polars as pl

from cdp_assets.sample.randomness import chance


def devices(rng: np.random.Generator, people: pl.DataFrame, person: pl.Series) -> pl.Series:
    """The anonymousId of each visit: most people use one browser or two; in some households two people share one."""
    size = len(people)
    keys = rng.integers(16**7, 16**8, (2, size))
    second_own = chance(rng, size, 0.35)
    shares = (people["seat"].to_numpy() == 1) & chance(rng, size, 0.12)
    main = np.where(shares, np.roll(keys[0], 1), keys[0])
    who = person.to_numpy()
    elsewhere = second_own[who] & chance(rng, len(who), 0.4)
    key = np.where(elsewhere, keys[1][who], main[who])
    number = np.where(elsewhere, who + size, np.where(shares[who], who - 1, who))
    text = pl.Series(key).cast(pl.String).str.zfill(10)
    tail = pl.Series(number).cast(pl.String).str.zfill(12)
    return text.str.slice(0, 8) + "-" + text.str.slice(6) + "-4a0b-8c1d-" + tail
