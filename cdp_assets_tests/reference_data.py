"""Published data sets that some tests measure on; the project is complete without them."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
FOLDER = Path(os.environ.get("CDP_TEST_DATA") or REPOSITORY.parent / "shared" / "data")


def reference_file(name: str) -> Path:
    """A file of the reference data."""
    return FOLDER / name


def needs_reference_file(name: str) -> pytest.MarkDecorator:
    """Skips a test, and says why, where the file is absent."""
    reason = f"{reference_file(name)} is not there; set CDP_TEST_DATA to the folder that has it"
    return pytest.mark.skipif(not reference_file(name).exists(), reason=reason)
