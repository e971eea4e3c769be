"""What definitions compile to in every dialect, agreed on as files; hostile values stay values in all of them."""

import os
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from cdp_assets.audiences.catalogue import Catalogue
from cdp_assets.audiences.compile import compile_audience
from cdp_assets.audiences.declared import CUSTOMERS
from cdp_assets.audiences.options import Priority
from cdp_assets.audiences.registered import RegisteredTable
from cdp_assets.sql.functions import DIALECTS
from cdp_assets.sql.render import render
from cdp_assets_tests.unit.audiences.world import AS_OF, customer, definition, fill, selected

GOLDEN = Path(__file__).with_name("golden")
UPDATE = "CDP_UPDATE_GOLDEN"
ORDERS = {"where": [{"field": "type", "eq": "order"}]}
PETS = {"name": "pets", "on": {"customer_id": "owner"}}
TABLES = [
    RegisteredTable(table="marts.loyalty", columns={"tier": "text", "card": "json"}, key="customer_key"),
    RegisteredTable(table="marts.pets", columns={"owner": "text", "born": "date"}, relations=[PETS]),
]
DEFINITIONS = {
    "properties": {
        "any": [
            {"property": {"field": "country", "in": ["FR", "it's"]}},
            {"property": {"field": "city", "starts_with": "São", "exact": True}},
            {"property": {"field": "company", "contains": "& Co", "or_not_set": True}},
            {"property": {"field": "total_spent", "between": [-5.5, 100]}},
            {"property": {"field": "date_of_birth", "before": "2000-02-29"}},
            {"not": {"property": {"field": "churn.scores.risk_band", "neq": "high"}}},
            {"property": {"field": "tier", "ends_with": "ld"}},
            {"property": {"field": "card.years.held", "gte": 2}},
            {"property": {"field": "card.is_lost", "eq": False}},
            {"property": {"field": "phone", "is_not_set": True}},
            {"property": {"field": "last_seen_at", "within_next": "12h"}},
        ]
    },
    "facts": {
        "all": [
            {"transaction": {"count": {"at_least": 2}, "within_last": "90d", **ORDERS}},
            {"transaction": {"avg": {"field": "amount_reporting", "between": [10, 99.5]}, **ORDERS}},
            {"transaction": {"of": "lines", "distinct": {"field": "category", "exactly": 3}}},
            {"transaction": {"max": {"field": "amount", "at_most": 500}, "between_ago": ["52w", "4w"]}},
            {"transaction": {"first": {"field": "channel", "eq": "Store"}, **ORDERS}},
            {"event": {"last": {"field": "properties.page.kind", "not_in": ["cart", "pay"]}, "within_last": "12h"}},
            {
                "event": {
                    "sum": {"field": "properties.time", "at_least": 60},
                    "between": ["2026-01-01", "2026-01-31"],
                }
            },
            {"event": {"min": {"field": "properties.step", "exactly": 1}}},
        ]
    },
    "sequences": {
        "any": [
            {
                "sequence": {
                    "did": {"event": {"where": [{"field": "event_name", "eq": "Added to cart"}]}},
                    "then_not": {"transaction": ORDERS},
                    "within": "2d",
                }
            },
            {"sequence": {"did": {"transaction": ORDERS}, "then": {"transaction": ORDERS}, "within": "30d"}},
            {"sequence": {"did": {"event": {"within_last": "4w"}}, "then": {"transaction": {}}}},
        ]
    },
    "related": {
        "all": [
            {"related": {"to": "account", "any": {"all": [{"field": "domain", "ends_with": ".fr"}]}}},
            {"related": {"to": ["account", "contacts"], "count": {"at_least": 3}}},
            {"related": {"to": "consents", "none": {"any": [{"field": "state", "eq": "denied"}]}}},
            {"related": {"to": "identifiers", "all": {"not": {"field": "is_verified", "eq": False}}}},
            {"related": {"to": "pets", "count": {"at_least": 1}, "where": [{"field": "born", "after": "2020-01-01"}]}},
        ]
    },
    "options": {"audience": {"in": "known"}},
}
OPTIONS = {
    "options": {
        "exclude": ["lapsed"],
        "suppress": {"without_consent": ["email_marketing"]},
        "priority": {"list": "emails", "rank": 2},
        "limit": {"field": "churn_probability", "top": 100, "order": "lowest", "per": "country"},
    },
    "facts": {"limit": {"field": "total_spent", "top": 10}},
}
HOSTILE = {
    "a quote": "O'Brien",
    "a statement": "'; DROP TABLE master.customers; --",
    "comments": "a /* b */ -- c # d",
    "double quotes": 'say "hi"; SELECT 1',
    "backslashes": "back\\slash\\'",
    "lines": "new\nline\ttab",
    "templates": "{{ jinja }} ${x} %s %(a)s $$ ?",
    "Unicode": "\u202eé中\U0001f600",
    "wildcards": "100%_",
    "a megabyte": "'; -- " * ((1 << 20) // 6),
}


def statement(name):
    catalogue = Catalogue.declared(
        TABLES, {"known": None, "lapsed": None, "urgent": Priority(list="emails", rank=1), "tested": None}
    )
    return compile_audience(definition(DEFINITIONS[name], **OPTIONS.get(name, {})), catalogue, AS_OF).query


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_definition_compiles_to_the_sql_that_was_agreed_on(name, dialect):
    rendered = render(statement(name), dialect)
    parsed = sqlglot.parse_one(rendered, dialect=dialect)
    found = parsed.sql(dialect, pretty=True) + "\n"
    path = GOLDEN / f"{name}.{dialect}.sql"
    if os.environ.get(UPDATE):
        GOLDEN.mkdir(exist_ok=True)
        path.write_text(found)
    assert found == path.read_text(), (
        f"the SQL changed. If that is meant, write the files anew and look at their diff:"
        f" {UPDATE}=1 pytest {Path(__file__).name}"
    )
    assert sqlglot.parse_one(found, dialect=dialect).sql(dialect) == parsed.sql(dialect)


def test_every_agreed_file_is_of_a_definition():
    names = {f"{name}.{dialect}.sql" for name in DEFINITIONS for dialect in DIALECTS}
    assert {path.name for path in GOLDEN.iterdir()} == names


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("operator", ["eq", "contains", "in"])
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_text_stays_one_literal_in_every_dialect(dialect, operator, text):
    value = [text] if operator == "in" else text
    audience = definition({"property": {"field": "country", operator: value, "exact": True}})
    sql = render(compile_audience(audience, Catalogue.declared(), AS_OF).query, dialect)
    statements = sqlglot.parse(sql, dialect=dialect)
    assert len(statements) == 1
    assert [literal.this for literal in statements[0].find_all(exp.Literal) if literal.is_string] == [text]


def test_hostile_texts_select_the_customers_who_have_them(warehouse):
    texts = list(HOSTILE.values())
    fill(warehouse, {CUSTOMERS: [customer(f"c{n}", city=text) for n, text in enumerate(texts)]})
    for n, text in enumerate(texts):
        for exact in (True, False):
            assert selected(warehouse, {"property": {"field": "city", "eq": text, "exact": exact}}) == [f"c{n}"]
            assert selected(warehouse, {"property": {"field": "city", "ends_with": text, "exact": exact}}) == [f"c{n}"]
            others = selected(warehouse, {"property": {"field": "city", "not_in": [text], "exact": exact}})
            assert others == [f"c{m}" for m in range(len(texts)) if m != n]
    assert warehouse.row_count(CUSTOMERS) == len(texts)
