"""What warehouses disagree on, said by one name and spelled out for each.

Each function here is called like any other in SQL that is written once (`cdp_json_text(properties, 'order.id')`), or
built with `call`; `render` puts each warehouse's own expression in its place. Arguments that must be literals are
named in capitals in the signatures. NULL in, NULL out, unless said otherwise.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp

from cdp_assets.errors import WarehouseError

DIALECTS = ("duckdb", "postgres", "snowflake", "bigquery")


@dataclass(frozen=True)
class PortableFunction:
    """A function's signature, what it returns, and how each dialect says it: `{0}`, `{1}`... are its arguments.

    `literals` turns the arguments that must be literals into what a dialect needs in their place. One whose signature
    ends in `...` takes any number of arguments from two on, and all of them stand where `{0}` is.
    """

    signature: str
    meaning: str
    spelled: Mapping[str, str]
    literals: Mapping[int, Callable[[str, str], str]] = field(default_factory=dict)

    @property
    def arity(self) -> int:
        """How many arguments it takes, or at least."""
        return self.signature.count(",") + 1

    @property
    def is_variadic(self) -> bool:
        """Whether it takes any number of arguments."""
        return self.signature.endswith("...)")


def call(name: str, *arguments: exp.Expr | str) -> exp.Anonymous:
    """A call of a portable function; a `str` argument is a text literal."""
    written = [exp.Literal.string(a) if isinstance(a, str) else a for a in arguments]
    return exp.Anonymous(this=name, expressions=written)


def translate(expression: exp.Expr, dialect: str) -> exp.Expr:
    """The expression, changed in place, with every portable function replaced by the dialect's own.

    Raises:
        WarehouseError: a call has the wrong number of arguments, or none where a literal is needed.
    """

    def replace(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Anonymous) and str(node.this).lower() in FUNCTIONS:
            return _spell(FUNCTIONS[str(node.this).lower()], node, dialect)
        return node

    return expression.transform(replace, copy=False)


def _spell(function: PortableFunction, node: exp.Anonymous, dialect: str) -> exp.Expr:
    count = len(node.expressions)
    if count < function.arity or (count > function.arity and not function.is_variadic):
        raise WarehouseError(f"{function.signature} is called with {len(node.expressions)} arguments.")
    arguments = {}
    for place, argument in enumerate(node.expressions):
        if place in function.literals:
            if not (isinstance(argument, exp.Literal) and argument.is_string):
                raise WarehouseError(f"{function.signature} needs a text literal as argument {place + 1}.")
            argument = exp.Literal.string(function.literals[place](argument.this, dialect))  # noqa: PLW2901
        arguments[f"cdp_argument_{place}"] = translate(argument, dialect)
    holes = list(arguments)
    if function.is_variadic:
        holes = [", ".join(holes)]
    spelled = sqlglot.parse_one(function.spelled[dialect].format(*holes), dialect=dialect)

    def fill(part: exp.Expr) -> exp.Expr:
        filled = arguments.get(part.name) if isinstance(part, exp.Column) else None
        return part if filled is None else filled.copy()

    return exp.paren(spelled.transform(fill))


def _json_path(path: str, dialect: str) -> str:
    """A dotted path in a dialect's own notation; a part may hold any character but a dot, quotes and a backslash."""
    parts = path.split(".")
    if not all(parts) or any(char in path for char in "\"'\\{}"):
        raise WarehouseError(f"{path!r} is not a JSON path; write the names of fields with dots between them.")
    quoted = [f'"{part}"' for part in parts]
    return {"postgres": "{" + ",".join(quoted) + "}", "snowflake": ".".join(quoted)}.get(
        dialect, "$." + ".".join(quoted)
    )


def _pattern(pattern: str, dialect: str) -> str:  # noqa: ARG001 - one signature for all literals
    if "\\" in pattern or "(?" in pattern or "[[" in pattern:
        raise WarehouseError(f"the pattern {pattern!r} uses what not every regular expression engine has.")
    return pattern


def _postgres_json(opening: str, closing: str) -> str:
    """Text as JSON when it begins and ends as the kind asked for: PostgreSQL has no cast that gives up quietly."""
    looks = f"LEFT(LTRIM({{0}}), 1) = '{opening}' AND RIGHT(RTRIM({{0}}), 1) = '{closing}'"
    return f"CAST(CASE WHEN {looks} THEN {{0}} END AS JSONB)"


# Of more digits PostgreSQL's cast could be out of range, which is an error there.
_NUMBER = "^-?[0-9]{{1,30}}([.][0-9]{{1,30}})?([eE][+-]?[0-9]{{1,2}})?$"
_OBJECT, _ARRAY = _postgres_json("{{", "}}"), _postgres_json("[", "]")

