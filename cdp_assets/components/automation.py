"""When assets run, and how old they may be: the named conditions every component uses."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TypeAlias

import dagster as dg

Condition: TypeAlias = dg.AutomationCondition[dg.AssetKey | dg.AssetCheckKey]

WHEN_INPUTS_CHANGE = (
    dg.AutomationCondition.eager() & dg.AutomationCondition.all_deps_blocking_checks_passed()
).with_label("when_inputs_change")
"""Everything below the raw stage: as soon as an input is new, and no input is missing, running or found wrong."""

READ_ONLY_DEPS = "cdp/read_only_deps"
"""Key of the tables that an asset reads without being run again when they change."""


def when_inputs_change(except_for: Sequence[dg.AssetKey] = ()) -> Condition:
    """`WHEN_INPUTS_CHANGE`, with some inputs left out."""
    if not except_for:
        return WHEN_INPUTS_CHANGE
    return WHEN_INPUTS_CHANGE.ignore(dg.AssetSelection.assets(*except_for)).with_label("when_inputs_change")


def fresh_within(hours: float) -> dg.FreshnessPolicy:
    """A table that should be renewed within so many hours."""
    return dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=hours))
