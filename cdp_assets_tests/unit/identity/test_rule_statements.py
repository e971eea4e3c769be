"""The statements that rules become, word by word: each warehouse's own spelling of the same."""

import re
from collections.abc import Callable

import pytest

from cdp_assets.identity.config import Rule
from cdp_assets.identity.rule_sql import links_of_rule, sharing_rule_key
from cdp_assets.sql.render import render
from cdp_assets.tables import Table

# "x" is an identifier, TEXT and BIGINT are types, \x1f is what separates values.
EMAIL = """
WITH "keyed_records" AS (
    SELECT "r"."record_number", "r"."record_hash", CAST("key_values_0"."value" AS TEXT) AS "rule_key"
    FROM "identity"."records" AS "r"
    INNER JOIN "identity"."match_keys" AS "key_values_0"
        ON "key_values_0"."record_number" = "r"."record_number" AND "key_values_0"."key" = 'email'
    WHERE "r"."record_number" IN (SELECT "record_number" FROM "identity"."touched")
), "groups_of_several" AS (
    SELECT "rule_key",
        CAST(RIGHT(MIN("record_hash" || CAST(1000000000000000000 + "record_number" AS TEXT)), 18) AS BIGINT)
            AS "first_number"
    FROM "keyed_records"
    GROUP BY "rule_key"
    HAVING COUNT(*) > 1
)
SELECT "number_l", "number_r", 'email' AS "rule", CAST(3 AS BIGINT) AS "rank", MIN("objection") AS "objection"
FROM (
    SELECT (COALESCE(LEAST("one", "other"), "one", "other")) AS "number_l",
        (COALESCE(GREATEST("one", "other"), "one", "other")) AS "number_r",
        "objection"
    FROM (
        SELECT "k"."record_number" AS "one", "g"."first_number" AS "other", CAST(NULL AS TEXT) AS "objection"
        FROM "keyed_records" AS "k"
        JOIN "groups_of_several" AS "g" ON "k"."rule_key" = "g"."rule_key"
    ) AS "found"
    WHERE "one" <> "other"
) AS "pairs"
GROUP BY "number_l", "number_r"
"""

ADDRESS = """
WITH "keyed_records" AS (
    SELECT "r"."record_number", "r"."record_hash",
        CAST("r"."street" AS TEXT) || '\x1f' || CAST("r"."city" AS TEXT) AS "rule_key",
        "r"."date_of_birth" AS "forbidden_0"
    FROM "identity"."records" AS "r"
    WHERE NOT "r"."street" IS NULL AND NOT "r"."city" IS NULL
), "groups_of_several" AS (
    SELECT "rule_key",
        CAST(RIGHT(MIN("record_hash" || CAST(1000000000000000000 + "record_number" AS TEXT)), 18) AS BIGINT)
            AS "first_number",
        CASE WHEN MIN("forbidden_0") <> MAX("forbidden_0") THEN 1 ELSE 0 END AS "is_contested"
    FROM "keyed_records"
    GROUP BY "rule_key"
    HAVING COUNT(*) > 1
), "parts_of_groups" AS (
    SELECT *,
        MIN("place" || CAST("forbidden_0" AS TEXT)) OVER (PARTITION BY "rule_key", "forbidden_0") AS "head_0",
        MIN("place" || CAST("forbidden_0" AS TEXT)) OVER (PARTITION BY "rule_key") AS "home_0"
    FROM (
        SELECT "k"."record_number", "k"."rule_key", "k"."forbidden_0",
            "k"."record_hash" || CAST(1000000000000000000 + "k"."record_number" AS TEXT) AS "place"
        FROM "keyed_records" AS "k"
        JOIN "groups_of_several" AS "g" ON "k"."rule_key" = "g"."rule_key"
        WHERE "g"."is_contested" = 1
    ) AS "level_0"
)
SELECT "number_l", "number_r", 'address' AS "rule", CAST(0 AS BIGINT) AS "rank", MIN("objection") AS "objection"
FROM (
    SELECT (COALESCE(LEAST("one", "other"), "one", "other")) AS "number_l",
        (COALESCE(GREATEST("one", "other"), "one", "other")) AS "number_r",
        "objection"
    FROM (
        SELECT "k"."record_number" AS "one", "g"."first_number" AS "other", CAST(NULL AS TEXT) AS "objection"
        FROM "keyed_records" AS "k"
        JOIN "groups_of_several" AS "g" ON "k"."rule_key" = "g"."rule_key"
        WHERE "g"."is_contested" = 0
        UNION ALL
        SELECT "record_number" AS "one",
            CAST(RIGHT(MIN("place") OVER (PARTITION BY "rule_key", COALESCE("head_0", "home_0")), 18) AS BIGINT)
                AS "other",
            CAST(NULL AS TEXT) AS "objection"
        FROM "parts_of_groups"
        UNION ALL
        SELECT DISTINCT "record_number" AS "one",
            CAST(RIGHT(LEFT("home_0", LENGTH("place")), 18) AS BIGINT) AS "other",
            CAST('date_of_birth_differs' AS TEXT) AS "objection"
        FROM "parts_of_groups"
        WHERE ("place" || CAST("forbidden_0" AS TEXT)) = "head_0" AND "head_0" <> "home_0"
    ) AS "found"
    WHERE "one" <> "other"
) AS "pairs"
GROUP BY "number_l", "number_r"
"""

