"""Rules as SQL: what they link, that it is linear, and that it is the same whatever the order of rows and numbers."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import permutations

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.cluster.hierarchy import DisjointSet
from sqlglot import exp

from cdp_assets.identity.config import Rule
from cdp_assets.identity.rule_sql import links_of_rule, rule_links, sharing_rule_key
from cdp_assets.sql.render import render
from cdp_assets.tables import INTEGER, Table
from cdp_assets_tests.unit.identity.rule_reference import Link, Person, agreeing_pairs, expected_links, person, tables

CHOSEN = Table("identity", "chosen")
SOME = settings(max_examples=20, deadline=None)
EMAIL = Rule(name="email", agree=("email",))
EMAIL_AND_NAME = Rule(name="email_and_name", agree=("email", "name_forms"))
ADDRESS = Rule(name="address", agree=("last_name", "street"), must_not_differ=("date_of_birth",))
EMAIL_ONE_LOGIN = Rule(name="one_login", agree=("email",), must_not_differ=("user_id",))
EMAIL_ONE_PERSON = Rule(name="one_person", agree=("email",), must_not_differ=("date_of_birth", "user_id"))


@contextmanager
def holding(people: Iterable[Person], chosen: Iterable[int] = ()) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB with the people's tables; `identity.chosen` holds some of their numbers."""
    held = tables(people) | {CHOSEN: pa.table({"record_number": pa.array(list(chosen), INTEGER)})}
    with duckdb.connect(":memory:") as connection:
        connection.execute("CREATE SCHEMA identity")
        for table, rows in held.items():
            connection.register("rows", rows)
            connection.execute(f"CREATE TABLE {table} AS SELECT * FROM rows")
        yield connection


def asked(query: exp.Query, people: Iterable[Person], chosen: Iterable[int] = ()) -> list[tuple]:
    """The rows that DuckDB answers about these people."""
    with holding(people, chosen) as connection:
        return connection.execute(render(query, "duckdb")).fetchall()


def linked(people: Sequence[Person], *rules: Rule) -> list[Link]:
    return sorted(asked(rule_links(rules), people))


def pairs(people: Sequence[Person], *rules: Rule) -> dict[tuple[int, int], str | None]:
    """The objection to each linked pair."""
    return {(left, right): objection for left, right, _, _, objection in linked(people, *rules)}


def components(numbers: Iterable[int], links: Iterable[tuple[int, ...]]) -> set[frozenset[int]]:
    sets = DisjointSet(numbers)
    for left, right, *_ in links:
        sets.merge(left, right)
    return set(map(frozenset, sets.subsets()))


def test_records_of_a_group_are_linked_to_the_one_whose_content_comes_first():
    people = [person(number, email="a@b.org") for number in range(5)]
    first = min(people, key=lambda one: one.hash).number
    others = [number for number in range(5) if number != first]

    assert linked(people, EMAIL) == sorted(
        (min(first, number), max(first, number), "email", 0, None) for number in others
    )


def test_a_rule_is_told_by_its_name_and_place():
    people = [person(n, email="a@b.org", name_forms="anna") for n in (1, 2)]

    assert linked(people, EMAIL_AND_NAME, EMAIL) == [(1, 2, "email", 1, None), (1, 2, "email_and_name", 0, None)]


def test_one_rule_at_a_time_gives_the_same():
    people = [person(n, email="a@b.org", name_forms="anna") for n in (1, 2)]
    each = [*asked(links_of_rule(EMAIL_AND_NAME, 0), people), *asked(links_of_rule(EMAIL, 1), people)]

    assert sorted(each) == linked(people, EMAIL_AND_NAME, EMAIL)


def test_without_rules_nobody_is_linked():
    people = [person(n, email="a@b.org") for n in (1, 2)]

    assert linked(people) == []
    assert asked(sharing_rule_key([], CHOSEN), people, [1]) == []


def test_without_rules_the_columns_are_the_same():
    with holding([]) as connection:
        some, none = (
            connection.execute(f"DESCRIBE {render(rule_links(rules), 'duckdb')}").fetchall() for rules in ([EMAIL], [])
        )
    assert [row[:2] for row in some] == [
        ("number_l", "BIGINT"),
        ("number_r", "BIGINT"),
        ("rule", "VARCHAR"),
        ("rank", "BIGINT"),
        ("objection", "VARCHAR"),
    ]
    assert none == some


@pytest.mark.parametrize(
    ("agree", "must_not_differ"), [(["email", "email"], []), (["email"], ["email"]), (["phone"], ["email", "email"])]
)
def test_a_key_is_listed_once_in_a_rule(agree, must_not_differ):
    with pytest.raises(ValidationError, match="rule x names email more than once"):
        Rule(name="x", agree=agree, must_not_differ=must_not_differ)


