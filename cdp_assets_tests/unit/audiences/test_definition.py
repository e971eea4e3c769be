"""Definitions that cannot mean anything are refused, in words that tell how to mend them."""

from datetime import date

import pytest

from cdp_assets.audiences.catalogue import Catalogue
from cdp_assets.audiences.compile import compile_audience
from cdp_assets.audiences.definition import AudienceDefinition
from cdp_assets.errors import ConfigurationError
from cdp_assets.validation import validated
from cdp_assets_tests.unit.audiences.world import AS_OF, definition


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"property": {"field": "country", "equals": "FR"}}, ["condition.property", "'equals'", "eq, neq"]),
        ({"property": {"field": "country"}}, ["condition.property", "exactly one of eq", "got none"]),
        ({"property": {"field": "country", "eq": "FR", "neq": "DE"}}, ["got eq, neq"]),
        ({"property": {"field": "country", "eq": ["FR"]}}, ["condition.property.eq", "must be a text", "['FR']"]),
        ({"property": {"field": "country", "eq": "a\x00b"}}, ["condition.property.eq", "NUL"]),
        ({"property": {"field": "total_spent", "gt": float("inf")}}, ["condition.property.gt", "finite", "inf"]),
        ({"property": {"field": "total_spent", "is_set": False}}, ["condition.property.is_set", "True"]),
        ({"all": []}, ["condition.all", "at least 1"]),
        ({"any": [{"prop": 1}]}, ["condition.any.0", "'prop'", "all, any, not, property"]),
        ({"any": [{"not": {"all": [{"property": {"field": "x"}}]}}]}, ["condition.any.0.not.all.0.property"]),
        ({"all": [{}]}, ["condition.all.0", "got none"]),
        ({"event": {"count": {"at_least": 1}, "within_last": "90 days"}}, ["condition.event.within_last", "90 days"]),
        ({"event": {"count": {"at_least": True}}}, ["condition.event.count.at_least", "must be a number", "True"]),
        ({"transaction": {"count": {}}}, ["condition.transaction.count", "at_least"]),
        ({"transaction": {"count": {"exactly": 1, "at_most": 2}}}, ["exactly alone"]),
        ({"transaction": {"where": []}}, ["exactly one of count, sum"]),
        ({"audience": {"in": "a", "not_in": "b"}}, ["exactly one of in, not_in"]),
        ({"audience": {"in": "a; drop table x"}}, ["condition.audience.in", "drop table"]),
    ],
)
def test_a_malformed_condition_is_refused_with_path_value_and_what_is_allowed(condition, said):
    with pytest.raises(ConfigurationError) as error:
        definition(condition)
    for words in said:
        assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"property": {"field": "contry", "eq": "FR"}}, ["condition.property.field", "'contry'", "country"]),
        ({"property": {"field": "staging.people.x", "eq": 1}}, ["staging.people.x", "master.customers, churn.scores"]),
        ({"property": {"field": 'country" OR 1=1 --', "eq": "FR"}}, ["is not a column of master.customers"]),
        ({"not": {"property": {"field": "total_spent", "gt": "much"}}}, ["condition.not.property.gt", "a number"]),
        ({"property": {"field": "country", "gt": 5}}, ["holds text values", "contains"]),
        ({"property": {"field": "country", "eq": 5}}, ["condition.property.eq", "needs a text"]),
        ({"property": {"field": "total_spent", "eq": True}}, ["needs a number"]),
        ({"property": {"field": "last_order_at", "before": "soon"}}, ["'soon'", "such as 2026-01-31"]),
        ({"transaction": {"sum": {"field": "status", "at_least": 1}}}, ["condition.transaction.sum.field", "numbers"]),
        ({"event": {"count": {"at_least": 1}, "where": [{"field": "amount", "gt": 1}]}}, ["event.where.0.field"]),
        ({"audience": {"in": "nobody"}}, ["condition.audience", "'nobody'", "there are: lapsed"]),
        ({"audience": {"in": "tested"}}, ["this audience itself"]),
    ],
)
def test_a_condition_the_catalogue_cannot_serve_is_refused(condition, said):
    catalogue = Catalogue(Catalogue.declared().tables, frozenset({"lapsed", "tested"}))
    with pytest.raises(ConfigurationError) as error:
        compile_audience(definition(condition), catalogue, AS_OF)
    for words in said:
        assert words in str(error.value)


@pytest.mark.parametrize("name", ["membership_log", "Upper", "a-b", "", "a" * 64])
def test_a_name_that_cannot_be_a_table_is_refused(name):
    with pytest.raises(ConfigurationError, match="name"):
        definition({"property": {"field": "email", "is_set": True}}, name=name)


def test_a_moment_without_a_time_zone_is_refused():
    anyone = definition({"property": {"field": "email", "is_set": True}})
    with pytest.raises(ConfigurationError, match="time zone"):
        compile_audience(anyone, Catalogue.declared(), AS_OF.replace(tzinfo=None))


def test_the_origin_of_a_bad_definition_is_named():
    with pytest.raises(ConfigurationError, match=r"^defs/audiences/x/defs.yaml: .*owner"):
        validated(AudienceDefinition, {"name": "x"}, "defs/audiences/x/defs.yaml")


def test_a_date_a_yaml_reader_recognised_means_the_same_as_its_text():
    read = definition({"property": {"field": "last_order_at", "after": date(2026, 1, 31)}})
    assert read == definition({"property": {"field": "last_order_at", "after": "2026-01-31"}})


def test_the_version_changes_with_the_meaning_alone():
    before = definition({"property": {"field": "country", "eq": "FR"}})
    assert (
        definition({"property": {"field": "country", "eq": "FR"}}, description="Other words.").version == before.version
    )
    others = [
        definition({"property": {"field": "country", "eq": "DE"}}),
        definition({"property": {"field": "country", "eq": "FR"}}, exclude=["lapsed"]),
        definition({"property": {"field": "country", "eq": "FR"}}, limit={"field": "total_spent", "top": 5}),
    ]
    assert len({before.version, *(other.version for other in others)}) == 4
