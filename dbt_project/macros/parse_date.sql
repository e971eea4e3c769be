{# Text that starts with an ISO 8601 date to that date; anything else is null. #}
{% macro parse_date(column) -%}
    {{ return(adapter.dispatch('parse_date')(column)) }}
{%- endmacro %}

{% macro duckdb__parse_date(column) -%}
    try_cast(left(trim({{ column }}), 10) as date)
{%- endmacro %}

{% macro postgres__parse_date(column) -%}
    case when {{ is_iso_date(column) }} then cast(left(trim({{ column }}), 10) as date) end
{%- endmacro %}

{# PostgreSQL has no safe cast: a date is checked against the calendar, leap years included, before it is cast. #}
{% macro is_iso_date(column) -%}
    left(trim({{ column }}), 10) ~ (
        '^(\d{4}-((0[13578]|1[02])-(0[1-9]|[12]\d|3[01])|(0[469]|11)-(0[1-9]|[12]\d|30)|02-(0[1-9]|1\d|2[0-8]))'
        || '|(\d\d(0[48]|[2468][048]|[13579][26])|([02468][48]|[13579][26]|[2468]0)00)-02-29)$'
    )
    and left(trim({{ column }}), 4) <> '0000'
{%- endmacro %}
