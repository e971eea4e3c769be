"""Any condition tree selects on DuckDB whom a plain reading of the rules selects."""

import tempfile
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdp_assets.audiences.catalogue import CUSTOMERS, Catalogue
from cdp_assets.audiences.compile import compile_audience
from cdp_assets.warehouses.duckdb import DuckDBWarehouse
from cdp_assets_tests.unit.audiences.world import AS_OF, TRANSACTIONS, customer, definition, fill, order

COUNTRIES = ["FR", "DE", "", "o'x", None]
SPENT = [Decimal("-1.5"), Decimal(0), Decimal(3), None]
AGES = [0, 1, 2, 30, None]
PEOPLE = [
    customer(
        f"{c}-{s}-{a}",
        country=country,
        total_spent=spent,
        last_order_at=None if age is None else AS_OF - timedelta(days=age),
    )
    for c, country in enumerate(COUNTRIES)
    for s, spent in enumerate(SPENT)
    for a, age in enumerate(AGES)
]
DEEDS = [
    order(person["customer_id"], AS_OF - timedelta(days=days), str(amount), status="paid" if amount > 2 else None)
    for n, person in enumerate(PEOPLE)
    for days, amount in [(1, 2), (5, 4), (-1, 9), (40, 1)][: n % 5]
]


@pytest.fixture(scope="module")
def people() -> Iterator[DuckDBWarehouse]:
    with tempfile.TemporaryDirectory() as folder:
        warehouse = DuckDBWarehouse(Path(folder) / "cdp.duckdb")
        fill(warehouse, {CUSTOMERS: PEOPLE, TRANSACTIONS: DEEDS})
        yield warehouse


def leaf(field: str, **operators: st.SearchStrategy) -> st.SearchStrategy:
    one = st.one_of(*(st.tuples(st.just(name.rstrip("_")), value) for name, value in operators.items()))
    return one.map(lambda pair: {"field": field, pair[0]: pair[1]})


texts = st.sampled_from([value for value in COUNTRIES if value])
numbers = st.sampled_from([-1.5, 0, 2.5, 3])
lengths = st.sampled_from(["1h", "1d", "2d", "1w", "5w"])
true = st.just(True)
comparisons = st.one_of(
    leaf(
        "country", eq=texts, neq=texts, in_=st.lists(texts, min_size=1), not_in=st.lists(texts, min_size=1), is_set=true
    ),
    leaf("total_spent", eq=numbers, neq=numbers, gt=numbers, gte=numbers, lt=numbers, lte=numbers, is_not_set=true),
    leaf("total_spent", between=st.tuples(numbers, numbers).map(list)),
    leaf("country", contains=texts),
    leaf("last_order_at", within_last=lengths),
)
whole = st.integers(0, 3)
bounds = st.one_of(
    st.fixed_dictionaries({"at_least": whole}),
    st.fixed_dictionaries({"at_most": whole}),
    st.fixed_dictionaries({"at_least": whole, "at_most": whole}),
    st.fixed_dictionaries({"exactly": whole}),
)
where = st.lists(leaf("status", eq=st.just("paid"), neq=st.just("paid"), is_not_set=true), max_size=1)
facts = st.fixed_dictionaries({}, optional={"within_last": lengths, "where": where}).flatmap(
    lambda options: st.one_of(
        bounds.map(lambda b: {"count": b, **options}),
        st.tuples(st.sampled_from(["sum", "average", "minimum", "maximum"]), bounds).map(
            lambda pair: {pair[0]: {"field": "amount", **pair[1]}, **options}
        ),
    )
)
leaves = st.one_of(comparisons.map(lambda c: {"property": c}), facts.map(lambda f: {"transaction": f}))
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda nodes: {"all": nodes}),
        st.lists(inner, min_size=1, max_size=3).map(lambda nodes: {"any": nodes}),
        inner.map(lambda node: {"not": node}),
    ),
    max_leaves=6,
)

UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
TESTS = {
    "eq": lambda a, b: a == b,
    "neq": lambda a, b: a != b,
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
    "in": lambda a, b: a in b,
    "not_in": lambda a, b: a not in b,
    "contains": lambda a, b: b in a,
    "between": lambda a, b: b[0] <= a <= b[1],
    "within_last": lambda a, b: AS_OF - int(b[:-1]) * UNITS[b[-1]] < a <= AS_OF,
}


def compare(comparison: dict, row: dict) -> bool | None:
    """True, false, or none for unknown."""
    ((operator, operand),) = ((k, v) for k, v in comparison.items() if k != "field")
    value = row.get(comparison["field"])
    if operator in ("is_set", "is_not_set"):
        return (value is None) == (operator == "is_not_set")
    return None if value is None else TESTS[operator](value, operand)


def aggregate(facts: dict, person: dict) -> bool | None:
    window = {"field": "occurred_at", "within_last": facts.get("within_last", "9999w")}
    mine = [
        deed["amount"]
        for deed in DEEDS
        if deed["customer_id"] == person["customer_id"]
        and all(compare(c, deed) for c in [window, *facts.get("where", [])])
    ]
    ((kind, limits),) = ((k, v) for k, v in facts.items() if k not in ("within_last", "where"))
    if kind in ("average", "minimum", "maximum") and not mine:
        return None
    value = {"count": len, "sum": sum, "minimum": min, "maximum": max, "average": lambda v: sum(v) / len(v)}[kind](mine)
    named = {"at_least": "gte", "at_most": "lte", "exactly": "eq"}
    return all(TESTS[named[k]](value, v) for k, v in limits.items() if k != "field")


def holds(node: dict, person: dict) -> bool | None:
    ((kind, content),) = node.items()
    if kind == "property":
        return compare(content, person)
    if kind == "transaction":
        return aggregate(content, person)
    if kind == "not":
        inner = holds(content, person)
        return None if inner is None else not inner
    results = [holds(child, person) for child in content]
    decisive = kind == "any"
    if decisive in results:
        return decisive
    return None if None in results else not decisive


@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(tree=trees)
def test_the_warehouse_and_a_plain_reading_agree_on_every_tree(people, tree):
    query = compile_audience(definition(tree), Catalogue.declared(), AS_OF).query
    members = people.read_arrow(query)["customer_id"].to_pylist()
    assert sorted(members) == sorted(p["customer_id"] for p in PEOPLE if holds(tree, p))
