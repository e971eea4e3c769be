"""Reads `identity.id_history`: what became of any id ever issued."""

import polars as pl

_ENDS = ("merged", "retired")


def current_ids(history: pl.DataFrame, customer_id: str) -> list[str]:
    """The ids that now hold what this id held, sorted: itself, its successors, or none when all were retired.

    An id that was never issued gives none.
    """
    return current_id_map(history, [customer_id])["current_customer_id"].drop_nulls().sort().to_list()


def current_id_map(history: pl.DataFrame, customer_ids: list[str] | None = None) -> pl.DataFrame:
    """`customer_id`, `current_customer_id`: one row a successor, null where an id has none; for all ids by default."""
    moves = history.filter(pl.col("event").is_in(["merged", "split"]))
    moves = moves.select("customer_id", "other_customer_id").drop_nulls().unique()
    ended = history.filter(pl.col("event").is_in(_ENDS)).select("customer_id").unique()
    issued = history.select("customer_id").unique()
    if customer_ids is not None:
        wanted = pl.DataFrame({"customer_id": customer_ids}, schema={"customer_id": pl.String}).unique()
        issued = issued.join(wanted, on="customer_id", how="semi")
    reached = _closure(issued, moves)
    alive = reached.join(ended, left_on="current_customer_id", right_on="customer_id", how="anti")
    return issued.join(alive, on="customer_id", how="left").sort("customer_id", "current_customer_id")


def _closure(start: pl.DataFrame, moves: pl.DataFrame) -> pl.DataFrame:
    """Every id reachable from each id by any number of moves, itself included."""
    reached = start.select("customer_id", current_customer_id="customer_id")
    frontier = reached
    while frontier.height:
        steps = frontier.join(moves.rename({"customer_id": "current_customer_id"}), on="current_customer_id")
        further = steps.select("customer_id", current_customer_id="other_customer_id").unique()
        frontier = further.join(reached, on=["customer_id", "current_customer_id"], how="anti")
        reached = pl.concat([reached, frontier])
    return reached
