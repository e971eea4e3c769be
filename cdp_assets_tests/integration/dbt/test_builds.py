"""What does not depend on the rows: empty tables, and the project's own agreement."""

import pytest
import yaml

from cdp_assets.settings import DBT_PROJECT_DIR
from cdp_assets_tests.integration.dbt.deployment import Deployment
from cdp_assets_tests.integration.dbt.raw_rows import write_identity, write_raw


@pytest.mark.slow
def test_builds_on_raw_tables_without_rows(deployment: Deployment) -> None:
    write_raw(deployment.warehouse, {})
    write_identity(deployment.warehouse, [])
    done = deployment.build("staging", "lookup", "master")
    assert done.returncode == 0, done.stdout
    assert "WARN=0 ERROR=0 SKIP=0" in done.stdout
    assert deployment.rows("SELECT count(*) FROM master.customers") == [(0,)]


def test_the_list_of_sources_agrees_with_the_staging_models_and_the_raw_definitions() -> None:
    listed = yaml.safe_load((DBT_PROJECT_DIR / "dbt_project.yml").read_text())["vars"]["sources"]
    provided = {(source["name"], entity) for source in listed for entity in source["entities"]}
    models = DBT_PROJECT_DIR.glob("models/staging/*/stg_*.sql")
    staged = {(model.parent.name, model.stem.removeprefix(f"stg_{model.parent.name}__")) for model in models}
    assert provided == staged
    raw = DBT_PROJECT_DIR.parent / "cdp_assets" / "defs" / "raw"
    assert {source for source, _ in provided} == {file.parent.name for file in raw.glob("*/defs.yaml")}
