{# Text that starts with an ISO 8601 date, from the year 1000 on, to that date; anything else is null. #}
{% macro parse_date(column) -%}
    {%- set first_ten = 'left(' ~ trimmed(column) ~ ', 10)' -%}
    case when {{ matches(first_ten, iso_date()) }} then {{ adapter.dispatch('safe_date')(first_ten) }} end
{%- endmacro %}

{% macro duckdb__safe_date(text) -%}
    try_cast({{ text }} as date)
{%- endmacro %}

{# PostgreSQL has no safe cast: its pattern knows the calendar. #}
{% macro postgres__safe_date(text) -%}
    cast({{ text }} as date)
{%- endmacro %}

{% macro snowflake__safe_date(text) -%}
    try_to_date({{ text }}, 'YYYY-MM-DD')
{%- endmacro %}

{% macro bigquery__safe_date(text) -%}
    safe_cast({{ text }} as date)
{%- endmacro %}

{# The pattern of a date; what it lets through is cast safely. #}
{% macro iso_date() -%}
    {{ return(adapter.dispatch('iso_date')()) }}
{%- endmacro %}

{% macro default__iso_date() -%}
    {{ return('[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}') }}
{%- endmacro %}

{% macro postgres__iso_date() -%}
    {%- set any_year -%}
        [1-9][0-9]{3}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])
        {{- '|' -}} (0[469]|11)-(0[1-9]|[12][0-9]|30)
        {{- '|' -}} 02-(0[1-9]|1[0-9]|2[0-8]))
    {%- endset -%}
    {%- set leap_year -%}
        ([1-9][0-9](0[48]|[2468][048]|[13579][26])|([2468][048]|[13579][26])00)-02-29
    {%- endset -%}
    {{ return('(' ~ any_year ~ '|' ~ leap_year ~ ')') }}
{%- endmacro %}
