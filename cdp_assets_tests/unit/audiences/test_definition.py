"""Definitions that cannot mean anything are refused, in words that tell how to mend them."""

from datetime import date

import pytest

from cdp_assets.audiences.definition import AudienceDefinition
from cdp_assets.errors import ConfigurationError
from cdp_assets.validation import validated
from cdp_assets_tests.unit.audiences.world import definition

ANYONE = {"property": {"field": "email", "is_set": True}}


def refusal(condition, **options):
    with pytest.raises(ConfigurationError) as error:
        definition(condition, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"transaction": {"count": {"at_least": -3}}}, ["condition.transaction.count", "no count is -3", "0 or more"]),
        ({"property": {"field": "country", "equals": "FR"}}, ["condition.property", "'equals'", "eq, neq"]),
        ({"property": {"field": "country"}}, ["condition.property", "exactly one of eq", "got none"]),
        ({"property": {"field": "country", "eq": "FR", "neq": "DE"}}, ["got eq, neq"]),
        ({"property": {"field": "country", "eq": ["FR"]}}, ["condition.property.eq", "must be a text", "['FR']"]),
        ({"property": {"field": "country", "in": "FR"}}, ["condition.property.in", "'FR'", "valid tuple"]),
        ({"property": {"field": "country", "eq": "a\x00b"}}, ["condition.property.eq", "NUL"]),
        ({"property": {"field": "country", "contains": ""}}, ["condition.property.contains", "at least 1 char"]),
        ({"property": {"field": "country", "eq": "a", "exact": 1}}, ["condition.property.exact", "boolean"]),
        ({"property": {"field": "total_spent", "gt": float("inf")}}, ["condition.property.gt", "finite", "inf"]),
        ({"property": {"field": "total_spent", "between": [1]}}, ["condition.property.between"]),
        ({"property": {"field": "total_spent", "between": [5, 2.5]}}, ["between ends before it starts", "5", "2.5"]),
        ({"property": {"field": "total_spent", "is_set": False}}, ["condition.property.is_set", "True"]),
        ({"property": {"field": "email", "is_set": True, "or_not_set": True}}, ["or_not_set says nothing"]),
        ({"all": []}, ["condition.all", "at least 1"]),
        ({"any": []}, ["condition.any", "at least 1"]),
        ({"any": [{"prop": 1}]}, ["condition.any.0", "'prop'", "all, any, not, property"]),
        ({"any": [{"not": {"all": [{"property": {"field": "x"}}]}}]}, ["condition.any.0.not.all.0.property"]),
        ({"all": [{}]}, ["condition.all.0", "got none"]),
        ([ANYONE], ["condition is [", "dictionary"]),
        ("everybody", ["condition is 'everybody'", "dictionary"]),
        ({"event": {"count": {"at_least": 1}, "within_last": "90 days"}}, ["condition.event.within_last", "90 days"]),
        ({"event": {"count": {"at_least": True}}}, ["condition.event.count.at_least", "must be a number", "True"]),
        ({"event": {"of": "lines", "count": {"at_least": 1}}}, ["condition.event", "'of'"]),
        ({"transaction": {"count": {}}}, ["condition.transaction.count", "at_least"]),
        ({"transaction": {"count": {"exactly": 1, "at_most": 2}}}, ["exactly alone"]),
        ({"transaction": {"count": {"at_least": 3, "at_most": 2}}}, ["no number is at least 3 and at most 2"]),
        ({"transaction": {"average": {"field": "amount", "at_least": 1}}}, ["'average'", "avg, min, max"]),
        ({"transaction": {"where": []}}, ["exactly one of count, sum"]),
        ({"transaction": {"of": "baskets", "count": {"at_least": 1}}}, ["condition.transaction.of", "'lines'"]),
        (
            {"transaction": {"count": {"at_least": 1}, "between_ago": ["7d", "20d"]}},
            ["ends before it starts", "7d"],
        ),
        (
            {"transaction": {"count": {"at_least": 1}, "between": ["2026-02-01", "2026-01-31"]}},
            ["condition.transaction", "ends before it starts", "2026-02-01 comes after 2026-01-31"],
        ),
        (
            {"transaction": {"count": {"at_least": 1}, "within_last": "1d", "between_ago": ["2d", "1d"]}},
            ["takes one window", "within_last, between_ago"],
        ),
        ({"event": {"count": {"at_least": 1}, "where": [{"all": [], "eq": 1}]}}, ["condition.event.where.0"]),
        ({"sequence": {"did": {"event": {}}}}, ["condition.sequence", "exactly one of then, then_not"]),
        ({"sequence": {"did": {}, "then": {"event": {}}}}, ["condition.sequence.did", "transaction, event"]),
        ({"related": {"to": "account"}}, ["condition.related", "exactly one of any, all, none"]),
        ({"related": {"to": ["a", "b", "c"], "count": {"at_least": 1}}}, ["condition.related.to", "at most 2"]),
        (
            {
                "related": {
                    "to": "account",
                    "any": {"field": "name", "eq": "x"},
                    "where": [{"field": "name", "eq": "y"}],
                }
            },
            ["condition.related", "put it into the filter"],
        ),
        ({"audience": {"in": "a", "not_in": "b"}}, ["exactly one of in, not_in"]),
        ({"audience": {"in": "a; drop table x"}}, ["condition.audience.in", "drop table"]),
    ],
)
def test_a_malformed_condition_is_refused_with_path_value_and_what_is_allowed(condition, said):
    message = refusal(condition)
    for words in said:
        assert words in message


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"splits": {"arms": {"a": 50, "b": 49.99}}}, ["splits", "must sum to 100", "99.99"]),
        ({"splits": {"arms": {"a": 100}, "holdout": 10}}, ["must sum to 100", "110"]),
        ({"splits": {"arms": {"a": 99.999, "b": 0.001}}}, ["at most two decimals", "a 99.999, b 0.001"]),
        ({"splits": {"arms": {"a": 110, "b": -10}}}, ["at least 0", "b -10"]),
        ({"splits": {"arms": {}}}, ["splits.arms", "at least 1"]),
        ({"splits": {"arms": {"holdout": 100}}}, ["may not be called holdout"]),
        ({"splits": {"arms": {"Big Arm": 100}}}, ["splits.arms", "Big Arm", "pattern"]),
        ({"limit": {"field": "total_spent", "top": 0}}, ["limit.top", "greater than or equal to 1"]),
        ({"limit": {"field": "total_spent", "top": 3, "order": "best"}}, ["limit.order", "'highest' or 'lowest'"]),
        ({"priority": {"list": "emails", "rank": 0}}, ["priority.rank", "greater than or equal to 1"]),
        ({"suppress": {"without_consent": []}}, ["suppress.without_consent", "at least 1"]),
        ({"expected": {"at_least": 5, "at_most": 4}}, ["expected", "no size is at least 5 and at most 4"]),
        ({"expected": {"change": 1}}, ["expected.change", "greater than 1"]),
        ({"exclude": ["A-1"]}, ["exclude.0", "'A-1'"]),
        ({"owner": "team:x"}, ["no option 'owner'", "owners"]),
        ({"owners": []}, ["owners", "at least 1"]),
    ],
)
def test_options_that_cannot_be_are_refused(options, said):
    message = refusal(ANYONE, **options)
    for words in said:
        assert words in message


