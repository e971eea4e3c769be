"""Compares records with a frozen model: each pair that shares a blocking key, with its weight."""

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from cdp_assets.identity.contracts import PAIRS
from cdp_assets.identity.scoring.blocking import find_pairs
from cdp_assets.identity.scoring.contexts import in_context
from cdp_assets.identity.scoring.model import MatchModel
from cdp_assets.identity.scoring.scores import scoring_query
from cdp_assets.identity.scoring.workbench import Limits, load_nodes, load_oversized, workbench

COLUMNS = (
    *("record_number", "first_name", "name_forms", "last_name", "email", "emails", "phone", "phones"),
    *("street", "city", "postal_code", "date_of_birth", "company"),
)
"""The columns of `identity.records` that are compared."""
_ROWS_A_BATCH = 200_000


@contextmanager
def compared(
    records: pa.Table | pa.RecordBatchReader, model: MatchModel, limits: Limits, *, only_changed: bool = False
) -> Iterator[pa.RecordBatchReader]:
    """The pairs, as `contracts.PAIRS`, in batches; a pair's weight depends on it and the model alone.

    Args:
        records: `COLUMNS` of `identity.records`, each record once; with `only_changed` also `is_changed`: pairs of two
            records that did not change are left out.
        model: a trained one.
        limits: of the workbench.

    Raises:
        DataError: so many records agree on a key that was rare at training that comparing them would not end.
    """
    with workbench(limits) as connection:
        known = load_nodes(connection, records, model.term_frequencies)
        del records
        load_oversized(connection, model.oversized)
        find_pairs(connection, model.rules, only_changed=only_changed)
        query = scoring_query(model.contexts, in_context(model.contexts), known)
        yield connection.sql(query).to_arrow_reader(_ROWS_A_BATCH).cast(PAIRS.schema)
