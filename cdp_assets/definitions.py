"""Everything this deployment runs, found under `defs/`."""

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions of every component and asset under `defs/`."""
    # load_from_defs_folder would also import every installed integration, to list its component types: seconds.
    with _without_collection():
        tree = dg.ComponentTree.for_project(Path(__file__).parent)
        return tree.build_defs(tree.defs_module_path)


@contextmanager
def _without_collection() -> Iterator[None]:
    """Loading makes a million objects that all stay: looking for garbage among them takes a fifth of the time."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    atexit.register(gc.collect)  # else libraries take what is frozen, or was never looked at, for leaked, and say so
    atexit.register(gc.unfreeze)
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()
