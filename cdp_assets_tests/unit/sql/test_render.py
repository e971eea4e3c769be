"""One statement in each dialect: identifiers folded and quoted, portable functions spelled out."""

import pytest
import sqlglot
from sqlglot import exp, select

from cdp_assets.errors import WarehouseError
from cdp_assets.sql.functions import DIALECTS, FUNCTIONS, call
from cdp_assets.sql.render import render

HOSTILE = ["it's", 'a "quote"', "back\\slash", "'; DROP TABLE t; --", "%s {x} $1 ?", "line\nbreak", "é日👩", "\\'"]
ARGUMENTS = {"cdp_json_text": "a, 'x.y'", "cdp_matches": "a, '^[a-z]+$'"}


@pytest.mark.parametrize(
    ("dialect", "fold", "said"),
    [
        ("duckdb", str, 'SELECT "d"."Id" FROM "raw"."Thing" AS "d"'),
        ("postgres", str.lower, 'SELECT "d"."id" FROM "raw"."thing" AS "d"'),
        ("snowflake", str.upper, 'SELECT "D"."ID" FROM "RAW"."THING" AS "D"'),
        ("bigquery", str, "SELECT `d`.`Id` FROM `raw`.`Thing` AS `d`"),
    ],
)
def test_every_identifier_is_folded_and_quoted(dialect, fold, said):
    assert render("SELECT d.Id FROM raw.Thing AS d", dialect, fold) == said


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_stays_a_value(dialect, value):
    query = select(exp.column("a")).from_("t").where(exp.column("a").eq(exp.Literal.string(value)))
    parsed = sqlglot.parse_one(render(query, dialect), dialect=dialect)
    assert [literal.this for literal in parsed.find_all(exp.Literal)] == [value]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_is_spelled_in_each_dialect(name, dialect):
    arguments = ARGUMENTS.get(name) or ", ".join("ab"[: FUNCTIONS[name].arity])
    said = render(f"SELECT {name}({arguments}) AS v FROM t", dialect)
    assert "cdp_" not in said.lower()
    assert sqlglot.parse_one(said, dialect=dialect).named_selects == ["v"]


def test_functions_nest_and_are_built_by_name():
    built = select(call("cdp_sha256", call("cdp_json_text", exp.column("a"), "x")).as_("v")).from_("t")
    assert render(built, "bigquery") == render("SELECT cdp_sha256(cdp_json_text(a, 'x')) AS v FROM t", "bigquery")


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("cdp_json_text(a)", "called with 1 arguments"),
        ("cdp_sha256(a, b)", "called with 2 arguments"),
        ("cdp_concat(a)", "called with 1 arguments"),
        ("cdp_json_text(a, b)", "needs a text literal as argument 2"),
        ("cdp_json_text(a, 'x..y')", "is not a JSON path"),
        ("cdp_json_text(a, '')", "is not a JSON path"),
        ("cdp_json_text(a, 'x\"y')", "is not a JSON path"),
        ("cdp_matches(a, '\\d+')", "not every regular expression engine"),
        ("cdp_matches(a, '(?i)x')", "not every regular expression engine"),
    ],
)
def test_a_call_that_cannot_be_spelled_is_refused(expression, said):
    with pytest.raises(WarehouseError, match=said):
        render(f"SELECT {expression} AS v FROM t", "postgres")


@pytest.mark.parametrize(
    ("dialect", "order"),
    [("duckdb", '"v"'), ("postgres", '"v"'), ("snowflake", '"v"'), ("bigquery", "`v` NULLS LAST")],
)
def test_missing_values_are_last_in_every_dialect(dialect, order):
    assert render("SELECT v FROM t ORDER BY v", dialect).endswith(f"ORDER BY {order}")
