"""The one seam to Splink: training and scoring in an in-memory DuckDB of their own, never in the warehouse."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import polars as pl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.internals.blocking_rule_creator import BlockingRuleCreator
from splink.internals.blocking_rule_library import CustomRule
from splink.internals.exceptions import EMTrainingException

from cdp_assets.identity.comparisons import BLOCKING, TERM_FREQUENCIES, TRAINING, comparisons, teaches
from cdp_assets.identity.model import MatchModel

__all__ = ["TERM_FREQUENCIES", "score", "trained_settings"]

_TEXTS = ("first_name", "last_name", "email", "phone", "street", "city", "postal_code")


def trained_settings(nodes: pl.DataFrame, prior: float, pairs: int, seed: int) -> tuple[dict[str, Any], str | None]:
    """Splink's settings with trained parameters, or the reason why nothing could be learned.

    Args:
        nodes: as `keys.nodes_of`.
        prior: the chance that two random records match, 0 to 1.
        pairs: how many random pairs to sample for the u parameters.
        seed: of the sampling.
    """
    creator = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="node",
        comparisons=comparisons(),
        blocking_rules_to_generate_predictions=[_blocking(rule) for rule in BLOCKING],
        probability_two_random_records_match=prior,
        retain_matching_columns=False,
        linker_uid="identity",
    )
    inputs = _inputs(nodes)
    known = {column for column in inputs.columns if inputs[column].is_not_null().any()}
    with _linker(inputs, creator) as linker:
        linker.training.estimate_u_using_random_sampling(max_pairs=pairs, seed=seed, num_chunks=1)
        learned = sum(_learn(linker, rule) for rule in TRAINING if teaches(rule, known))
        if not learned:
            return {}, "no two records agree on the keys that training starts from"
        settings: dict[str, Any] = linker.misc.save_model_to_json()
    return settings, None


def score(nodes: pl.DataFrame, clusters: pl.DataFrame, model: MatchModel) -> pl.DataFrame:
    """The pairs at or above the model's threshold that rules have not joined.

    Records that look the same inside a cluster are compared once, by their first.

    Args:
        nodes: as `keys.nodes_of`.
        clusters: `node`, `component` of the rules.
        model: a trained one.

    Returns:
        `node_l` < `node_r`, `match_weight`, `match_probability`.
    """
    inputs = _inputs(nodes).join(clusters, on="node", maintain_order="left")
    looks = [name for name in inputs.columns if name != "node"]
    texts = [pl.col(name).list.join(" ") if name == "name_forms" else pl.col(name) for name in looks]
    inputs = inputs.filter(pl.col("node") == pl.col("node").min().over(texts))
    with _linker(inputs, model.settings) as linker:
        for column in TERM_FREQUENCIES:
            shares = _term_frequencies(inputs, column, model)
            table = linker._db_api.register(shares.to_arrow(), dataset_display_name=f"shares_{column}")
            linker.table_management.register_term_frequency_lookup(table, column)
        found = linker.inference.predict(threshold_match_probability=model.threshold, warning_mode="never")
        scored = pl.DataFrame(found.as_duckdbpyrelation().to_arrow_table())
    ordered = scored.select(
        pl.min_horizontal("node_l", "node_r").alias("node_l"),
        pl.max_horizontal("node_l", "node_r").alias("node_r"),
        "match_weight",
        "match_probability",
    )
    return ordered.sort("node_l", "node_r")


def _inputs(nodes: pl.DataFrame) -> pl.DataFrame:
    return nodes.select(
        "node",
        *_TEXTS,
        "name_forms",
        pl.col("first_name").str.split(" ").list.first().alias("given"),
        pl.col("email").str.split("@").list.first().alias("email_name"),
        pl.col("date_of_birth").dt.to_string("%Y-%m-%d"),
    )


def _blocking(columns: tuple[str, ...]) -> BlockingRuleCreator:
    agree = " AND ".join(f"l.{column} = r.{column}" for column in columns)
    return CustomRule(f"{agree} AND l.component <> r.component")


def _learn(linker: Linker, rule: tuple[str, ...]) -> bool:
    try:
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*rule), max_pairs=1_000_000)
    except EMTrainingException:
        return False
    return True


def _term_frequencies(inputs: pl.DataFrame, column: str, model: MatchModel) -> pl.DataFrame:
    """The frozen share of every value present; one never seen in training counts as the rarest that could be."""
    known = model.term_frequencies[column]
    values = inputs[column].drop_nulls().unique().sort()
    rarest = 1 / (model.records + 1)
    return pl.DataFrame({column: values, f"tf_{column}": [known.get(value, rarest) for value in values]})


@contextmanager
def _linker(inputs: pl.DataFrame, settings: SettingsCreator | dict[str, Any]) -> Iterator[Linker]:
    logger = logging.getLogger("splink")
    level = logger.level
    logger.setLevel(logging.ERROR)
    with duckdb.connect(":memory:") as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        connection.execute("SET enable_progress_bar = false")
        table = DuckDBAPI(connection).register(inputs.to_arrow(), dataset_display_name="records")
        try:
            yield Linker(table, settings, log_level=None, validate_settings=False)
        finally:
            logger.setLevel(level)
