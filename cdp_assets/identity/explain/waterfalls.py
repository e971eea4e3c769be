"""Scores a few pairs once more with the frozen model, and keeps what is added up on the way."""

from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import polars as pl
from splink.internals.misc import prob_to_match_weight

from cdp_assets.identity.explain.explanation import Step, Waterfall
from cdp_assets.identity.keys import LISTS
from cdp_assets.identity.scoring.compare import COLUMNS
from cdp_assets.identity.scoring.comparisons import COMPARISONS
from cdp_assets.identity.scoring.contexts import CONTEXTS
from cdp_assets.identity.scoring.model import MatchModel
from cdp_assets.identity.scoring.scores import compiled
from cdp_assets.identity.scoring.settings import Settings
from cdp_assets.identity.scoring.workbench import Limits, load_nodes, workbench

Pair = tuple[int, int]
_COMPARED = {comparison.name: comparison.columns for comparison in COMPARISONS}
_COMPARED |= {key: (entry.column,) for key, entry in LISTS.items() if key in _COMPARED}
_GIVEN = {context.name: context.given for context in CONTEXTS}


def waterfalls(model: MatchModel, records: pl.DataFrame, pairs: pl.DataFrame) -> dict[Pair, Waterfall]:
    """How the match weight of each pair came about, by its numbers; pairs of a context the model lacks are left out.

    Args:
        model: the one that scored the pairs.
        records: rows of `identity.records` that hold them.
        pairs: rows of `identity.pairs`.
    """
    found: dict[Pair, Waterfall] = {}
    if pairs.is_empty() or not model.is_trained:
        return found
    values = {row["record_number"]: row for row in records.iter_rows(named=True)}
    with workbench(Limits(threads=1)) as connection:
        load_nodes(connection, records.select(COLUMNS).to_arrow(), model.term_frequencies)
        for context, settings in model.contexts.items():
            inside = pairs.filter(pl.col("context") == context)
            scored = {(row["number_l"], row["number_r"]): row["match_weight"] for row in inside.iter_rows(named=True)}
            prior = prob_to_match_weight(settings["probability_two_random_records_match"])
            for row in _weighed(connection, settings, inside):
                pair = (row["number_l"], row["number_r"])
                steps = tuple(_steps(row, settings, values[pair[0]], values[pair[1]]))
                total = prior + sum(step.weight for step in steps)
                given = _GIVEN.get(context, ())
                found[pair] = Waterfall(context, given, prior, steps, total, model.threshold, scored[pair])
    return found


def _weighed(connection: duckdb.DuckDBPyConnection, settings: Settings, pairs: pl.DataFrame) -> list[dict[str, Any]]:
    """Per pair `gamma_`, `mw_` and `mw_tf_adj_<comparison>`: level, its weight, and that of how rare the value is."""
    if pairs.is_empty():
        return []
    comparisons = compiled(settings).comparisons
    names = {column.unquote().name for one in comparisons for column in one._input_columns_used_by_case_statement}
    names |= {column.unquote().tf_name for one in comparisons for column in one._tf_adjustment_input_columns}
    beside = [f"{side}.{name} AS {name}_{side}" for name in sorted(names) for side in "lr"]
    levels = [one._case_statement for one in comparisons]
    weights = [
        part
        for one in comparisons
        for part in one._columns_to_select_for_match_weight_parts(
            retain_matching_columns=False, retain_intermediate_calculation_columns=False
        )
        if part != one._gamma_column_name
    ]
    connection.register("asked", pairs.select("number_l", "number_r").to_arrow())
    query = (
        f"WITH beside AS (SELECT number_l, number_r, {', '.join(beside)} FROM asked"
        " JOIN nodes AS l ON number_l = l.number JOIN nodes AS r ON number_r = r.number),"
        f" vectors AS (SELECT *, {', '.join(levels)} FROM beside) SELECT *, {', '.join(weights)} FROM vectors"
    )
    rows = connection.sql(query).to_arrow_table().to_pylist()
    connection.unregister("asked")
    return list(rows)


def _steps(
    row: Mapping[str, Any], settings: Settings, left: Mapping[str, Any], right: Mapping[str, Any]
) -> Iterator[Step]:
    for comparison in settings["comparisons"]:
        name = comparison["output_column_name"]
        level = _level(comparison["comparison_levels"], row[f"gamma_{name}"])
        columns = _COMPARED.get(name, (name,))
        sides = _value(left, columns), _value(right, columns)
        yield Step(name, level["label_for_charts"], sides[0], sides[1], row[f"mw_{name}"], is_rarity=False)
        if rare := level.get("tf_adjustment_column"):
            label = f"how common the {rare.replace('_', ' ')} is"
            sides = _value(left, (rare,)), _value(right, (rare,))
            yield Step(name, label, sides[0], sides[1], row[f"mw_tf_adj_{name}"], is_rarity=True)


def _level(levels: list[Settings], gamma: int) -> Settings:
    """Splink numbers the levels from the strongest agreement down to 0, all else; -1 is nothing to compare."""
    if gamma < 0:
        return next(level for level in levels if level.get("is_null_level"))
    return [level for level in levels if not level.get("is_null_level")][-1 - gamma]


def _value(record: Mapping[str, Any], columns: tuple[str, ...]) -> str | None:
    known = [str(record[column]) for column in columns if record.get(column) is not None]
    return ", ".join(known) or None
