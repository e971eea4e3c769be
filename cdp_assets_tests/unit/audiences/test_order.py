"""Audiences are refreshed after those they read; what cannot be put in order, or read from its file, is refused."""

from pathlib import Path

import pytest

from cdp_assets.audiences.configured import configured
from cdp_assets.audiences.order import levels, priorities
from cdp_assets.errors import ConfigurationError
from cdp_assets_tests.unit.audiences.world import definition

ANYONE = {"property": {"field": "email", "is_set": True}}


def named(name, condition=ANYONE, **options):
    return definition(condition, name=name, **options)


def reading(name, other, **options):
    return named(name, {"any": [ANYONE, {"not": {"audience": {"in": other}}}]}, **options)


def order(*definitions):
    return [[one.name for one in level] for level in levels(definitions)]


def test_none_comes_before_one_it_reads_in_a_condition_an_exclusion_or_a_list_of_priorities():
    second = named("first_by_name", priority={"list": "emails", "rank": 7})
    first = reading("urgent", "plain", priority={"list": "emails", "rank": 2})
    elsewhere = named("elsewhere", priority={"list": "letters", "rank": 1}, exclude=["first_by_name"])
    found = order(second, first, elsewhere, named("plain"))
    assert found == [["plain"], ["urgent"], ["first_by_name"], ["elsewhere"]]


def test_audiences_that_do_not_read_each_other_share_a_level_in_order_of_names():
    assert order(named("b"), named("a"), reading("c", "not_one_of_them")) == [["a", "b", "c"]]


@pytest.mark.parametrize(
    ("definitions", "path"),
    [
        ([reading("a", "a")], "a → a"),
        ([reading("a", "b"), reading("b", "c"), named("c", exclude=["a"])], "a → b → c → a"),
        ([reading("start", "b"), reading("b", "c"), reading("c", "b")], "b → c → b"),
        (
            [
                named("low", priority={"list": "l", "rank": 2}),
                reading("high", "low", priority={"list": "l", "rank": 1}),
            ],
            "high → low → high",
        ),
    ],
)
def test_a_circle_of_audiences_is_refused_with_its_path(definitions, path):
    with pytest.raises(ConfigurationError, match=f"in a circle: {path}; take one of them out"):
        levels(definitions)


def test_two_audiences_with_one_rank_of_a_list_are_refused():
    pair = [named(name, priority={"list": "emails", "rank": 3}) for name in ("a", "b")]
    with pytest.raises(ConfigurationError, match=r"priority: 'a' and 'b' both have rank 3 of the list 'emails'"):
        priorities(pair)
    apart = [pair[0], named("b", priority={"list": "letters", "rank": 3})]
    assert [place.list for place in priorities(apart).values()] == ["emails", "letters"]


GOOD = """\
type: cdp_assets.components.audience.Audience
attributes:
  name: french
  description: Customers in France.
  owners: [team:marketing]
  condition:
    all:
      - property: {field: country, eq: FR}
"""


def written(folder: Path, text: str, name: str = "one") -> Path:
    path = folder / name / "defs.yaml"
    path.parent.mkdir()
    path.write_text(text)
    return path


def test_a_folder_of_definitions_is_read_with_its_registered_tables(tmp_path):
    written(tmp_path, GOOD)
    table = "type: cdp_assets.components.audience_table.AudienceTable\nattributes: {table: marts.x, columns: {a: text}}"
    written(tmp_path, table, "two")
    found = configured(tmp_path)
    assert found.audience("french").description == "Customers in France."
    assert [one.table for one in found.tables] == ["marts.x"]
    with pytest.raises(ConfigurationError, match=r"no audience 'german'; there are: .*french"):
        found.audience("german")


def test_files_that_define_nothing_can_be_left_out_of_those_that_do(tmp_path):
    written(tmp_path, GOOD)
    broken = [written(tmp_path, "- a\n", "broken"), written(tmp_path, GOOD, "second")]
    told: list[ConfigurationError] = []
    found = configured(tmp_path, leave_out=told.append)
    assert found.files == {"french": tmp_path / "one" / "defs.yaml"}
    assert [str(error).partition(": ")[0] for error in told] == [str(path) for path in broken]


def test_two_files_with_one_name_are_refused(tmp_path):
    written(tmp_path, GOOD)
    second = written(tmp_path, GOOD, "two")
    with pytest.raises(ConfigurationError, match=rf"{second}: there is another audience 'french'"):
        configured(tmp_path)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", None, "must be a mapping"),
        ("- a\n- b\n", None, "must be a mapping"),
        ("attributes: [a]\n", None, "must be a mapping"),
        ("attributes: {name: [}\n", 1, "not YAML"),
        (GOOD.replace("eq: FR", "eq: [FR]"), 8, "condition.all.0.property.eq is ['FR']; must be a text"),
        (GOOD.replace("eq: FR", "equals: FR"), 8, "no option 'equals'; the options are: eq, neq"),
        (
            GOOD.replace("all:\n      - property", "property: x\n    any:\n      - property"),
            7,
            "condition.property is 'x'",
        ),
        (GOOD + "    not: {property: {field: email, is_set: true}}\n", 6, "got all, not"),
        (GOOD.replace("[team:marketing]", "team:marketing"), 5, "owners is 'team:marketing'"),
        (GOOD.replace("name: french", "name: [french]"), 3, "name is ['french']"),
        (GOOD + "  exclude: lapsed\n", 9, "exclude is 'lapsed'"),
        (GOOD + "  splits: {arms: {a: 50}}\n", 9, "must sum to 100; they sum to 50"),
    ],
)
def test_yaml_of_the_wrong_shape_is_refused_with_file_and_line(tmp_path, text, line, said):
    path = written(tmp_path, text)
    with pytest.raises(ConfigurationError) as error:
        configured(tmp_path)
    message = str(error.value)
    assert message.startswith(f"{path}:{line}:" if line else f"{path}:")
    assert said in message
    assert "\n" not in message
