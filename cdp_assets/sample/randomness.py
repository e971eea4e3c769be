"""Seeded draws. Every topic has its own generator, so that a change in one file leaves the others as they were."""

import zlib

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def generator(seed: int, topic: str) -> np.random.Generator:
    """A generator that depends on the seed and the topic's name alone."""
    return np.random.default_rng([seed, zlib.crc32(topic.encode())])


def skewed(rng: np.random.Generator, pool: int, size: int, softness: float = 25.0) -> Ints:
    """`size` positions in a list of `pool` entries ordered by popularity: the chance falls as 1 / (rank + softness)."""
    weights = 1.0 / (np.arange(pool) + softness)
    edges = np.cumsum(weights / weights.sum())
    return np.minimum(np.searchsorted(edges, rng.random(size)), pool - 1).astype(np.int64)


def chance(rng: np.random.Generator, size: int, probability: float | Floats) -> Bools:
    """Which of `size` draws came true."""
    return np.asarray(rng.random(size) < probability)


def between(rng: np.random.Generator, low: Ints | int, high: Ints | int, size: int) -> Ints:
    """Whole numbers from `low` up to and including `high`, element by element; `low` where the bounds cross."""
    span = np.maximum(np.asarray(high) - np.asarray(low), 0)
    return np.asarray(low + np.floor(rng.random(size) * (span + 1)), dtype=np.int64)
