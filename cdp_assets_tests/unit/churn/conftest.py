import polars as pl
import pytest

from cdp_assets.churn.model import ChurnModel
from cdp_assets.churn.train import train
from cdp_assets_tests.unit.churn.world import AS_OF, CONFIG, features, habits, shop


@pytest.fixture(scope="session")
def shop_features(tmp_path_factory) -> pl.DataFrame:
    transactions, events = habits(1500)
    return features(shop(tmp_path_factory.mktemp("shop") / "cdp.duckdb", transactions, events))


@pytest.fixture(scope="session")
def shop_model(shop_features) -> ChurnModel:
    return train(shop_features, CONFIG, AS_OF)
