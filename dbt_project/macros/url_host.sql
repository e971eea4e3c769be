{# The host of a web address in lower case, without `www.`. #}
{% macro url_host(column) -%}
    {{ return(adapter.dispatch('url_host')(column)) }}
{%- endmacro %}

{% macro duckdb__url_host(column) -%}
    nullif(regexp_extract(lower(trim({{ column }})), '^(?:[a-z]+://)?(?:www\.)?([^/:?#\s]+)', 1), '')
{%- endmacro %}

{% macro postgres__url_host(column) -%}
    substring(lower(trim({{ column }})) from '^(?:[a-z]+://)?(?:www\.)?([^/:?#\s]+)')
{%- endmacro %}
