"""What warehouses disagree on comes out the same in each, said with the functions of `cdp_assets.sql`."""

import hashlib

import pytest


def at(text: str) -> str:
    return f"CAST('{text}' AS TIMESTAMPTZ)"


NEW_YEAR = at("2026-01-01 00:00:00+00")
CASES = {
    'cdp_json_text(\'{"a": {"b": "x"}}\', \'a.b\')': "x",
    "cdp_json_text('{\"a\": 7}', 'a')": "7",
    "cdp_json_text('{\"a\": true}', 'a')": "true",
    "cdp_json_text('{\"a\": null}', 'a')": None,
    "cdp_json_text('{\"a\": {\"b\": 1}}', 'a')": None,
    "cdp_json_text('{\"a\": [1]}', 'a')": None,
    "cdp_json_text('{\"a b\": \"it''s é 👩\"}', 'a b')": "it's é 👩",
    "cdp_json_text('no JSON at all', 'a')": None,
    "cdp_json_text(NULL, 'a')": None,
    "cdp_json_contains('[\"a\", \"b\"]', 'b')": True,
    "cdp_json_contains('[\"a\", \"b\"]', 'c')": False,
    "cdp_json_contains('no JSON at all', 'c')": None,
    "cdp_json_contains('{\"a\": 1}', 'a')": None,
    "cdp_sha256('é 👩')": hashlib.sha256("é 👩".encode()).hexdigest(),
    "cdp_concat('a', 'é')": "aé",
    "cdp_concat('a', '', CAST(12 AS TEXT), 'b')": "a12b",
    "cdp_sha256('')": hashlib.sha256(b"").hexdigest(),
    f"cdp_utc_date({at('2026-03-01 01:30:00+05:30')}) = CAST('2026-02-28' AS DATE)": True,
    f"cdp_month({at('2026-03-01 01:30:00+05:30')}) = CAST('2026-02-01' AS DATE)": True,
    f"cdp_add_days({at('2026-03-28 12:00:00+00')}, 2) = {at('2026-03-30 12:00:00+00')}": True,
    f"cdp_add_days({at('2026-03-01 00:00:00+00')}, -1) = {at('2026-02-28 00:00:00+00')}": True,
    f"cdp_add_hours({at('2026-03-28 12:00:00+00')}, 20) = {at('2026-03-29 08:00:00+00')}": True,
    f"cdp_add_hours({NEW_YEAR}, -1) = {at('2025-12-31 23:00:00+00')}": True,
    "cdp_number('-12.5e2')": -1250.0,
    "cdp_number('12 apples')": None,
    "cdp_number('')": None,
    "cdp_number('1e999')": None,
    f"cdp_days_between({NEW_YEAR}, {at('2026-01-01 23:00:00+00')})": 0,
    f"cdp_days_between({NEW_YEAR}, {at('2026-01-31 00:00:00+00')})": 30,
    f"cdp_days_between({at('2026-01-01 23:00:00+00')}, {NEW_YEAR})": 0,
    f"cdp_days_between({at('2026-01-02 23:00:00+00')}, {NEW_YEAR})": -1,
    "cdp_matches('ab12', '[0-9]')": True,
    "cdp_matches('ab12', '^[0-9]+$')": False,
    "cdp_matches('1212', '^(12){2}$')": True,
    "cdp_edit_distance('kitten', 'sitting')": 3,
    "cdp_edit_distance('', 'abc')": 3,
    "cdp_quotient(7, 2)": 3,
    "cdp_quotient(-7, 2)": -3,
    "cdp_quotient(7, -2)": -3,
    "cdp_quotient(7, 0)": None,
    "cdp_least(2, 1)": 1,
    "cdp_least(2, CAST(NULL AS BIGINT))": 2,
    "cdp_greatest(CAST(NULL AS BIGINT), 1)": 1,
    "cdp_greatest(CAST(NULL AS BIGINT), CAST(NULL AS BIGINT))": None,
    "COALESCE(NULLIF('', ''), 'x')": "x",
    "'a' || CAST(NULL AS TEXT)": None,
    "LENGTH('é日👩')": 3,
    "SUBSTRING('é日👩x', 2, 2)": "日👩",
    "RIGHT('00000012', 3)": "012",
    "LOWER('É') || UPPER('é')": "éÉ",
    "CASE WHEN NOT (CAST(NULL AS BIGINT) = 1) THEN 1 ELSE 0 END": 0,
    "-7 % 2": -1,
}


@pytest.mark.parametrize(("expression", "value"), CASES.items(), ids=CASES)
def test_an_expression_has_one_value_everywhere(warehouse, expression, value):
    assert warehouse.read_arrow(f"SELECT {expression} AS v")["v"].to_pylist() == [value]


def test_distinct_texts_are_joined_in_the_order_of_their_bytes(warehouse):
    rows = " UNION ALL ".join(f"SELECT '{text}' AS t" for text in ("b", "a", "Z", "é", "b", "_"))
    assert warehouse.read_arrow(f"SELECT cdp_joined(t) AS v FROM ({rows}) AS r")["v"].to_pylist() == ["Z,_,a,b,é"]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("v", [1, 2, None]),
        ("v DESC", [2, 1, None]),
        ("v NULLS FIRST", [None, 1, 2]),
        ("v DESC NULLS LAST", [2, 1, None]),
    ],
)
def test_missing_values_come_last_unless_asked_for_first(warehouse, order, expected):
    rows = "SELECT 2 AS v UNION ALL SELECT CAST(NULL AS BIGINT) UNION ALL SELECT 1"
    found = warehouse.read_arrow(f"SELECT v FROM ({rows}) AS r ORDER BY {order}")
    assert found["v"].to_pylist() == expected


def test_text_is_compared_by_its_bytes(warehouse):
    found = warehouse.read_arrow(
        "SELECT 'a' = 'A' AS folded, 'Z' < 'a' AS upper_first, 'a' = 'a ' AS padded, 'z' < 'é' AS accents_last"
    )
    assert found.to_pylist() == [{"folded": False, "upper_first": True, "padded": False, "accents_last": True}]


def test_a_recursive_query_follows_a_chain(warehouse):
    query = (
        "WITH RECURSIVE chain AS (SELECT 1 AS n UNION ALL SELECT n + 1 AS n FROM chain WHERE n < 5)"
        " SELECT MAX(n) AS n FROM chain"
    )
    assert warehouse.read_arrow(query)["n"].to_pylist() == [5]
