"""What the command line says to people: help, what is wrong in one line, and nothing about anybody."""

import re
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from cdp_assets.settings import PROJECT_ROOT
from cdp_assets_tests.deployment import SEEDS, Deployment

pytestmark = pytest.mark.slow

AUDIENCE = "cdp_assets/defs/audiences/at_risk_high_value/defs.yaml"
SOURCE = "cdp_assets/defs/raw/support/defs.yaml"
SYNC = "cdp_assets/defs/activation/second_order_reminder/defs.yaml"
MODEL = "dbt_project/models/lookup/customer_records.sql"


@pytest.fixture
def made(materialised: Callable[[int], Deployment]) -> Deployment:
    return materialised(SEEDS[0])


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the project, to be broken."""
    for folder in ("cdp_assets", "dbt_project"):
        shutil.copytree(PROJECT_ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("dagster.yaml", "pyproject.toml"):
        shutil.copy(PROJECT_ROOT / file, tmp_path)
    return tmp_path


def _edit(path: Path, old: str, new: str) -> int:
    """Replace a text that is there once; returns its line."""
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    return text[: text.index(old)].count("\n") + 1


def _refusal(deployment: Deployment, *arguments: str) -> str:
    """The one line with which a command refuses."""
    done = deployment.run(*arguments)
    assert done.returncode == 1, done.stdout
    (line,) = done.stderr.splitlines()
    return line


def test_help_lists_the_commands(empty: Deployment) -> None:
    said = empty.run_well("--help").stdout
    for command in ("sample", "run", "status", "doctor", "dev"):
        assert re.search(rf"^  {command}  +\w", said, re.MULTILINE)


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("CDP_LOCK_TIMEOUT_SECONDS", "abc", "a number of seconds"),
        ("CDP_WAREHOUSE", "oracle", "duckdb"),
        ("CDP_REPORTING_TIMEZONE", "Mars/Base", "an IANA time zone"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_with_what_is_allowed(
    empty: Deployment, variable: str, value: str, allowed: str
) -> None:
    line = _refusal(empty.with_environment(**{variable: value}), "run")
    assert variable in line
    assert repr(value) in line
    assert allowed in line


def test_an_as_of_that_is_no_moment_is_refused(empty: Deployment) -> None:
    line = _refusal(empty, "run", "--as-of", "someday")
    assert "'someday'" in line
    assert "2026-06-30" in line


def test_a_selection_of_nothing_is_refused_with_the_stages_there_are(made: Deployment) -> None:
    assert "''" in _refusal(made, "run", "--select", "")
    line = _refusal(made, "run", "--select", "nonsense")
    assert "'nonsense'" in line
    assert "identity, master" in line


def test_debug_shows_where_a_failure_comes_from(empty: Deployment) -> None:
    done = empty.run("--debug", "run", "--as-of", "someday")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "parse_as_of" in done.stderr


def test_the_doctor_finds_nothing_wrong_with_a_deployment_that_runs(made: Deployment) -> None:
    done = made.run_well("doctor")
    assert "FIX" not in done.stdout
    assert "ok   raw.crm__contacts: 1 files match crm/contacts*.csv" in done.stdout


def test_the_doctor_says_how_to_mend_folders_and_missing_exports(made: Deployment, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ill = made.with_environment(
        CDP_OUTBOX_DIR=str(tmp_path / "file/outbox"),
        DAGSTER_HOME=str(tmp_path / "file/home"),
        CDP_LANDING_DIR=str(tmp_path / "landing"),
    )
    done = ill.run("doctor")
    assert done.returncode == 1
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    wrong = {line.split()[1].rstrip(":"): fix for line, fix in pairwise(lines) if line[:3] == "FIX"}
    assert {"CDP_OUTBOX_DIR", "DAGSTER_HOME", "raw.crm__contacts", "raw.web__events"} <= set(wrong)
    assert str(tmp_path / "file") in wrong["CDP_OUTBOX_DIR"]
    assert "cdp sample" in wrong["raw.crm__contacts"]


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (AUDIENCE, "gte: 500", "gte: lots", ["gte", "'lots'", "number"]),
        (AUDIENCE, "field: email", "field: emial", ["field", "'emial'", "email, "]),
        (AUDIENCE, "condition:", "condition: [", [":{line_after}: this is not YAML"]),
        (SOURCE, "type: files", "type: ftp", [":{line}", "landing", "'ftp'", "files"]),
        (SOURCE, "required:", "requierd:", ["attributes.tables.0", "'requierd'", "the options are: name"]),
        (SYNC, "mode: mirror", "mode: copy", [":{line}", "mode", "'copy'", "'mirror', 'upsert'"]),
        (SYNC, "destination: file", "destination: fax", ["'fax'", "braze, file, google_ads"]),
    ],
)
def test_a_definition_that_cannot_be_used_is_named_with_file_field_value_and_what_is_allowed(
    made: Deployment, checkout: Path, file: str, old: str, new: str, said: list[str]
) -> None:
    number = _edit(checkout / file, old, new)
    line = _refusal(made.with_environment(PYTHONPATH=str(checkout)), "status")
    assert str(checkout / file) in line
    for part in said:
        assert part.format(line=number, line_after=number + 2) in line


def test_a_model_that_dbt_cannot_parse_is_told_in_one_line(made: Deployment, checkout: Path, tmp_path: Path) -> None:
    (checkout / MODEL).write_text("select * from {{ ref('no_such_model') }}\n")
    own = {"CDP_DBT_OUTPUT_DIR": str(tmp_path / "dbt"), "PYTHONPATH": str(checkout)}
    line = _refusal(made.with_environment(**own), "status")
    assert "no_such_model" in line
    assert "customer_records" in line


def test_nothing_a_run_prints_or_keeps_in_its_records_names_anybody(made: Deployment) -> None:
    addresses = made.query("SELECT DISTINCT email FROM master.customers WHERE email IS NOT NULL")["email"].to_list()
    assert len(addresses) > 100
    known = re.compile(rb"[\w.+-]+@[\w-]+\.[\w.]+")
    for path in sorted(path for path in made.home.rglob("*") if path.is_file()):
        found = {match.decode().lower() for match in known.findall(path.read_bytes())}
        assert not found & set(addresses), path
    checksums = made.query("SELECT checksum FROM activation.sync_state")["checksum"].to_list()
    kept = b"".join(path.read_bytes() for path in (made.home / "cdp_logs").iterdir())
    assert kept
    assert not any(checksum.encode() in kept for checksum in checksums)
