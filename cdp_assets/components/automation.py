"""When assets run, and how old they may be: the named conditions every component uses."""

from datetime import timedelta

import dagster as dg

WHEN_INPUTS_CHANGE = (
    dg.AutomationCondition.eager() & dg.AutomationCondition.all_deps_blocking_checks_passed()
).with_label("when_inputs_change")
"""Everything below the raw stage: as soon as an input is new, and no input is missing, running or found wrong."""

WAREHOUSE_POOL = "warehouse"
"""Steps that write to the warehouse share this pool; its limit is set in dagster.yaml."""


def fresh_within(hours: float) -> dg.FreshnessPolicy:
    """A table that should be renewed within so many hours."""
    return dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=hours))
