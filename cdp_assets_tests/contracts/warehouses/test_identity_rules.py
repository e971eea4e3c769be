"""Identity rules run where the records are, and link the same records in every warehouse."""

from random import Random

import pyarrow as pa
import pytest

from cdp_assets.identity.config import Rule
from cdp_assets.identity.rule_sql import rule_links, sharing_rule_key
from cdp_assets.tables import INTEGER, Table
from cdp_assets.warehouses.base import Warehouse
from cdp_assets_tests.contracts.warehouses.rows import read
from cdp_assets_tests.unit.identity.rule_reference import Link, Person, agreeing_pairs, expected_links, tables

RULES = (
    Rule(name="email_and_name", agree=("email", "name_forms")),
    Rule(name="address", agree=("last_name", "street"), must_not_differ=("date_of_birth",)),
    Rule(name="email_one_person", agree=("email",), must_not_differ=("user_id", "date_of_birth")),
)
CHANGED = Table("identity", "changed")
VALUES = {
    "email": ["a@b.org", "A@b.org", "é@b.org", "李@b.org", "it's@b.org", "a@b.org "],
    "name_forms": ["anna", "bob", "robert"],
    "user_id": ["7", "Z z", 'a "quote"', "back\\slash"],
    "last_name": ["li", "smith", "smith "],
    "street": ["1 main st", "2 main st"],
    "date_of_birth": ["1950-01-01", "1980-05-17", "0099-12-31"],
}


def _people() -> list[Person]:
    random = Random(4)

    def some(key: str) -> list[str]:
        several = key in {"email", "name_forms", "user_id"}
        return random.sample(VALUES[key], random.choice([0, 1, 1, 2] if several else [0, 1, 1]))

    return [Person(number, str(random.random()), {key: some(key) for key in VALUES}) for number in range(40)]


PEOPLE = _people()


@pytest.fixture
def filled(warehouse) -> Warehouse:
    changed = pa.table({"record_number": pa.array([0, 1, 2], INTEGER)})
    for table, rows in (tables(PEOPLE) | {CHANGED: changed}).items():
        warehouse.write_arrow(table, rows)
    return warehouse


def _links(rows: list[dict]) -> list[Link]:
    return sorted(tuple(row[name] for name in ("number_l", "number_r", "rule", "rank", "objection")) for row in rows)


def test_rules_link_the_same_records_everywhere(filled):
    links = Table("identity", "links")
    filled.write_select(links, rule_links(RULES))

    found = read(filled, links, order="number_l")
    assert _links(found) == sorted(expected_links(PEOPLE, RULES))
    assert {row["objection"] for row in found} == {None, "user_id_differs", "date_of_birth_differs"}


def test_rules_link_some_records_alone(filled):
    assert _links(filled.read_arrow(rule_links(RULES, CHANGED)).to_pylist()) == sorted(
        expected_links(PEOPLE[:3], RULES)
    )


def test_records_that_share_a_key_with_changed_ones_are_found(filled):
    found = filled.read_arrow(sharing_rule_key(RULES, CHANGED))["record_number"].to_pylist()

    sharing = {
        number
        for rule in RULES
        for pair in agreeing_pairs(PEOPLE, rule.agree)
        for number in pair
        if set(pair) & {0, 1, 2}
    }
    assert sharing <= set(found)
    assert set(found) - sharing <= {0, 1, 2}
    assert len(set(found)) == len(found)
