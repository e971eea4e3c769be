"""A table of a team's own that conditions of audiences may use."""

from typing import Any

import dagster as dg

from cdp_assets.audiences.registered import RegisteredTable
from cdp_assets.components.defined import DefinedComponent


class AudienceTableScaffolder(dg.Scaffolder[Any]):
    """Writes a `defs.yaml` that registers a table, to be edited."""

    def scaffold(self, request: dg.ScaffoldRequest[Any]) -> None:
        example = {"table": f"marts.{request.target_path.name}", "key": "customer_id", "columns": {"tier": "text"}}
        dg.scaffold_component(request, example)


@dg.scaffold_with(AudienceTableScaffolder)
class AudienceTable(DefinedComponent[RegisteredTable]):
    """Registers a table, made by another asset, whose columns audiences can ask for."""

    definition_model = RegisteredTable

    def definitions(self) -> dg.Definitions:
        return dg.Definitions()
