"""Labelled pairs set the threshold of the model that weighs them, when there are enough of both kinds."""

from collections.abc import Iterable
from itertools import product
from typing import Any

import polars as pl
import pytest

from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.contracts import LABELS
from cdp_assets.identity.labels import checked_labels
from cdp_assets.identity.scoring import train
from cdp_assets.identity.scoring.labelled import weighed_labels
from cdp_assets.identity.scoring.model import MatchModel
from cdp_assets.identity.scoring.threshold import labelled_threshold
from cdp_assets.identity.scoring.training import Learned
from cdp_assets.identity.scoring.workbench import Limits
from cdp_assets_tests.unit.identity.explain.population import match_model
from cdp_assets_tests.unit.identity.people import AS_OF, records_of
from cdp_assets_tests.unit.identity.pipeline.lookup import crowd

MODEL, ONE_THREAD = match_model(), Limits(threads=1)
NO_JUNK = pl.DataFrame(schema=dict.fromkeys(("key", "value", "reason"), pl.String))
RECORDS = records_of(
    {"id": id_, **one, "phone": f"+1512555{at // 4:04}"} for at, (id_, one) in enumerate(crowd(60).items())
)
"""Two records a person; always two people share a telephone."""
SAME = [(f"{at}-a", f"{at}-b", True) for at in range(60)]
STRANGERS = [(f"{at}-{x}", f"{at + 1}-{y}", False) for at, x, y in product(range(0, 60, 2), "ab", "ab")]
Row = tuple[str, str, bool]


def labels(rows: Iterable[Row]) -> pl.DataFrame:
    noted = [("crm", one, "crm", other, match, "ann", None) for one, other, match in rows]
    return checked_labels(pl.DataFrame(noted, schema=pl.DataFrame(LABELS.empty()).schema, orient="row"))


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch):
    """`train_model` of records and labels, with what Splink would learn known beforehand."""
    learned = Learned(dict(MODEL.contexts), [tuple(keys) for keys in MODEL.blocking], [], 2.25)
    monkeypatch.setattr(train, "learn", lambda *_: learned)

    def trained(rows: Iterable[Row] | None, records: pl.DataFrame = RECORDS, **options: Any) -> MatchModel:
        config = IdentityConfig.model_validate({"probabilistic": options})
        noted = None if rows is None else labels(rows)
        return train.train_model(records, NO_JUNK, config, AS_OF, ONE_THREAD, noted)

    return trained


def test_enough_labels_set_the_threshold(training):
    model = training([*SAME, *STRANGERS])
    best = labelled_threshold(weighed_labels(labels([*SAME, *STRANGERS]), RECORDS, model, ONE_THREAD))
    assert best is not None
    assert (model.threshold, model.threshold_from) == (round(best, 6), "180 labelled pairs")
    assert model.threshold != 2.25
    assert model.contexts == training(None).contexts


def test_with_few_labels_or_none_the_model_is_the_same_as_without(training):
    without = training(None)
    assert (without.threshold, without.threshold_from) == (2.25, "the model's own probabilities")
    for few in ([], SAME, STRANGERS, SAME[:49] + STRANGERS, SAME + STRANGERS[:49]):
        assert training(few).version == without.version


def test_a_configured_threshold_is_taken_as_it_is(training):
    model = training([*SAME, *STRANGERS], threshold=0.8)
    assert (model.threshold, model.threshold_from) == (2.0, "the configuration")


def test_neither_the_order_of_records_nor_that_of_labels_matters(training):
    rows = [*SAME, *STRANGERS]
    turned = [(other, one, match) for one, other, match in rows[::-1]]
    model = training(turned, RECORDS.sample(fraction=1, shuffle=True, seed=1))
    assert model.version == training(rows).version


def test_labels_of_unknown_records_are_ignored(training):
    gone = [(f"gone {at}", f"{at}-a", True) for at in range(60)]
    assert training([*SAME, *STRANGERS, *gone]).version == training([*SAME, *STRANGERS]).version


def test_what_set_the_threshold_is_kept_with_the_model(training):
    model = training([*SAME, *STRANGERS])
    again = MatchModel.from_json(model.to_json(), "the test")
    assert (again.threshold_from, again.version) == (model.threshold_from, model.version)
    assert model.version != training(None).version


def test_a_pair_that_no_blocking_rule_finds_has_no_weight():
    far_apart = ("0-a", "30-a", False)
    weighed = weighed_labels(labels([("0-b", "0-a", True), far_apart]), RECORDS, MODEL, ONE_THREAD)
    known = weighed.sort("is_match")
    assert known["is_match"].to_list() == [False, True]
    assert known["match_weight"].is_null().to_list() == [True, False]
