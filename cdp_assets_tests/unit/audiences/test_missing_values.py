"""What a missing value makes of each operator: plainly and under `not`, alone and among others."""

import pytest

from cdp_assets.audiences.declared import CUSTOMERS
from cdp_assets.tables import Table
from cdp_assets_tests.unit.audiences.world import EVENTS, at, customer, event, fill, selected

T, F, U = True, False, None
"""A missing value makes a condition true, false, or unknown."""

OPERATORS = {
    "eq": ({"eq": "FR"}, U),
    "neq": ({"neq": "FR"}, U),
    "in": ({"in": ["FR", "DE"]}, U),
    "not_in": ({"not_in": ["FR", "DE"]}, U),
    "contains": ({"contains": "F"}, U),
    "starts_with": ({"starts_with": "F"}, U),
    "ends_with": ({"ends_with": "F"}, U),
    "is_set": ({"is_set": True}, F),
    "is_not_set": ({"is_not_set": True}, T),
    "eq, or not set": ({"eq": "FR", "or_not_set": True}, T),
    "neq, or not set": ({"neq": "FR", "or_not_set": True}, T),
    "in, or not set": ({"in": ["FR"], "or_not_set": True}, T),
    "not_in, or not set": ({"not_in": ["FR"], "or_not_set": True}, T),
    "contains, or not set": ({"contains": "F", "or_not_set": True}, T),
}
YES = {"property": {"field": "customer_id", "is_set": True}}
NO = {"property": {"field": "customer_id", "is_not_set": True}}
UNKNOWN = {"property": {"field": "company", "eq": "unknown to all"}}
NEGATION = {T: F, F: T, U: U}
BOTH = {(T, T): T, (T, U): U, (T, F): F, (U, T): U, (U, U): U, (U, F): F, (F, T): F, (F, U): F, (F, F): F}
EITHER = {(T, T): T, (T, U): T, (T, F): T, (U, T): T, (U, U): U, (U, F): U, (F, T): T, (F, U): U, (F, F): F}
BESIDE = {T: YES, U: UNKNOWN, F: NO}


@pytest.fixture
def nobody_known(warehouse):
    fill(warehouse, {CUSTOMERS: [customer("a")]})
    return warehouse


def truth(warehouse, condition, people=1):
    """True, false or unknown of all of them: a condition selects, its negation does, or neither."""
    found, not_found = (len(selected(warehouse, asked)) for asked in (condition, {"not": condition}))
    assert (found, not_found) in {(people, 0), (0, people), (0, 0)}
    return True if found else False if not_found else None


@pytest.mark.parametrize("name", OPERATORS)
def test_a_missing_value_has_its_place_in_the_truth_tables(nobody_known, name):
    operator, expected = OPERATORS[name]
    condition = {"property": {"field": "country", **operator}}
    assert truth(nobody_known, condition) is expected
    assert truth(nobody_known, {"not": condition}) is NEGATION[expected]
    for other, beside in BESIDE.items():
        assert truth(nobody_known, {"all": [condition, beside]}) is BOTH[expected, other]
        assert truth(nobody_known, {"any": [beside, condition]}) is EITHER[expected, other]
        assert truth(nobody_known, {"all": [{"not": condition}, beside]}) is BOTH[NEGATION[expected], other]
        assert truth(nobody_known, {"any": [beside, {"not": condition}]}) is EITHER[NEGATION[expected], other]


def test_what_is_not_in_json_is_a_missing_value(warehouse):
    found = [None, "{}", '{"page": null}', '{"page": {"deep": "FR"}}', '["FR"]', "no JSON"]
    people = {f"c{n}": properties for n, properties in enumerate(found)}
    events = [event(who, at(1), "view", properties=properties) for who, properties in people.items()]
    fill(warehouse, {CUSTOMERS: [customer(who) for who in people], EVENTS: events})
    for operator, expected in OPERATORS.values():
        comparison = {"field": "properties.page", **operator}
        assert truth(warehouse, {"event": {"last": comparison}}, len(people)) is expected
        for where, met in ((comparison, expected), ({"not": comparison}, NEGATION[expected])):
            counted = {"event": {"count": {"at_least": 1}, "where": [where]}}
            assert truth(warehouse, counted, len(people)) is (met is True), "a filter that is unknown leaves a row out"


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [
        ({"count": {"exactly": 0}}, T),
        ({"sum": {"field": "amount", "exactly": 0}}, T),
        ({"distinct": {"field": "channel", "exactly": 0}}, T),
        ({"avg": {"field": "amount", "exactly": 0}}, U),
        ({"min": {"field": "amount", "at_least": 0}}, U),
        ({"max": {"field": "amount", "at_most": 0}}, U),
        ({"first": {"field": "channel", "eq": "web"}}, U),
        ({"last": {"field": "channel", "is_not_set": True}}, T),
        ({"last": {"field": "channel", "eq": "web", "or_not_set": True}}, T),
    ],
)
def test_without_any_fact_counts_are_zero_and_other_aggregates_are_missing(nobody_known, aggregate, expected):
    assert truth(nobody_known, {"transaction": aggregate}) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"related": {"to": "account", "any": {"field": "name", "is_not_set": True}}}, F),
        ({"related": {"to": "account", "all": {"field": "name", "is_not_set": True}}}, F),
        ({"related": {"to": "account", "none": {"field": "name", "is_not_set": True}}}, T),
        ({"related": {"to": "account", "count": {"exactly": 0}}}, T),
        ({"sequence": {"did": {"event": {}}, "then_not": {"event": {}}}}, F),
        ({"audience": {"not_in": "known"}}, T),
    ],
)
def test_relations_sequences_and_audiences_are_never_unknown(nobody_known, condition, expected):
    nobody_known.write_select(Table("audiences", "known"), "SELECT 'b' AS customer_id")
    assert truth(nobody_known, condition) is expected
