"""Python's search for garbage, where so much is made at once that it would look again and again and find none."""

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager

_RARELY = (50_000, 20, 50)


@contextmanager
def without_collection() -> Iterator[None]:
    """For what is made and stays: it is not looked for, nor ever looked at again."""
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


@contextmanager
def rarely_collected() -> Iterator[None]:
    """For what is made by the page and goes with it."""
    before = gc.get_threshold()
    gc.set_threshold(*_RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*before)
