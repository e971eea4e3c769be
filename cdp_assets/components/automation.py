"""When assets run, and how old they may be: the named conditions every component uses."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TypeAlias

import dagster as dg
from dagster import _check as check

from cdp_assets.errors import ConfigurationError

Condition: TypeAlias = dg.AutomationCondition[dg.AssetKey | dg.AssetCheckKey]

WHEN_INPUTS_CHANGE = (
    dg.AutomationCondition.eager() & dg.AutomationCondition.all_deps_blocking_checks_passed()
).with_label("when_inputs_change")
"""Everything below the raw stage: as soon as an input is new, and no input is missing, running or found wrong."""


def at_times(cron: str) -> Condition:
    """At the times of a cron expression in UTC, whether inputs are new or not, unless one was found wrong.

    Raises:
        ConfigurationError: it is not a cron expression.
    """
    try:
        due = dg.AutomationCondition.on_cron(cron)
    except check.CheckError:
        raise ConfigurationError(
            f"schedule is {cron!r}; it must be a cron expression of five fields, such as '0 6 * * *'."
        ) from None
    due = due.without(dg.AutomationCondition.all_deps_updated_since_cron(cron))
    return (due & dg.AutomationCondition.all_deps_blocking_checks_passed()).with_label(f"at_times({cron})")


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
