"""Identity resolution: match keys, a frozen model, edges, clusters, and the customer each record belongs to."""

import dagster as dg

from cdp_assets.components._identity.customers import customer_assets
from cdp_assets.components._identity.engine import Engine
from cdp_assets.components._identity.matching import matching_assets
from cdp_assets.components._identity.model import match_model_asset
from cdp_assets.components._identity.written import written_assets
from cdp_assets.components.defined import DefinedComponent
from cdp_assets.identity.config import IdentityConfig


class Identity(DefinedComponent[IdentityConfig]):
    """Which source records are one customer, by rules, by Splink and by people's decisions, with ids that stay."""

    definition_model = IdentityConfig

    def definitions(self) -> dg.Definitions:
        engine = Engine(self.definition)
        return dg.Definitions(
            assets=[
                *written_assets(engine),
                match_model_asset(engine),
                *matching_assets(engine),
                *customer_assets(engine),
            ]
        )
