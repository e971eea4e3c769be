"""How much memory DuckDB may use in `cdp match`: for the state, and to compare records in."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from cdp_assets.errors import ConfigurationError, DataError, WarehouseError

DEFAULT = "1800MB"
_OF_STATE = 1 / 3
_POWERS = {"K": 1, "M": 2, "G": 3, "T": 4}
_WRITTEN = re.compile(r"(\d+(?:\.\d+)?) ?([KMGT])(I?)B", re.IGNORECASE)


def shares(memory: str) -> tuple[str, str]:
    """What the state may have of it, and what is left to compare records in, both as DuckDB reads them.

    What does not fit goes to temporary files.

    Raises:
        ConfigurationError: `memory` is no amount.
    """
    read = _WRITTEN.fullmatch(memory)
    size = float(read[1]) * (1024 if read[3] else 1000) ** _POWERS[read[2].upper()] if read else 0
    if not size:
        raise ConfigurationError(f"--memory is {memory!r}; it must be a number and a unit, such as 500MB or 16GB.")
    of_state = int(size * _OF_STATE / 1024)
    return f"{of_state}KiB", f"{int(size / 1024) - of_state}KiB"


@contextmanager
def enough(memory: str) -> Iterator[None]:
    """Say what to do where it is not.

    Raises:
        DataError: DuckDB ran out of memory.
    """
    try:
        yield
    except (duckdb.Error, WarehouseError) as error:
        if not _is_out_of_memory(error):
            raise
        raise DataError(f"{memory} of memory were too little for these records; give more with --memory.") from error


def _is_out_of_memory(error: BaseException | None) -> bool:
    """Whether DuckDB had too little; where one DuckDB reads from another, the reader only quotes it."""
    while error is not None:
        if isinstance(error, duckdb.OutOfMemoryException) or "Out of Memory Error" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False
