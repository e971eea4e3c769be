"""On real purchases (CDNOW, 1997 to 1998) the model is better than the recency rule."""

from datetime import UTC, datetime

import pytest

from cdp_assets.churn.config import ChurnConfig
from cdp_assets.churn.model import Method, worse_than_recency
from cdp_assets.churn.train import train
from cdp_assets_tests.reference_data import needs_reference_file, reference_file
from cdp_assets_tests.unit.churn.world import features, shop, transaction

FILE = "cdnow_master.txt"


@pytest.mark.slow
@needs_reference_file(FILE)
def test_the_model_beats_the_recency_rule_on_cdnow(tmp_path):
    lines = [line.split() for line in reference_file(FILE).read_text().splitlines()[1:]]
    sold = [
        transaction(customer, datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC), float(amount))
        for customer, day, _, amount in lines
    ]
    as_of, config = datetime(1998, 7, 1, tzinfo=UTC), ChurnConfig(training_cut_offs=3)
    model = train(features(shop(tmp_path / "w", sold), config, as_of), config, as_of)
    assert model.method is Method.LIGHTGBM
    assert model.metrics.rows > 23_000
    assert model.metrics.auc > model.recency_metrics.auc + 0.005 > 0.8
    assert model.metrics.brier < model.recency_metrics.brier
    assert worse_than_recency(model) is None
