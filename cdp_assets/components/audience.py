"""An audience: a condition tree, compiled to one SELECT, and its members as a table."""

from typing import Any

import dagster as dg

from cdp_assets.as_of import read_as_of
from cdp_assets.audiences.contracts import audience_contract
from cdp_assets.audiences.definition import AudienceDefinition
from cdp_assets.audiences.membership import refresh_audience
from cdp_assets.audiences.upstream import upstream
from cdp_assets.components.defined import DefinedComponent
from cdp_assets.components.table_asset import Results, contract_result, contract_spec
from cdp_assets.components.warehouse import WarehouseResource, step


class AudienceScaffolder(dg.Scaffolder[Any]):
    """Writes a `defs.yaml` for an audience, to be edited."""

    def scaffold(self, request: dg.ScaffoldRequest[Any]) -> None:
        example = {
            "name": request.target_path.name,
            "description": "Customers who ordered in the last 90 days.",
            "owner": "team:marketing",
            "condition": {
                "all": [
                    {"property": {"field": "email", "is_set": True}},
                    {"transaction": {"count": {"at_least": 1}, "within_last": "90d"}},
                ]
            },
        }
        dg.scaffold_component(request, example)


@dg.scaffold_with(AudienceScaffolder)
class Audience(DefinedComponent[AudienceDefinition]):
    """A set of customers, defined by conditions on who they are and what they did."""

    definition_model = AudienceDefinition

    def definitions(self) -> dg.Definitions:
        return dg.Definitions(assets=[audience_asset(self.definition)])


def audience_asset(definition: AudienceDefinition) -> dg.AssetsDefinition:
    """The asset of one audience; its upstreams are the tables that its conditions read."""
    contract = audience_contract(definition)
    spec = contract_spec(
        contract,
        deps=list(upstream(definition).tables),
        kinds={"sql"},
        code_version=definition.version,
        owners=[definition.owner],
    )

    @dg.multi_asset(specs=[spec], **step(f"audiences__{definition.name}"))
    def refresh(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> Results:
        with warehouse.opened(context) as opened:
            change = refresh_audience(opened, definition, read_as_of(opened))
            yield contract_result(
                opened,
                contract,
                {
                    "members": change.members,
                    "entered": change.entered,
                    "exited": change.exited,
                    "merged": change.merged,
                    "definition_version": change.definition_version,
                    "sql": dg.MetadataValue.md(f"```sql\n{change.sql}\n```"),
                },
            )

    return refresh
