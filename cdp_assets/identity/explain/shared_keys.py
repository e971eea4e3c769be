"""A record's match keys as lists of values, and where two records agree or contradict each other."""

import json
from collections.abc import Mapping
from typing import Any

from cdp_assets.identity.config import MATCH_KEYS
from cdp_assets.identity.keys import LISTS

Keys = Mapping[str, tuple[str, ...]]
_DIFFERS = "_differs"


def keys_of(row: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The match keys of a row of `identity.records` that have values, in the order of the configuration."""
    found = {key: _values(key, row) for key in MATCH_KEYS}
    return {key: values for key, values in found.items() if values}


def agreeing(left: Keys, right: Keys) -> dict[str, tuple[str, ...]]:
    """The keys on which two records agree, with the values that both have."""
    shared = {key: tuple(value for value in values if value in right.get(key, ())) for key, values in left.items()}
    return {key: values for key, values in shared.items() if values}


def conflicting(guard: str, left: Keys, right: Keys) -> tuple[str, tuple[str, ...], tuple[str, ...]] | None:
    """The key that a guard is about, with both records' values; null when it is not about a key."""
    key = guard.removesuffix(_DIFFERS)
    if key not in MATCH_KEYS:
        return None
    return key, left.get(key, ()), right.get(key, ())


def _values(key: str, row: Mapping[str, Any]) -> tuple[str, ...]:
    entry = LISTS.get(key)
    value = row[entry.column if entry else key]
    if value is None:
        return ()
    if entry is None:
        return (str(value),)
    return tuple(json.loads(value) if entry.as_json else value.split(" "))
