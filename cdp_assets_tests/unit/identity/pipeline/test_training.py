"""A match model is trained when it must be, in force at once when nothing was, and else a candidate until adopted."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cdp_assets.errors import ConfigurationError
from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.contracts import MATCH_MODEL
from cdp_assets.identity.pipeline.models import candidate, configured, in_force, model_in_force, stored_models
from cdp_assets.identity.pipeline.training import Renewal, Wish, renew_model
from cdp_assets.identity.scoring.workbench import Limits
from cdp_assets_tests.unit.identity.pipeline.lookup import Lookup, crowd

DAY = datetime(2026, 6, 1, tzinfo=UTC)
CONFIG = IdentityConfig()
RULES_ALONE = IdentityConfig.model_validate({"probabilistic": {"enabled": False}})
NOTHING_ASKED = Wish()


class Deployment:
    """Runs a day apart; `trained` says why each trained, if it did."""

    def __init__(self, folder: Path) -> None:
        self.lookup, self.days = Lookup(folder), 0

    def run(
        self, people: int | None = None, config: IdentityConfig = CONFIG, wish: Wish = NOTHING_ASKED, later: int = 1
    ) -> Renewal:
        if people is not None:
            self.lookup.holds(crowd(people))
        self.days += later
        moment = DAY + timedelta(days=self.days)
        return renew_model(self.lookup.warehouse, config, wish, moment, Limits(threads=1))

    @property
    def versions(self) -> list[str]:
        return [one.version for one in stored_models(self.lookup.warehouse)]


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return Deployment(tmp_path)


def test_the_first_model_is_in_force_at_once_and_stays_whatever_changes(deployment: Deployment):
    first = deployment.run(150)
    assert (first.model.is_trained, first.trained_because, first.candidate) == (True, "there was none", None)
    again = deployment.run(170)
    assert (again.trained_because, again.model) == (None, first.model)
    assert model_in_force(deployment.lookup.warehouse) == first.model
    other_rules = IdentityConfig.model_validate({"rules": [{"name": "email", "agree": ["email"]}]})
    assert deployment.run(170, other_rules).trained_because is None


def test_a_later_training_is_a_candidate_until_its_version_is_adopted(deployment: Deployment):
    first = deployment.run(150)
    asked = deployment.run(170, wish=Wish(retrain=True), later=0)
    assert asked.trained_because == "asked for"
    assert asked.candidate not in {None, first.model.version}
    assert asked.model == first.model
    assert deployment.run().candidate == asked.candidate
    adopted = deployment.run(wish=Wish(adopt_version=asked.candidate))
    assert (adopted.model.version, adopted.candidate) == (asked.candidate, None)
    assert deployment.run().model.version == asked.candidate


def test_a_candidate_is_dismissed_by_adopting_the_one_in_force_once_more(deployment: Deployment):
    first = deployment.run(150)
    assert deployment.run(170, wish=Wish(retrain=True), later=0).candidate is not None
    kept = deployment.run(wish=Wish(adopt_version=first.model.version), later=0)
    assert (kept.model, kept.candidate) == (first.model, None)


def test_what_is_trained_may_be_adopted_in_the_same_run(deployment: Deployment):
    first = deployment.run(150)
    at_once = deployment.run(170, wish=Wish(retrain=True, adopt=True), later=0)
    assert at_once.model.version != first.model.version
    assert at_once.candidate is None


def test_training_twice_on_the_same_records_is_one_model(deployment: Deployment):
    first = deployment.run(150)
    again = deployment.run(wish=Wish(retrain=True))
    assert (again.model.version, again.candidate) == (first.model.version, None)
    assert deployment.versions == [first.model.version]


def test_too_little_to_learn_from_is_tried_again_with_more_and_then_in_force_at_once(deployment: Deployment):
    few = deployment.run(5)
    assert (few.model.is_trained, few.candidate) == (False, None)
    assert deployment.run(5).trained_because is None
    more = deployment.run(150)
    assert (more.model.is_trained, more.candidate) == (True, None)
    assert more.trained_because == "there was too little to learn from, and now there is more"


def test_twice_as_many_records_are_learned_from_once(deployment: Deployment):
    first = deployment.run(150)
    assert deployment.run(299).trained_because is None
    doubled = deployment.run(300)
    assert doubled.trained_because == "the records have doubled"
    assert doubled.model == first.model
    assert deployment.run().trained_because is None


def test_another_configuration_of_the_training_makes_a_candidate_once(deployment: Deployment):
    first = deployment.run(150)
    stricter = IdentityConfig.model_validate({"probabilistic": {"threshold": 0.999}})
    changed = deployment.run(config=stricter)
    assert changed.trained_because == "the configuration of the training changed"
    assert changed.model == first.model
    assert changed.candidate is not None
    assert deployment.run(config=stricter).trained_because is None


def test_a_model_found_again_after_another_was_adopted_is_a_candidate_once_more(deployment: Deployment):
    stricter = IdentityConfig.model_validate({"probabilistic": {"threshold": 0.999}})
    first = deployment.run(150)
    other = deployment.run(config=stricter)
    deployment.run(config=stricter, wish=Wish(adopt_version=other.candidate))
    back = deployment.run()
    assert (back.model.version, back.candidate) == (other.candidate, first.model.version)
    assert deployment.run().trained_because is None
    adopted = deployment.run(wish=Wish(adopt_version=back.candidate))
    assert (adopted.model.version, adopted.candidate) == (first.model.version, None)


def test_a_model_found_again_is_in_force_at_once_when_that_is_asked_for(deployment: Deployment):
    stricter = IdentityConfig.model_validate({"probabilistic": {"threshold": 0.999}})
    at_once = Wish(retrain=True, adopt=True)
    first = deployment.run(150)
    assert deployment.run(config=stricter, wish=at_once).model.version != first.model.version
    assert deployment.run(wish=at_once).model.version == first.model.version


def test_finding_the_model_in_force_again_dismisses_the_candidate_and_is_readable(deployment: Deployment):
    stricter = IdentityConfig.model_validate({"probabilistic": {"threshold": 0.999}})
    first = deployment.run(150)
    assert deployment.run(config=stricter).candidate is not None
    back = deployment.run()
    assert (back.model.version, back.candidate) == (first.model.version, None)
    assert deployment.run().trained_because is None
    models = stored_models(deployment.lookup.warehouse)
    assert all(one.adopted_at is None or one.trained_at <= one.adopted_at for one in models)


def test_what_is_configured_is_what_the_frozen_model_is_used_with(deployment: Deployment):
    model = deployment.run(150).model
    assert configured(model, CONFIG) is model
    off = configured(model, RULES_ALONE)
    assert (off.is_trained, off.reason) == (False, "probabilistic matching is switched off")
    assert (off.junk, off.contexts, off.blocking) == (model.junk, {}, ())
    strict = configured(model, IdentityConfig.model_validate({"probabilistic": {"threshold": 0.75}}))
    assert (strict.threshold, strict.threshold_from) == (pytest.approx(1.584963), "the configuration")
    assert strict.contexts == model.contexts
    assert len({model.version, off.version, strict.version}) == 3


def test_switching_the_model_off_and_on_again_is_in_force_at_once(deployment: Deployment):
    first = deployment.run(150)
    off = deployment.run(config=RULES_ALONE)
    assert (off.model.is_trained, off.model.reason) == (False, "probabilistic matching is switched off")
    assert deployment.run(200, config=RULES_ALONE).trained_because is None
    on = deployment.run(150)
    assert (on.model.version, on.candidate) == (first.model.version, None)


def test_a_version_that_is_not_there_is_refused_with_those_that_are(deployment: Deployment):
    version = deployment.run(5).model.version
    with pytest.raises(ConfigurationError, match=f"no version 'abc'; there are: {version}"):
        deployment.run(wish=Wish(adopt_version="abc"))


def test_without_a_model_other_stages_are_told_what_to_do(deployment: Deployment):
    with pytest.raises(ConfigurationError, match="cdp run"):
        model_in_force(deployment.lookup.warehouse)


def test_models_that_this_program_cannot_read_are_replaced_at_once(deployment: Deployment):
    warehouse = deployment.lookup.warehouse
    deployment.run(150)
    warehouse.execute("UPDATE identity.match_model SET model_json = '{\"weights\": 1}'")
    renewed = deployment.run(170)
    assert renewed.trained_because == "the one in force was written by another version of this program"
    assert (renewed.model.records, renewed.candidate) == (340, None)
    warehouse.drop(MATCH_MODEL.table)
    warehouse.execute("CREATE TABLE identity.match_model AS SELECT 'abc' AS version, 'x' AS settings_json")
    assert deployment.run(5).trained_because == "there was none"


def test_of_models_trained_and_adopted_in_one_run_the_order_is_kept(deployment: Deployment):
    first = deployment.run(150)
    second = deployment.run(170, wish=Wish(retrain=True, adopt=True), later=0)
    back = deployment.run(wish=Wish(adopt_version=first.model.version), later=0)
    models = stored_models(deployment.lookup.warehouse)
    assert [one.version for one in models] == [first.model.version, second.model.version]
    assert back.model == first.model
    current = in_force(models)
    assert current is not None
    assert current.version == first.model.version
    assert candidate(models) is None
