"""The step that makes the audiences of this folder, and those that are dbt models."""

import dagster as dg

from cdp_assets.components.audience import audiences_of
from cdp_assets.components.audience_step import audience_definitions


@dg.definitions
def audiences(context: dg.ComponentLoadContext) -> dg.Definitions:
    """The assets of all audiences."""
    return audience_definitions(audiences_of(context.component_tree))