@pytest.mark.parametrize(
    ("one", "other", "rule"),
    [
        ({"email": "a@b.org"}, {"email": "c@b.org"}, EMAIL),
        ({"email": "a@b.org"}, {"phone": "a@b.org"}, EMAIL),
        ({"email": "a@b.org", "name_forms": "anna"}, {"email": "a@b.org"}, EMAIL_AND_NAME),
        ({"email": "a@b.org"}, {"email": "a@b.org"}, EMAIL_AND_NAME),
        ({"last_name": "li", "street": "a"}, {"last_name": "li"}, ADDRESS),
        ({"last_name": "li a", "street": "b"}, {"last_name": "li", "street": "a b"}, ADDRESS),
        ({"last_name": "lia", "street": "b"}, {"last_name": "li", "street": "ab"}, ADDRESS),
        ({}, {}, ADDRESS),
    ],
)
def test_what_is_missing_or_another_agrees_with_nothing(one, other, rule):
    assert linked([person(1, **one), person(2, **other)], rule) == []


def test_one_common_value_of_several_is_enough():
    people = [
        person(1, email=["a@b.org", "b@b.org"], name_forms=["bob", "robert"]),
        person(2, email=["b@b.org", "c@b.org"], name_forms=["robert", "rob"]),
    ]
    assert pairs(people, EMAIL_AND_NAME) == {(1, 2): None}


def test_one_key_that_agrees_is_not_enough_for_a_rule_of_two():
    people = [person(1, email="a@b.org", name_forms="anna"), person(2, email="a@b.org", name_forms="bob")]
    assert pairs(people, EMAIL_AND_NAME) == {}


@pytest.mark.parametrize(
    ("rule", "one", "other", "objection"),
    [
        (ADDRESS, {"date_of_birth": "1980-05-17"}, {"date_of_birth": "1980-05-17"}, None),
        (ADDRESS, {"date_of_birth": "1980-05-17"}, {}, None),
        (ADDRESS, {"date_of_birth": "1980-05-17"}, {"date_of_birth": "1980-05-11"}, "date_of_birth_differs"),
        (EMAIL_ONE_LOGIN, {"user_id": ["7"]}, {"user_id": ["8"]}, "user_id_differs"),
        (EMAIL_ONE_LOGIN, {"user_id": ["7", "9"]}, {"user_id": ["8", "7"]}, None),
        (EMAIL_ONE_LOGIN, {"user_id": ["7"]}, {}, None),
        (EMAIL_ONE_PERSON, {"user_id": "7", "date_of_birth": "1980-05-17"}, {"user_id": "8"}, "user_id_differs"),
    ],
)
def test_a_key_that_must_not_differ_objects_where_both_have_it(rule, one, other, objection):
    shared = {"email": "a@b.org", "last_name": "li", "street": "1 main st"}
    assert pairs([person(1, **shared, **one), person(2, **shared, **other)], rule) == {(1, 2): objection}


def test_those_the_first_record_differs_from_are_still_linked_to_each_other():
    """A mother and a daughter of one name, two records each, and one without a date of birth."""
    years = ["1950-01-01", "1980-05-17", "1980-05-17", "1950-01-01", None]
    people = [
        person(n, last_name="li", street="a", **({"date_of_birth": born} if born else {}))
        for n, born in enumerate(years)
    ]
    found = pairs(people, ADDRESS)

    held = components(range(5), [pair for pair, objection in found.items() if objection is None])
    assert len(held) == 2
    assert any({1, 2} <= group for group in held)
    assert any({0, 3} <= group for group in held)
    assert list(found.values()).count("date_of_birth_differs") == 1


@pytest.mark.parametrize("contents", list(permutations("abc")))
def test_a_record_that_lacks_the_second_key_stays_with_those_the_first_key_left_it_with(contents):
    keys = [
        {"date_of_birth": "1950-01-01", "user_id": "7"},
        {"date_of_birth": "1980-05-17", "user_id": "8"},
        {"date_of_birth": "1980-05-17"},
    ]
    people = [person(n, contents[n], email="a@b.org", **keys[n]) for n in range(3)]
    found = pairs(people, EMAIL_ONE_PERSON)

    assert found.pop((1, 2)) is None
    assert list(found.values()) == ["date_of_birth_differs"]


def test_a_group_of_many_takes_as_many_links_as_records():
    people = [person(n, email="info@b.org", date_of_birth=f"19{n % 90 + 10}-01-01") for n in range(500)]
    rule = Rule(name="x", agree=("email",), must_not_differ=("date_of_birth",))

    assert len(linked(people, EMAIL)) == 499
    assert len(linked(people, rule)) == 499


def test_records_of_equal_content_have_one_first_record():
    people = [person(number, "the same", email="a@b.org") for number in (4, 2, 9)]
    assert pairs(people, EMAIL) == {(2, 4): None, (2, 9): None}


def test_records_that_share_keys_with_two_changed_ones_but_not_with_one_are_not_found():
    people = [
        person(1, email="a@b.org", name_forms="anna"),
        person(2, email="c@b.org", name_forms="bob"),
        person(3, email="a@b.org", name_forms="bob"),
        person(4, email=["c@b.org", "d@b.org"], name_forms=["bob", "robert"]),
    ]
    found = asked(sharing_rule_key([EMAIL_AND_NAME], CHOSEN), people, [1, 2])

    assert sorted(found) == [(1,), (2,), (4,)]