SHARING = """
SELECT DISTINCT "record_number"
FROM (
    SELECT "record_number"
    FROM (
        SELECT "r"."record_number", "r"."record_hash",
            CAST("key_values_0"."value" AS TEXT) || '\x1f' || CAST("r"."last_name" AS TEXT) AS "rule_key"
        FROM "identity"."records" AS "r"
        INNER JOIN "identity"."match_keys" AS "key_values_0"
            ON "key_values_0"."record_number" = "r"."record_number" AND "key_values_0"."key" = 'phone'
        WHERE NOT "r"."last_name" IS NULL
    ) AS "k"
    WHERE "k"."rule_key" IN (
        SELECT "rule_key"
        FROM (
            SELECT "r"."record_number", "r"."record_hash",
                CAST("key_values_0"."value" AS TEXT) || '\x1f' || CAST("r"."last_name" AS TEXT) AS "rule_key"
            FROM "identity"."records" AS "r"
            INNER JOIN "identity"."match_keys" AS "key_values_0"
                ON "key_values_0"."record_number" = "r"."record_number" AND "key_values_0"."key" = 'phone'
            WHERE NOT "r"."last_name" IS NULL
                AND "r"."record_number" IN (SELECT "record_number" FROM "identity"."changed")
        ) AS "wanted"
    )
) AS "found"
"""

STATEMENTS = {
    EMAIL: links_of_rule(Rule(name="email", agree=("email",)), 3, Table("identity", "touched")),
    ADDRESS: links_of_rule(Rule(name="address", agree=("street", "city"), must_not_differ=("date_of_birth",)), 0),
    SHARING: sharing_rule_key([Rule(name="phone", agree=("phone", "last_name"))], Table("identity", "changed")),
}


# How identifiers are folded and quoted, what the types are called, and how the separator is written.
DIALECTS: dict[str, tuple[Callable[[str], str], str, str, str, str]] = {
    "duckdb": (str, '"', "TEXT", "BIGINT", "\x1f"),
    "postgres": (str.lower, '"', "TEXT", "BIGINT", "\x1f"),
    "snowflake": (str.upper, '"', "VARCHAR", "BIGINT", r"\x1f"),
    "bigquery": (str, "`", "STRING", "INT64", r"\x1f"),
}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("written", STATEMENTS, ids=["email", "address", "sharing"])
def test_a_rule_is_said_in_each_dialect(written, dialect):
    fold, quote, text, integer, separator = DIALECTS[dialect]
    in_one_line = re.sub(r"(?<=\() | (?=\))", "", re.sub(r"\s*\n\s*", " ", written.strip()))
    named = re.sub(r'"(\w+)"', lambda name: f"{quote}{fold(name[1])}{quote}", in_one_line)
    typed = named.replace(" AS TEXT)", f" AS {text})").replace(" AS BIGINT)", f" AS {integer})")

    assert render(STATEMENTS[written], dialect, fold) == typed.replace("\x1f", separator)
