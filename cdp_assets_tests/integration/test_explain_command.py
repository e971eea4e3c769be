"""`cdp explain` on a deployment that was matched: in the terminal, for programs, and as a page."""

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cdp_assets.cli import main
from cdp_assets_tests.deployment import Deployment
from cdp_assets_tests.unit.identity.explain.people import FAMILY
from cdp_assets_tests.unit.identity.explain.population import CONFIG, Population, customer_records, match_model

Cdp = Callable[..., Result]


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """One whose warehouse holds `FAMILY`, matched."""
    made = Deployment(Path(tmp_path_factory.mktemp("explained")))
    population = Population(made.folder)
    assert population.path == made.duckdb_path
    population.match(FAMILY)
    return made


@pytest.fixture
def cdp(deployment: Deployment) -> Cdp:
    """`cdp explain <arguments>` on the deployment, in this process."""
    return lambda *arguments: CliRunner(env=deployment.env).invoke(main, ["explain", *arguments])


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `cdp match` has kept the state of `FAMILY`, and beside it the rules it was given."""
    folder = Path(tmp_path_factory.mktemp("matched"))
    (folder / "rules.yaml").write_text(CONFIG.model_dump_json(include={"rules"}), encoding="utf-8")  # JSON is YAML
    (folder / "model.json").write_text(match_model().to_json(), encoding="utf-8")
    customer_records(FAMILY).write_parquet(folder / "people.parquet")
    files = {"--out": "ids.parquet", "--state": "state", "--model": "model.json", "--rules": "rules.yaml"}
    options = [part for name, file in files.items() for part in (name, str(folder / file))]
    done = CliRunner().invoke(main, ["match", str(folder / "people.parquet"), *options])
    assert done.exit_code == 0, done.output
    return folder


def refusal(result: Result) -> str:
    """The one line with which the command refuses."""
    assert result.exit_code == 1, result.output
    (line,) = result.stderr.splitlines()
    return line


def test_a_record_is_explained_in_the_terminal(cdp: Cdp) -> None:
    said = cdp("crm:1")
    assert said.exit_code == 0, said.output
    assert "3 records of 2 sources" in said.stdout
    assert "by rule email_and_name" in said.stdout
    assert "What was kept out" in said.stdout


def test_a_customer_id_is_explained_for_programs(cdp: Cdp) -> None:
    told = json.loads(cdp("crm:1", "--json").stdout)
    customer = told["customers"][0]
    again = json.loads(cdp(customer["customer_id"], "--json").stdout)
    assert again["customers"] == told["customers"]
    assert "path" not in told


def test_the_path_to_another_record_is_told(cdp: Cdp) -> None:
    assert "The strongest path" in cdp("crm:2", "--to", "shop:3").stdout
    told = json.loads(cdp("crm:2", "--to", "shop:3", "--json").stdout)
    links = told["customers"][0]["links"]
    assert [(links[place]["left"], links[place]["right"]) for place in told["path"]] == [(0, 1), (0, 2)]


def test_the_page_is_written_for_its_owner_alone_whatever_was_there_before(cdp: Cdp, tmp_path: Path) -> None:
    page = tmp_path / "anna.html"
    page.write_text("readable by all")
    page.chmod(0o644)
    said = cdp("crm:1", "--html", str(page))
    assert said.exit_code == 0, said.output
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert "it shows personal data" in said.stdout
    assert "anna.smith" not in said.output
    assert list(tmp_path.iterdir()) == [page]


def test_page_and_answer_for_programs_come_together_and_do_not_mix(cdp: Cdp, tmp_path: Path) -> None:
    said = cdp("crm:1", "--html", str(tmp_path / "page.html"), "--json")
    assert json.loads(said.stdout)["asked"] == "crm:1"
    assert (tmp_path / "page.html").exists()


def test_a_page_that_cannot_be_written_is_refused_and_leaves_nothing(cdp: Cdp, tmp_path: Path) -> None:
    line = refusal(cdp("crm:1", "--html", str(tmp_path / "nowhere" / "page.html")))
    assert "page.html cannot be written: No such file or directory" in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("crm:404",), "crm:404 is the record of no customer"),
        (("c_unknown",), "'c_unknown'"),
        (("crm:1", "--to", "crm:4"), "crm:4 is no record of c_"),
    ],
)
def test_what_cannot_be_explained_is_refused_in_one_line(cdp: Cdp, arguments: tuple[str, ...], said: str) -> None:
    assert said in refusal(cdp(*arguments))


def test_explaining_changes_nothing(cdp: Cdp, deployment: Deployment) -> None:
    before = deployment.contents()
    assert cdp("crm:1").exit_code == 0
    assert cdp("crm:5", "--json").exit_code == 0
    assert deployment.contents() == before


def test_a_state_of_match_is_explained_with_the_model_beside_it_and_the_rules_it_was_made_with(
    cdp: Cdp, state: Path
) -> None:
    options = ("--state", str(state / "state"), "--rules", str(state / "rules.yaml"))
    told = json.loads(cdp("crm:1", "--json", *options).stdout)
    customer = told["customers"][0]
    assert [record["sent"] for record in customer["records"]] == [{}, {}, {}]
    assert [(link["kind"], link["rule"]) for link in customer["links"][:2]] == [
        ("rule", "email_and_name"),
        ("probabilistic", None),
    ]
    assert all(link["waterfall"] for link in customer["links"])
    assert customer["vetoes"]
    assert cdp("crm:2", "--to", "shop:3", *options).exit_code == 0


def test_other_rules_than_those_of_the_state_are_refused(cdp: Cdp, state: Path) -> None:
    assert "was resolved with other rules than these" in refusal(cdp("crm:1", "--state", str(state / "state")))
    without_state = cdp("crm:1", "--rules", str(state / "rules.yaml"))
    assert without_state.exit_code == 2
    assert "--rules goes with --state" in without_state.stderr


def test_a_folder_without_a_state_is_refused(cdp: Cdp, tmp_path: Path) -> None:
    assert "holds no state.duckdb" in refusal(cdp("crm:1", "--state", str(tmp_path)))


def test_before_the_first_run_there_is_nothing_to_explain(tmp_path: Path) -> None:
    empty = Deployment(tmp_path / "empty")
    empty.folder.mkdir()
    result = CliRunner(env=empty.env).invoke(main, ["explain", "crm:1"])
    assert "identity.customer_ids is not there yet; start `cdp run`" in refusal(result)


def test_the_command_is_among_those_cdp_offers() -> None:
    assert "\n  explain " in CliRunner().invoke(main, ["--help"]).stdout