def _values(*values: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), max_size=2, unique=True)


def _value(*values: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), max_size=1)


KEYS = {
    "email": _values("a@b.org", "c@b.org", "é@b.org"),
    "name_forms": _values("bob", "robert", "anna"),
    "user_id": _values("7", "it's", "Z z"),
    "last_name": _value("li", "smith"),
    "date_of_birth": _value("1950-01-01", "1980-05-17", "1980-05-11"),
}


@st.composite
def some_people(draw: st.DrawFn) -> list[Person]:
    """Up to twelve records of one small world, numbered in any order, some of equal content."""
    count = draw(st.integers(0, 12))
    numbers = draw(st.permutations(range(count)))
    contents = draw(st.lists(st.integers(0, 12), min_size=count, max_size=count))
    drawn = st.fixed_dictionaries(KEYS)
    return [Person(number, str(content), draw(drawn)) for number, content in zip(numbers, contents, strict=True)]


@st.composite
def some_rules(draw: st.DrawFn) -> list[Rule]:
    rules = []
    for n in range(draw(st.integers(1, 2))):
        keys = draw(st.permutations(list(KEYS)))
        agree = draw(st.integers(1, 3))
        forbidden = draw(st.integers(0, 2))
        rules.append(Rule(name=f"r{n}", agree=keys[:agree], must_not_differ=keys[agree : agree + forbidden]))
    return rules


@SOME
@given(some_people(), some_rules())
def test_the_links_are_those_of_the_obvious_way(people, rules):
    found = asked(rule_links(rules), people)
    assert len(set(found)) == len(found)
    assert set(found) == expected_links(people, rules)


@SOME
@given(some_people(), some_rules())
def test_links_hold_where_records_agree_and_do_not_differ(people, rules):
    by_number = {one.number: one for one in people}
    for left, right, _, rank, objection in asked(rule_links(rules), people):
        one, other, rule = by_number[left], by_number[right], rules[rank]
        assert left < right
        assert all(one.agrees(other, key) for key in rule.agree)
        differing = {f"{key}_differs" for key in rule.must_not_differ if one.differs(other, key)}
        assert objection in differing if differing else objection is None


@SOME
@given(some_people(), some_rules())
def test_all_that_agree_hang_together_and_only_they(people, rules):
    numbers = [one.number for one in people]
    for rank, rule in enumerate(rules):
        links = asked(links_of_rule(rule, rank), people)
        assert components(numbers, links) == components(numbers, agreeing_pairs(people, rule.agree))


@SOME
@given(some_people())
def test_no_chain_of_links_joins_what_differs_in_single_values(people):
    rule = Rule(name="x", agree=("last_name",), must_not_differ=("date_of_birth",))
    held = [link for link in asked(rule_links([rule]), people) if link[-1] is None]
    by_number = {one.number: one for one in people}
    for group in components(by_number, held):
        assert len({value for number in group for value in by_number[number].values("date_of_birth")}) <= 1


@SOME
@given(some_people(), some_rules(), st.randoms(use_true_random=False))
def test_other_numbers_and_another_order_give_the_same_links(people, rules, random):
    people = [replace(one, content=f"{one.number} {one.content}") for one in people]  # no two alike
    numbers = random.sample(range(100), len(people))
    renumbered = dict(zip((one.number for one in people), numbers, strict=True))
    others = [replace(one, number=renumbered[one.number]) for one in people]
    random.shuffle(others)

    found = {
        (frozenset((renumbered[left], renumbered[right])), *rest)
        for left, right, *rest in asked(rule_links(rules), people)
    }
    assert {(frozenset((left, right)), *rest) for left, right, *rest in asked(rule_links(rules), others)} == found


@SOME
@given(some_people(), some_rules(), st.data())
def test_whole_groups_alone_give_the_links_they_give_among_all(people, rules, data):
    links = asked(rule_links(rules), people)
    groups = sorted(components([one.number for one in people], links), key=sorted)
    chosen = data.draw(st.sets(st.sampled_from(groups))) if groups else set()
    numbers = set().union(*chosen)

    assert set(asked(rule_links(rules, CHOSEN), people, numbers)) == {link for link in links if link[0] in numbers}


@SOME
@given(some_people(), some_rules(), st.data())
def test_records_sharing_a_key_with_changed_ones_are_found(people, rules, data):
    numbers = [one.number for one in people]
    changed = data.draw(st.sets(st.sampled_from(numbers))) if numbers else set()
    found = asked(sharing_rule_key(rules, CHOSEN), people, changed)

    agreeing = [
        one.number
        for one in people
        if any(
            other.number in changed and all(one.agrees(other, key) for key in rule.agree)
            for rule in rules
            for other in people
        )
    ]
    assert sorted(number for (number,) in found) == sorted(agreeing)
