"""Splink's linker on the workbench's nodes, to train with."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import duckdb
from splink import DuckDBAPI, Linker, block_on
from splink.internals.exceptions import SplinkException

from cdp_assets.identity.scoring.settings import Settings


@contextmanager
def linker(connection: duckdb.DuckDBPyConnection, settings: Settings) -> Iterator[Linker]:
    """Splink on `nodes`, quiet, with nothing of it left in the connection afterwards."""
    logger = logging.getLogger("splink")
    level = logger.level
    logger.setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        connection.execute(
            "CREATE OR REPLACE VIEW teaching AS SELECT COLUMNS(lambda name: NOT starts_with(name, 'tf_')) FROM nodes"
        )
        nodes = DuckDBAPI(connection).register("teaching", dataset_display_name="records_compared")
        opened = Linker(nodes, settings, log_level=None, validate_settings=False)
        try:
            yield opened
        finally:
            opened.table_management.delete_tables_created_by_splink_from_db()  # type: ignore[no-untyped-call]
            logger.setLevel(level)


def train(opened: Linker, rules: Sequence[tuple[str, ...]], pairs: int, seed: int) -> None:
    """Splink's own training: u from random pairs, m by expectation maximisation.

    Raises:
        TooFewPairsError: a rule shows too few pairs to learn from; Splink is left half trained, and of no use.
    """
    opened.training.estimate_u_using_random_sampling(max_pairs=pairs, seed=seed, num_chunks=1)
    for rule in rules:
        try:
            opened.training.estimate_parameters_using_expectation_maximisation(block_on(*rule), max_pairs=pairs)
        except (SplinkException, ValueError) as error:
            raise TooFewPairsError(rule) from error


class TooFewPairsError(Exception):
    """Carries the rule that cannot be learned from."""

    def __init__(self, rule: tuple[str, ...]) -> None:
        super().__init__(" and ".join(rule))
        self.rule = rule
