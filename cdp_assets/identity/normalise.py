"""Applies a normaliser to a column once per distinct value."""

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl


def distinct_map(
    frame: pl.DataFrame,
    inputs: Sequence[str],
    outputs: dict[str, pl.DataType],
    function: Callable[..., tuple[Any, ...]],
) -> pl.DataFrame:
    """The frame in its order, with `outputs` added: what `function` returns for the row's `inputs`."""
    distinct = frame.select(inputs).unique(maintain_order=True)
    rows = [function(*row) for row in distinct.iter_rows()]
    results = pl.DataFrame(rows, schema=outputs, orient="row")
    return frame.join(
        pl.concat([distinct, results], how="horizontal"),
        on=list(inputs),
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
