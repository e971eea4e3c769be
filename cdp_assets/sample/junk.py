"""Broken lines, as exports have them: they are added to the good ones and belong to nobody."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import polars as pl

from cdp_assets.sample.randomness import generator

CONTACT_LINES = [b"0035g0BROKENTOOFEWAAA,,Nobody\n", b"0035g0BROKENTOOMANYAA" + b",surplus" * 30 + b"\n"]
TICKET_LINES = [b"99999001,2026-01-05 10:00:00 UTC\n", b"99999002" + b",surplus" * 15 + b"\n"]
JSON_LINES = [
    b'{"id": 1, "email": "cut.off@exam\n',
    b'["an", "array", "instead", "of", "an", "object"]\n',
    b"not json at all\n",
]
INVALID_UTF8_LINE = (
    b'{"messageId":"msg-invalid-utf8","type":"page","name":"/caf\xe9","anonymousId":"broken","userId":null}\n'
)


def with_broken_lines(
    rows: pl.DataFrame, encode: Callable[[pl.DataFrame], bytes], broken: list[bytes], seed: int, topic: str
) -> bytes:
    """The rows as `encode` writes them (without a header), the broken lines between them where the seed decides."""
    cuts = np.sort(generator(seed, f"junk.{topic}").integers(0, len(rows) + 1, len(broken)))
    edges = [0, *(int(cut) for cut in cuts), len(rows)]
    pieces = [encode(rows[start:stop]) for start, stop in pairwise(edges)]
    return pieces[0] + b"".join(line + piece for line, piece in zip(broken, pieces[1:], strict=True))
