"""What stops a run before it does harm: a source that vanished, a state that is gone, a destination that refuses."""

from cdp_assets.activation.definition import SyncDefinition
from cdp_assets.destinations.base import Mode, Removal
from cdp_assets.errors import DataError, DestinationError

FEW = 10
"""Fewer rows than this say nothing as a share: one departure from a list of two is no catastrophe."""


def check_source(definition: SyncDefinition, source_rows: int, held: int, leaving: int) -> None:
    """Check that the source still looks like itself; `leaving` of the `held` rows are to go.

    Raises:
        DataError: it is empty, or much smaller, and `guard` does not allow that many removals.
    """
    removes = definition.mode is not Mode.REMOVE and definition.removal is not Removal.NOTHING
    if not removes or definition.guard >= 1 or not leaving:
        return
    what = f"sync {definition.name!r}: {definition.source}"
    if source_rows == 0:
        raise DataError(
            f"{what} is empty while the destination holds {held} rows; nothing was sent."
            " Mend the source, or set guard: 1 to remove them all."
        )
    share = leaving / held
    if leaving >= FEW and share > definition.guard:
        raise DataError(
            f"{what} lost {leaving} of the {held} rows the destination holds ({share:.0%}), more than guard"
            f" {definition.guard:.0%} allows; nothing was sent. Mend the source or the consents, or raise guard."
        )


def check_state(definition: SyncDefinition, held: int, held_before: int) -> bool:
    """Whether the state was lost since the last run, so that every row is sent again and none removed.

    Raises:
        DataError: it was, and the sync only inserts: every row would arrive twice.
    """
    lost = held == 0 and held_before > 0
    if lost and definition.mode is Mode.INSERT:
        raise DataError(
            f"sync {definition.name!r}: activation.sync_state knows no row, but the last run left {held_before};"
            " mode insert would send them twice. Restore the table, or use mode upsert."
        )
    return lost


def check_rejected(definition: SyncDefinition, fresh: int, refused: int, nothing_succeeded: bool = False) -> None:
    """Check that the destination does not refuse too much: `refused` of the `fresh` rows tried for the first time.

    Raises:
        DestinationError: the share is over `max_rejected_share`, and these are not a few rows among accepted ones.
    """
    if not refused or refused / fresh <= definition.max_rejected_share:
        return
    if refused >= FEW or nothing_succeeded:
        raise DestinationError(
            f"sync {definition.name!r}: {definition.destination} refused {refused} of {fresh} new rows, more than"
            f" max_rejected_share {definition.max_rejected_share:.0%}; see activation.rejected_rows for the reasons."
        )
