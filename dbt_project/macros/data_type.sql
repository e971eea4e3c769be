{# How a warehouse names a type of the contracts, which are written with the names of PostgreSQL. #}
{% macro data_type(name) -%}
    {{ return(adapter.dispatch('data_type')(name)) }}
{%- endmacro %}

{% macro default__data_type(name) -%}
    {{ return(name) }}
{%- endmacro %}

{% macro bigquery__data_type(name) -%}
    {{ return({'text': 'string', 'timestamptz': 'timestamp'}.get(name, name)) }}
{%- endmacro %}

{# Fills a contract column that a source does not have. #}
{% macro typed_null(type) -%}
    cast(null as {{ data_type(type) }})
{%- endmacro %}