@pytest.mark.parametrize(
    "name", ["membership_log", "global_holdout", "assignments", "refresh__x", "Upper", "a-b", "", "a" * 64]
)
def test_a_name_that_cannot_be_a_table_is_refused(name):
    assert "name" in refusal(ANYONE, name=name)


def test_the_ends_of_a_window_are_compared_as_moments():
    window = ["2026-02-01T01:00:00+02:00", "2026-01-31T23:30:00Z"]
    definition({"transaction": {"count": {"at_least": 1}, "between": window}})
    definition({"property": {"field": "last_order_at", "between": window}})
    assert "ends before it starts" in refusal({"property": {"field": "last_order_at", "between": window[::-1]}})


def test_the_origin_of_a_bad_definition_is_named():
    with pytest.raises(ConfigurationError, match=r"^defs/audiences/x/defs.yaml: .*owners is missing"):
        validated(AudienceDefinition, {"name": "x"}, "defs/audiences/x/defs.yaml")


def test_a_date_a_yaml_reader_recognised_means_the_same_as_its_text():
    read = definition({"property": {"field": "last_order_at", "after": date(2026, 1, 31)}})
    assert read == definition({"property": {"field": "last_order_at", "after": "2026-01-31"}})


def test_the_version_changes_with_the_meaning_alone():
    french = {"property": {"field": "country", "eq": "FR"}}
    before = definition(french)
    same = definition(french, description="Other.", owners=["a@b.c"], schedule="@daily", expected={"at_least": 1})
    assert same.version == before.version
    others = [
        definition({"property": {"field": "country", "eq": "DE"}}),
        definition({"property": {"field": "country", "eq": "FR", "exact": True}}),
        definition(french, name="other"),
        definition(french, exclude=["lapsed"]),
        definition(french, suppress={"without_consent": ["email"]}),
        definition(french, limit={"field": "total_spent", "top": 5}),
        definition(french, priority={"list": "emails", "rank": 1}),
        definition(french, splits={"arms": {"a": 100}}),
    ]
    assert len({before.version, *(other.version for other in others)}) == len(others) + 1
