"""A dbt model in the folder of audiences is an audience: whom its table has, and what its YAML says besides."""

from pathlib import Path

import pytest

from cdp_assets.audiences.imported import imported_audiences
from cdp_assets.audiences.order import levels, priorities
from cdp_assets.errors import ConfigurationError
from cdp_assets_tests.unit.audiences.refreshed import ANYONE
from cdp_assets_tests.unit.audiences.world import definition

MODEL = """\
models:
  - name: regulars
    description: Those who come back.
    config:
      meta:
        owners: [team:marketing]
"""


def folder(at: Path, text: str = MODEL, name: str = "_audiences.yml") -> Path:
    (at / "regulars.sql").write_text("select customer_id from {{ ref('customers') }}")
    (at / name).write_text(text, encoding="utf-8")
    return at


@pytest.mark.parametrize("name", ["_audiences.yml", "regulars.yaml"])
def test_a_model_is_an_audience_of_those_in_its_table(tmp_path, name):
    (found,) = imported_audiences(folder(tmp_path, name=name))
    assert (found.name, found.description, found.owners) == ("regulars", "Those who come back.", ("team:marketing",))
    assert found.condition.audience.name == "regulars__model"


def test_the_options_of_an_audience_are_taken_from_meta_and_other_keys_are_left_to_dbt(tmp_path):
    meta = (
        "owners: [team:marketing]\n        exclude: [staff]\n        splits: {arms: {a: 90}, holdout: 10}\n        x: 1"
    )
    (found,) = imported_audiences(folder(tmp_path, MODEL.replace("owners: [team:marketing]", meta)))
    assert found.exclude == ("staff",)
    assert list(found.splits.shares) == ["a", "holdout"]


def test_its_table_is_known_and_other_audiences_may_read_it(tmp_path):
    (found,) = imported_audiences(folder(tmp_path))
    reader = definition({"any": [ANYONE, {"audience": {"in": "regulars"}}]}, name="a_reader")
    assert set(priorities([found, reader])) == {"regulars", "regulars__model", "a_reader"}
    assert [[one.name for one in level] for level in levels([reader, found])] == [["regulars"], ["a_reader"]]


def test_without_models_there_are_none(tmp_path):
    assert imported_audiences(tmp_path) == []
    (tmp_path / "_audiences.yml").write_text("")
    assert imported_audiences(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("models: []", "regulars.sql and its YAML: description is missing; owners is missing"),
        (MODEL.replace("owners", "owner"), "owners is missing"),
        (MODEL.replace("[team:marketing]", "team:marketing"), "owners is 'team:marketing'"),
        (MODEL.replace("owners: ", "limit: {top: 5}\n        owners: "), "limit.field is missing"),
        (MODEL.replace("owners: ", "splits: {arms: {a: 5}}\n        owners: "), "must sum to 100"),
        ("models: [", "_audiences.yml: this is not YAML"),
        ("- regulars", "_audiences.yml: it must be a mapping with a list of models"),
        ("models: regulars", "_audiences.yml: it must be a mapping with a list of models"),
        ("models: [regulars]", "_audiences.yml: it must be a mapping with a list of models"),
        ("models: [{description: x}]", "_audiences.yml: it must be a mapping with a list of models"),
        ("models: [{name: regulars, config: x}]", "config of the model 'regulars' must be a mapping"),
        ("models: [{name: regulars, config: {meta: [x]}}]", "config.meta of the model 'regulars' must be a mapping"),
    ],
)
def test_what_is_wrong_with_a_model_is_said_in_one_line_with_its_file(tmp_path, text, said):
    with pytest.raises(ConfigurationError) as error:
        imported_audiences(folder(tmp_path, text))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_no_text_is_named(tmp_path):
    (folder(tmp_path) / "_audiences.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match=r"_audiences\.yml: this is not YAML"):
        imported_audiences(tmp_path)
