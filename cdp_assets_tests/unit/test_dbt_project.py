import json
from dataclasses import replace
from pathlib import Path

import pytest

from cdp_assets import dbt_project
from cdp_assets.dbt_project import dbt_environment, prepare_manifest
from cdp_assets.errors import ConfigurationError
from cdp_assets.settings import Settings

FILES = {
    "dbt_project.yml": "name: tiny\nversion: '1.0'\nconfig-version: 2\nprofile: cdp\nmodel-paths: [models]\n",
    "profiles.yml": (
        "cdp:\n  target: duckdb\n  outputs:\n"
        "    duckdb: {type: duckdb, path: \"{{ env_var('CDP_DUCKDB_PATH') }}\", threads: 1}\n"
    ),
    "models/one.sql": "select 1 as id\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return tmp_path / "project"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    folders = {"CDP_DUCKDB_PATH": "cdp.duckdb", "CDP_DBT_OUTPUT_DIR": "dbt"}
    return Settings.from_env({name: str(tmp_path / folder) for name, folder in folders.items()})


@pytest.fixture
def parses(monkeypatch) -> list[Path]:
    """The folders dbt was started for."""
    started: list[Path] = []
    parse = dbt_project._parse

    def counted(settings: Settings, project_dir: Path, target: Path) -> None:
        started.append(target)
        parse(settings, project_dir, target)

    monkeypatch.setattr(dbt_project, "_parse", counted)
    return started


def models(manifest: Path) -> set[str]:
    return {node["name"] for node in json.loads(manifest.read_text())["nodes"].values()}


@pytest.mark.slow
def test_a_project_is_parsed_once_and_again_when_it_changed(settings, project, parses, tmp_path):
    first = prepare_manifest(settings, project)
    assert models(first) == {"one"}
    assert prepare_manifest(settings, project) == first
    assert len(parses) == 1

    (project / "models" / "two.sql").write_text("select id from {{ ref('one') }}\n")
    second = prepare_manifest(settings, project)
    assert models(second) == {"one", "two"}
    assert prepare_manifest(settings, project) == second
    assert len(parses) == 2

    assert [path.name for path in settings.dbt_output_dir.iterdir()] == [second.parent.name]
    assert not settings.duckdb_path.exists()  # parsing connects to nothing
    assert {path.name for path in project.iterdir()} == {"dbt_project.yml", "profiles.yml", "models"}


@pytest.mark.slow
def test_a_project_that_does_not_parse_is_told_in_one_line_and_leaves_nothing(settings, project):
    (project / "models" / "two.sql").write_text("select * from {{ ref('nothing') }}\n")

    with pytest.raises(ConfigurationError, match=r"the dbt project .* does not parse: .*nothing") as refused:
        prepare_manifest(settings, project)
    assert not {"\n", "\x1b"} & set(str(refused.value))
    assert not list(settings.dbt_output_dir.glob("*"))


def test_the_hash_follows_what_parsing_depends_on_and_nothing_else(settings, project, tmp_path):
    def told(settings: Settings = settings) -> str:
        return dbt_project._project_hash(settings, project)

    before = told()
    for output in ("target/manifest.json", "logs/dbt.log"):
        (project / output).parent.mkdir()
        (project / output).touch()
    assert told() == before
    assert told(replace(settings, duckdb_path=tmp_path / "other.duckdb")) != before
    assert told(replace(settings, warehouse="postgres")) != before
    assert told(replace(settings, landing_dir=tmp_path)) == before
    (project / "models" / "one.sql").write_text("select 2 as id\n")
    assert told() != before


def test_profiles_read_the_settings(settings):
    environment = dbt_environment(replace(settings, reporting_timezone="Europe/Paris"))

    assert environment["CDP_DUCKDB_PATH"] == str(settings.duckdb_path)
    assert environment["CDP_REPORTING_TIMEZONE"] == "Europe/Paris"
    assert environment["DBT_SEND_ANONYMOUS_USAGE_STATS"] == "false"