FUNCTIONS: Mapping[str, PortableFunction] = {
    "cdp_json_text": PortableFunction(
        "cdp_json_text(json, PATH)",
        "The scalar at a dotted path of a JSON object held as text; null when there is none, or an object or array."
        " Numbers are spelled as each warehouse does.",
        {
            "duckdb": "CASE WHEN TRY(JSON_VALUE({0}, {1})) IS NOT NULL THEN JSON_EXTRACT_STRING({0}, {1}) END",
            "postgres": f"CASE WHEN JSONB_TYPEOF({_OBJECT} #> {{1}}) IN ('string', 'number', 'boolean')"
            f" THEN {_OBJECT} #>> {{1}} END",
            "snowflake": "CASE WHEN TYPEOF(GET_PATH(TRY_PARSE_JSON({0}), {1})) NOT IN ('OBJECT', 'ARRAY')"
            " THEN CAST(GET_PATH(TRY_PARSE_JSON({0}), {1}) AS TEXT) END",
            "bigquery": "JSON_VALUE(SAFE.PARSE_JSON({0}), {1})",
        },
        {1: _json_path},
    ),
    "cdp_json_contains": PortableFunction(
        "cdp_json_contains(json, text)",
        "Whether a JSON array held as text has a text among its elements; null when it is no array.",
        {
            "duckdb": "CASE WHEN TRY(JSON_TYPE({0})) = 'ARRAY'"
            " THEN LIST_CONTAINS(JSON_EXTRACT_STRING({0}, '$[*]'), {1}) END",
            "postgres": f"JSONB_EXISTS({_ARRAY}, {{1}})",
            "snowflake": "ARRAY_CONTAINS(CAST({1} AS VARIANT), AS_ARRAY(TRY_PARSE_JSON({0})))",
            "bigquery": "CASE WHEN JSON_TYPE(SAFE.PARSE_JSON({0})) = 'array'"
            " THEN {1} IN UNNEST(JSON_VALUE_ARRAY(SAFE.PARSE_JSON({0}))) END",
        },
    ),
    "cdp_sha256": PortableFunction(
        "cdp_sha256(text)",
        "The SHA-256 of a text's UTF-8 bytes as 64 hexadecimal digits in lower case.",
        {
            "duckdb": "SHA256({0})",
            "postgres": "ENCODE(SHA256(CONVERT_TO({0}, 'UTF8')), 'hex')",
            "snowflake": "SHA2({0}, 256)",
            "bigquery": "TO_HEX(SHA256({0}))",
        },
    ),
    "cdp_concat": PortableFunction(
        "cdp_concat(text, ...)",
        "The texts one after another; none of them may be null. Of many, quicker than a chain of `||`.",
        dict.fromkeys(DIALECTS, "CONCAT({0})"),
    ),
    "cdp_utc_date": PortableFunction(
        "cdp_utc_date(time)",
        "The calendar day of a moment, in UTC.",
        {
            "duckdb": "CAST({0} AT TIME ZONE 'UTC' AS DATE)",
            "postgres": "CAST({0} AT TIME ZONE 'UTC' AS DATE)",
            "snowflake": "CAST(CONVERT_TIMEZONE('UTC', {0}) AS DATE)",
            "bigquery": "DATE({0}, 'UTC')",
        },
    ),
    "cdp_add_days": PortableFunction(
        "cdp_add_days(time, days)",
        "The moment so many times 24 hours later; earlier for a negative number.",
        {
            "duckdb": "{0} + TO_HOURS(24 * {1})",
            "postgres": "{0} + {1} * INTERVAL '24 hours'",
            "snowflake": "DATEADD(HOUR, 24 * {1}, {0})",
            "bigquery": "TIMESTAMP_ADD({0}, INTERVAL (24 * {1}) HOUR)",
        },
    ),
    "cdp_add_hours": PortableFunction(
        "cdp_add_hours(time, hours)",
        "The moment so many hours later; earlier for a negative number.",
        {
            "duckdb": "{0} + TO_HOURS({1})",
            "postgres": "{0} + {1} * INTERVAL '1 hour'",
            "snowflake": "DATEADD(HOUR, {1}, {0})",
            "bigquery": "TIMESTAMP_ADD({0}, INTERVAL {1} HOUR)",
        },
    ),
    "cdp_number": PortableFunction(
        "cdp_number(text)",
        "A text that is a number in decimal notation, as JSON writes it, as a DOUBLE; null when it is none.",
        {
            "duckdb": f"CASE WHEN REGEXP_MATCHES({{0}}, '{_NUMBER}') THEN TRY_CAST({{0}} AS DOUBLE) END",
            "postgres": f"CAST(SUBSTRING({{0}} FROM '({_NUMBER})') AS DOUBLE PRECISION)",
            "snowflake": f"CASE WHEN REGEXP_INSTR({{0}}, '{_NUMBER}') > 0 THEN TRY_TO_DOUBLE({{0}}) END",
            "bigquery": f"CASE WHEN REGEXP_CONTAINS({{0}}, '{_NUMBER}') THEN SAFE_CAST({{0}} AS FLOAT64) END",
        },
    ),
    "cdp_days_between": PortableFunction(
        "cdp_days_between(start, end)",
        "How many times 24 hours have passed from one moment to another, cut towards zero.",
        {
            "duckdb": "DATE_SUB('microsecond', {0}, {1}) // 86400000000",
            "postgres": "CAST(TRUNC(EXTRACT(EPOCH FROM ({1} - {0})) / 86400) AS BIGINT)",
            "snowflake": "CAST(TRUNC(DATEDIFF(MICROSECOND, {0}, {1}) / 86400000000) AS BIGINT)",
            "bigquery": "DIV(TIMESTAMP_DIFF({1}, {0}, MICROSECOND), 86400000000)",
        },
    ),
    "cdp_month": PortableFunction(
        "cdp_month(time)",
        "The first day of a moment's month, in UTC, as a date.",
        {
            "duckdb": "CAST(DATE_TRUNC('month', {0} AT TIME ZONE 'UTC') AS DATE)",
            "postgres": "CAST(DATE_TRUNC('month', {0} AT TIME ZONE 'UTC') AS DATE)",
            "snowflake": "CAST(DATE_TRUNC('MONTH', CONVERT_TIMEZONE('UTC', {0})) AS DATE)",
            "bigquery": "DATE_TRUNC(DATE({0}, 'UTC'), MONTH)",
        },
    ),
    "cdp_matches": PortableFunction(
        "cdp_matches(text, PATTERN)",
        "Whether a regular expression matches anywhere in a text. The syntax is what RE2 and POSIX share: classes in"
        " brackets, groups, `|`, `*`, `+`, `?`, `{n,m}`, `^`, `$`; no backslashes.",
        {
            "duckdb": "REGEXP_MATCHES({0}, {1})",
            "postgres": "{0} ~ {1}",
            "snowflake": "REGEXP_INSTR({0}, {1}) > 0",
            "bigquery": "REGEXP_CONTAINS({0}, {1})",
        },
        {1: _pattern},
    ),
    "cdp_edit_distance": PortableFunction(
        "cdp_edit_distance(text, text)",
        "The Levenshtein distance of two texts of at most 255 characters. One change of a character that is not ASCII"
        " counts as one or more. PostgreSQL needs its extension fuzzystrmatch.",
        {
            "duckdb": "LEVENSHTEIN({0}, {1})",
            "postgres": "LEVENSHTEIN({0}, {1})",
            "snowflake": "EDITDISTANCE({0}, {1})",
            "bigquery": "EDIT_DISTANCE({0}, {1})",
        },
    ),
    "cdp_quotient": PortableFunction(
        "cdp_quotient(number, divisor)",
        "The quotient of two whole numbers, cut towards zero; null when the divisor is 0.",
        {
            "duckdb": "{0} // NULLIF({1}, 0)",
            "postgres": "{0} / NULLIF({1}, 0)",
            "snowflake": "CAST(({0} - MOD({0}, NULLIF({1}, 0))) / NULLIF({1}, 0) AS BIGINT)",
            "bigquery": "DIV({0}, NULLIF({1}, 0))",
        },
    ),
    "cdp_joined": PortableFunction(
        "cdp_joined(text)",
        "Aggregate: the distinct texts of a group in order, with commas between them.",
        {
            "duckdb": "STRING_AGG(DISTINCT {0}, ',' ORDER BY {0})",
            "postgres": "STRING_AGG(DISTINCT {0}, ',' ORDER BY {0})",
            "snowflake": "NULLIF(LISTAGG(DISTINCT {0}, ',') WITHIN GROUP (ORDER BY {0}), '')",
            "bigquery": "STRING_AGG(DISTINCT {0}, ',' ORDER BY {0})",
        },
    ),
    "cdp_least": PortableFunction(
        "cdp_least(one, other)",
        "The smaller of two values, the one that is known when the other is null.",
        dict.fromkeys(DIALECTS, "COALESCE(LEAST({0}, {1}), {0}, {1})"),
    ),
    "cdp_greatest": PortableFunction(
        "cdp_greatest(one, other)",
        "The larger of two values, the one that is known when the other is null.",
        dict.fromkeys(DIALECTS, "COALESCE(GREATEST({0}, {1}), {0}, {1})"),
    ),
}
