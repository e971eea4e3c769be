{# An index on a column of the table just built, where a warehouse has such; others need none. #}
{% macro index_on(column) -%}
    {{ return(adapter.dispatch('index_on')(column)) }}
{%- endmacro %}

{% macro default__index_on(column) -%}
{%- endmacro %}

{% macro postgres__index_on(column) -%}
    create index on {{ this }} ({{ column }})
{%- endmacro %}
