{# The host of a web address in lower case, without `www.`. #}
{% macro url_host(column) -%}
    {%- set scheme, host = '^([a-z]+://)?(www[.])?', '[^/:?#[:space:]]+' -%}
    {{ return(adapter.dispatch('url_host')(lower_case(trimmed(column)), scheme, host)) }}
{%- endmacro %}

{% macro duckdb__url_host(address, scheme, host) -%}
    nullif(regexp_extract({{ address }}, '{{ scheme }}({{ host }})', 3), '')
{%- endmacro %}

{% macro postgres__url_host(address, scheme, host) -%}
    (regexp_match({{ address }}, '{{ scheme }}({{ host }})'))[3]
{%- endmacro %}

{% macro snowflake__url_host(address, scheme, host) -%}
    regexp_substr({{ address }}, '{{ scheme }}({{ host }})', 1, 1, 'e', 3)
{%- endmacro %}

{% macro bigquery__url_host(address, scheme, host) -%}
    regexp_extract({{ address }}, '{{ scheme | replace('(', '(?:') }}({{ host }})')
{%- endmacro %}
