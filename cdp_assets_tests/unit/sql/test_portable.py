"""SQL is refused, with the place named, when it says what does not mean the same in every warehouse."""

import pytest
from sqlglot import exp

from cdp_assets.errors import WarehouseError
from cdp_assets.sql.functions import DIALECTS
from cdp_assets.sql.render import render, template

REFUSED = {
    "SELECT jaro_winkler_similarity(a, b) AS d FROM t": "the function JAROWINKLER",
    "SELECT now() AS d FROM t": "the function NOW",
    "SELECT regexp_matches(a, 'x') AS d FROM t": "the function REGEXP",
    "SELECT date_diff('day', a, b) AS d FROM t": "the function DATEDIFF",
    "SELECT sha256(a) AS d FROM t": "the function SHA",
    "SELECT greatest(a, b) AS d FROM t": "the function GREATEST",
    "SELECT a ->> 'x' AS d FROM t": "the function JSON_EXTRACT_SCALAR",
    "SELECT a // b AS d FROM t": "INTDIV",
    "SELECT a / b AS d FROM t": "DIV",
    "SELECT trim(a) AS d FROM t": "the function TRIM",
    "SELECT a[1] AS d FROM t": "BRACKET",
    "SELECT a LIKE 'x%' AS d FROM t": "LIKE",
    "SELECT a + INTERVAL 1 DAY AS d FROM t": "INTERVAL",
    "SELECT try_cast(a AS DATE) AS d FROM t": "the function TRY_CAST",
    "SELECT CAST(a AS JSON) AS d FROM t": "a cast to JSON",
    "SELECT unnest(a) AS d FROM t": "the function EXPLODE",
    "SELECT avg(a) AS d FROM t": "an average of anything but a cast to DOUBLE",
    "SELECT substring(a, -2, 2) AS d FROM t": "SUBSTRING from a place that is no positive number",
    "SELECT a FROM 'people.csv'": "a table that is a file",
    "SELECT * EXCLUDE (a) FROM t": "a star with exceptions",
    "SELECT a FROM t GROUP BY ALL": "GROUP BY other than by columns",
    "SELECT DISTINCT ON (a) b FROM t": "DISTINCT ON",
    "SELECT a FROM t QUALIFY row_number() OVER (ORDER BY a) = 1": "QUALIFY",
    "SELECT a FROM t ASOF JOIN u ON t.a >= u.a": "a join of kind ASOF",
    "SELECT a FROM t SEMI JOIN u USING (a)": "a join of kind SEMI",
    "SELECT a FROM t UNION BY NAME SELECT a FROM u": "UNION BY NAME",
    "SELECT a FROM t USING SAMPLE 10%": "TABLESAMPLE",
    "INSERT INTO t BY NAME SELECT 1 AS a": "INSERT other than of a SELECT into named columns",
    "INSERT INTO t SELECT 1 AS a": "INSERT other than of a SELECT into named columns",
    "INSERT OR REPLACE INTO t (a) SELECT 1 AS a": "INSERT other than of a SELECT into named columns",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION SELECT n FROM r) SELECT n FROM r": "UNION without ALL",
}


@pytest.mark.parametrize(("statement", "said"), REFUSED.items(), ids=REFUSED)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_not_known_to_mean_the_same_is_refused(statement, said, dialect):
    with pytest.raises(WarehouseError, match="does not mean the same in every warehouse") as refused:
        render(statement, dialect)
    assert said in str(refused.value)


def test_the_place_is_named_and_no_value_is_told():
    statement = "WITH people AS (SELECT regexp_matches(email, 'bob@example.com') AS is_bob FROM t) SELECT * FROM people"
    with pytest.raises(WarehouseError) as refused:
        render(statement, "duckdb")
    assert "in column is_bob in CTE people" in str(refused.value)
    assert "bob@example" not in str(refused.value)


def test_a_file_is_checked_as_it_is_read_and_named(tmp_path):
    path = tmp_path / "features.sql"
    path.write_text("with f as (select regexp_matches(a, 'b') as x from t) select x from f")
    with pytest.raises(WarehouseError, match=r"in column x in CTE f in features\.sql"):
        template(path)


@pytest.mark.parametrize("statement", ["SELEC 1", "SELECT 'bob@example.com' FROM (", "", "SELECT 1; SELECT 2"])
def test_what_is_no_statement_is_told_without_its_text(statement):
    with pytest.raises(WarehouseError) as refused:
        render(statement, "postgres")
    assert "bob" not in str(refused.value)


def test_expressions_are_checked_like_text_and_left_as_they_were():
    query = exp.select(exp.func("SOUNDEX", exp.column("a")).as_("s")).from_("t")
    before = query.sql()
    with pytest.raises(WarehouseError, match="SOUNDEX in column s"):
        render(query, "duckdb")
    assert query.sql() == before
