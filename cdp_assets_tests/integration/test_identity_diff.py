"""`cdp identity diff`: what other rules would do is what they do, and trying changes nothing."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from click.testing import CliRunner, Result

from cdp_assets.cli import main
from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.pipeline.clusters import update_clusters
from cdp_assets.identity.pipeline.ids import update_ids
from cdp_assets.identity.pipeline.models import model_in_force
from cdp_assets.identity.pipeline.pairs import update_pairs
from cdp_assets.identity.pipeline.refresh import update_records
from cdp_assets.identity.pipeline.training import Wish, renew_model
from cdp_assets.identity.scoring.workbench import Limits
from cdp_assets.tables import Table
from cdp_assets.warehouses.duckdb import DuckDBWarehouse
from cdp_assets_tests.deployment import Deployment
from cdp_assets_tests.unit.identity.pipeline.lookup import FIRST, LAST, Lookup, crowd

Content = dict[str, Any]
MOMENT = datetime(2026, 6, 30, tzinfo=UTC)
EMAIL = {"name": "email_and_name", "agree": ["email", "name_forms"]}
BIRTH = {"name": "name_and_birth", "agree": ["name_forms", "last_name", "date_of_birth"]}
ADDRESS = {"name": "address", "agree": ["street"]}
IN_FORCE: Content = {"rules": [EMAIL, BIRTH], "probabilistic": {"enabled": False}}


def person(number: int, **other: Any) -> dict[str, Any]:
    """Somebody: two numbers share no value."""
    names = {"first_name": FIRST[number], "last_name": LAST[number]}
    born = {"email": f"{number}@b.org", "street": f"{number} Oak Street", "date_of_birth": date(1950 + number, 3, 5)}
    return {**names, **born, **other}


PEOPLE = {
    "a1": person(1),
    "a2": person(1, email="other@b.org", street="7 Elm Road"),
    "b1": person(2),
    "b2": person(2, date_of_birth=date(1990, 10, 10), street="9 Elm Road"),
    "c": person(3),
    "d": person(4, street="3 Oak Street"),
    "e": person(5),
}
"""Two by name and birth, two by e-mail and name, two at one address, one alone."""


@dataclass(frozen=True)
class Resolved:
    """A deployment whose records were resolved with `IN_FORCE`."""

    deployment: Deployment

    @property
    def warehouse(self) -> DuckDBWarehouse:
        return DuckDBWarehouse(self.deployment.duckdb_path)

    def run(self, content: Content) -> None:
        """What a run of the identity stage does."""
        config = IdentityConfig.model_validate(content)
        warehouse = self.warehouse
        with warehouse.session():
            renew_model(warehouse, config, Wish(), MOMENT, Limits(threads=1))
            model = model_in_force(warehouse)
            update_records(warehouse, config, model)
            update_pairs(warehouse, model, Limits(threads=1))
            update_clusters(warehouse, config, model)
            update_ids(warehouse, MOMENT, "a run")

    def customers(self) -> dict[str, str]:
        """The customer of each record."""
        return dict(self.deployment.query("SELECT record_id, customer_id FROM identity.customer_ids").iter_rows())

    def audience(self, name: str, *records: str) -> None:
        """Make the customers of these records an audience."""
        ids = self.customers()
        rows = pl.DataFrame({"customer_id": [ids[one] for one in records]}).with_columns(entered_at=MOMENT)
        self.warehouse.write_arrow(Table("audiences", name), rows.to_arrow())

    def diff(self, content: Content, *options: str) -> Result:
        """`cdp identity diff` with other rules."""
        rules = self.deployment.folder / "new.yaml"
        rules.write_text(yaml.safe_dump({"type": "cdp_assets.components.identity.Identity", "attributes": content}))
        return CliRunner(env=self.deployment.env).invoke(main, ["identity", "diff", "--rules", str(rules), *options])

    def impact(self, content: Content) -> dict[str, Any]:
        """What `--json` says."""
        said = self.diff(content, "--json")
        assert said.exit_code == 0, said.output
        return dict(json.loads(said.stdout))

    def decide(self, one: str, other: str, *options: str) -> None:
        """What a steward says of two records, which no run has applied yet."""
        said = ["link", f"crm:{one}", f"crm:{other}", *options, "--why", "they said so"]
        done = CliRunner(env=self.deployment.env).invoke(main, said)
        assert done.exit_code == 0, done.output

    def configure(self, content: Content) -> None:
        """Make this the present configuration."""
        (self.deployment.folder / "present.yaml").write_text(yaml.safe_dump(content))


@pytest.fixture
def resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Resolved:
    monkeypatch.setattr("cdp_assets.identity.match.files.SHIPPED_RULES", tmp_path / "present.yaml")
    deployment = Deployment(tmp_path)
    Lookup(tmp_path).holds(PEOPLE)
    made = Resolved(deployment)
    made.configure(IN_FORCE)
    made.run(IN_FORCE)
    made.audience("loyal", "a1", "c", "e")
    return made


MERGING = {**IN_FORCE, "rules": [EMAIL, BIRTH, ADDRESS]}
SPLITTING = {**IN_FORCE, "rules": [EMAIL]}
WITHOUT_VETOES = {**IN_FORCE, "vetoes": {"first_name": False, "last_name": False}, "rules": [EMAIL, BIRTH, ADDRESS]}
BOTH = {**IN_FORCE, "rules": [EMAIL, ADDRESS], "vetoes": {"first_name": False, "last_name": False}}
OTHER_JUNK = {**IN_FORCE, "junk": {"emails": ["2@b.org"]}}


def test_the_rules_in_force_change_nothing(resolved: Resolved) -> None:
    found = resolved.impact(IN_FORCE)
    assert found["customers_before"] == found["customers_after"] == 5
    counts = ("merged", "split", "created", "retired", "records_moved")
    assert [found[name] for name in counts] == [0] * 5
    assert (found["examples"], found["audiences"]) == ([], {"loyal": 0})


def test_what_a_run_would_change_anyway_is_not_blamed_on_the_rules(resolved: Resolved) -> None:
    resolved.decide("a1", "a2", "--never")
    resolved.decide("c", "e", "--always")
    Lookup(resolved.deployment.folder).holds({**PEOPLE, "b2": person(9), "f": person(3)})
    found = resolved.impact(IN_FORCE)
    assert found["customers_before"] == found["customers_after"] == 6
    counts = ("merged", "split", "created", "retired", "records_moved")
    assert [found[name] for name in counts] == [0] * 5
    assert [resolved.impact(WITHOUT_VETOES)[name] for name in counts] == [1, 0, 0, 0, 1]


def test_where_the_present_configuration_can_resolve_nothing_the_ids_there_are_count(
    resolved: Resolved, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = learned(resolved)
    more = {f"m{n}": {**person(n), "email": "info@b.org"} for n in range(10)}
    Lookup(resolved.deployment.folder).holds(crowd(150) | more)
    monkeypatch.setattr("cdp_assets.identity.scoring.blocking._BURST", 5)
    found = resolved.impact({**LEARNING, "probabilistic": {"enabled": False}})
    assert (found["customers_before"], found["customers_after"]) == (len(set(before.values())), 310)


LEARNING: Content = {"rules": []}


def learned(resolved: Resolved) -> dict[str, str]:
    """The customers of many people that a trained model found."""
    resolved.configure(LEARNING)
    Lookup(resolved.deployment.folder).holds(crowd(150))
    resolved.run(LEARNING)
    return resolved.customers()


def test_switching_the_model_off_shows_what_then_comes_apart(resolved: Resolved) -> None:
    before = len(set(learned(resolved).values()))
    off = {**LEARNING, "probabilistic": {"enabled": False}}
    found = resolved.impact(off)
    assert (found["customers_before"], found["customers_after"]) == (before, 300)
    assert found["split"] == 300 - before > 0
    assert resolved.diff(off).stderr == "resolving a copy of all records\n"
    resolved.run(off)
    assert len(set(resolved.customers().values())) == 300


def test_another_threshold_is_shown_with_the_model_in_force(resolved: Resolved) -> None:
    learned(resolved)
    strict = {**LEARNING, "probabilistic": {"threshold": 0.999999999999}}
    found = resolved.impact(strict)
    assert found["split"] > 0
    assert "changes nothing before that is adopted" in resolved.diff(strict).stderr
    assert (
        "the next run trains a model with it" in resolved.diff({**LEARNING, "probabilistic": {"precision": 0.5}}).stderr
    )


def test_a_rule_of_which_no_record_has_the_keys_is_named(resolved: Resolved) -> None:
    company = {"name": "company", "agree": ["last_name", "company"]}
    content = {**IN_FORCE, "rules": [EMAIL, BIRTH, company]}
    assert resolved.impact(content)["idle_rules"] == {"company": ["company"]}
    assert resolved.impact(IN_FORCE)["idle_rules"] == {}
    assert "rule company links nothing: no record has company" in resolved.diff(content).stdout


def test_a_rule_more_merges(resolved: Resolved) -> None:
    ids = resolved.customers()
    found = resolved.impact(WITHOUT_VETOES)
    assert (found["customers_before"], found["customers_after"]) == (5, 4)
    assert (found["merged"], found["split"], found["records_moved"]) == (1, 0, 1)
    (example,) = found["examples"]
    assert example["event"] == "merged"
    assert {example["customer_id"], example["other_customer_id"]} == {ids["c"], ids["d"]}
    assert found["audiences"] == {"loyal": 1}


def test_a_veto_keeps_the_same_rule_from_merging(resolved: Resolved) -> None:
    assert resolved.impact(MERGING)["customers_after"] == 5


def test_a_rule_less_splits(resolved: Resolved) -> None:
    ids = resolved.customers()
    found = resolved.impact(SPLITTING)
    assert (found["customers_after"], found["split"], found["created"]) == (6, 1, 1)
    (example,) = found["examples"]
    assert (example["event"], example["customer_id"]) == ("split", ids["a1"])
    assert found["audiences"] == {"loyal": 1}


@pytest.mark.parametrize("content", [MERGING, SPLITTING, WITHOUT_VETOES, BOTH, OTHER_JUNK])
def test_a_run_then_does_what_was_said(resolved: Resolved, content: Content) -> None:
    before = resolved.customers()
    said = resolved.impact(content)
    resolved.run(content)
    after = resolved.customers()
    assert len(set(after.values())) == said["customers_after"]
    assert sum(before[record] != after[record] for record in before) == said["records_moved"]
    told = resolved.deployment.query("SELECT event, customer_id, other_customer_id FROM identity.id_history").rows()
    shown = [(one["event"], one["customer_id"], one["other_customer_id"]) for one in said["examples"]]
    assert sorted(shown) == sorted(row for row in told if row[0] in {"merged", "split"})


@pytest.mark.parametrize("content", [IN_FORCE, SPLITTING, BOTH])
def test_trying_changes_nothing(resolved: Resolved, content: Content) -> None:
    before = resolved.deployment.contents()
    said = resolved.diff(content)
    assert said.exit_code == 0, said.output
    assert "this was tried on a copy; nothing was changed" in said.stdout
    assert resolved.deployment.contents() == before


def test_a_person_is_told_in_words(resolved: Resolved) -> None:
    ids = resolved.customers()
    said = resolved.diff(BOTH).stdout
    assert "customers: 5 now, 5 then" in said
    assert "merged into others: 1; split: 1; new: 1; left without a record: 0; records that move: 2" in said
    assert f"  split   {ids['a1']} -> c_" in said
    assert "audience loyal: 2 members would be merged or split" in said


def test_many_merges_do_not_hide_the_splits(resolved: Resolved) -> None:
    families = {
        f"f{n}{m}": {"first_name": f"{chr(97 + n)}{m}o", "street": f"{n} Long Road"} for n in range(25) for m in "kl"
    }
    Lookup(resolved.deployment.folder).holds(PEOPLE | families)
    resolved.run(IN_FORCE)
    found = resolved.impact(BOTH)
    assert (found["merged"], found["split"]) == (26, 1)
    assert [one["event"] for one in found["examples"]] == ["merged"] * 20 + ["split"]
    assert "  and 6 more\n" in resolved.diff(BOTH).stdout


def test_what_takes_effect_at_training_alone_is_said_not_to_be_shown(resolved: Resolved) -> None:
    said = resolved.diff({**IN_FORCE, "probabilistic": {"enabled": True}})
    assert "the next run trains a model with it" in said.stderr
    assert "trains a model" not in resolved.diff(SPLITTING).stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules: [", "new.yaml:1: this is not YAML"),
        ("rulez: []", "new.yaml:1: there is no option 'rulez'"),
        ("rules: [{name: a, agree: [e_mail]}]", "rules.0.agree.0 is 'e_mail'; input should be 'email'"),
    ],
)
def test_rules_that_cannot_be_used_are_refused(resolved: Resolved, text: str, said: str) -> None:
    rules = resolved.deployment.folder / "new.yaml"
    rules.write_text(text)
    done = CliRunner(env=resolved.deployment.env).invoke(main, ["identity", "diff", "--rules", str(rules)])
    assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert said in done.stderr


def test_before_the_first_run_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    said = Resolved(Deployment(tmp_path)).diff(IN_FORCE)
    assert (said.exit_code, said.stdout) == (1, "")
    assert "no adopted model yet; start `cdp run`" in said.stderr
