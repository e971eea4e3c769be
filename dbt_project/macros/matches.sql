{# Whether text as a whole matches a pattern; the pattern has no backslash, so that it is the same text everywhere. #}
{% macro matches(column, pattern) -%}
    {{ return(adapter.dispatch('matches')(column, pattern)) }}
{%- endmacro %}

{% macro duckdb__matches(column, pattern) -%}
    regexp_full_match({{ column }}, '{{ pattern }}')
{%- endmacro %}

{% macro postgres__matches(column, pattern) -%}
    {{ column }} ~ '^({{ pattern }})$'
{%- endmacro %}

{% macro snowflake__matches(column, pattern) -%}
    regexp_like({{ column }}, '{{ pattern }}')
{%- endmacro %}

{% macro bigquery__matches(column, pattern) -%}
    regexp_contains({{ column }}, '^({{ pattern }})$')
{%- endmacro %}

{# The first part of text that matches a pattern without groups; null when none does. #}
{% macro first_match(column, pattern) -%}
    {{ return(adapter.dispatch('first_match')(column, pattern)) }}
{%- endmacro %}

{% macro default__first_match(column, pattern) -%}
    regexp_substr({{ column }}, '{{ pattern }}')
{%- endmacro %}

{% macro postgres__first_match(column, pattern) -%}
    substring({{ column }} from '{{ pattern }}')
{%- endmacro %}
