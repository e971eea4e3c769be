"""Given names and the full names they are short for, by the `nicknames` library."""

from functools import cache

import polars as pl
from nicknames import NickNamer


@cache
def full_names() -> dict[str, frozenset[str]]:
    """Each nickname and the one-word names it is short for."""
    known = NickNamer().canonical_lookup
    return {name: frozenset(form for form in forms if " " not in form) for name, forms in known.items()}


@cache
def _forms() -> dict[str, str]:
    return {name: " ".join(sorted({name, *forms})) for name, forms in full_names().items()}


def name_forms(first_names: pl.Series) -> pl.Series:
    """The first word of each folded name and the names it is short for, sorted, separated by spaces."""
    words = first_names.str.extract(r"^(\S+)")
    return words.replace(_forms())
