{# Text in lower case, letters outside of ASCII included. #}
{% macro lower_case(column) -%}
    {{ return(adapter.dispatch('lower_case')(column)) }}
{%- endmacro %}

{% macro default__lower_case(column) -%}
    lower({{ column }})
{%- endmacro %}

{# What PostgreSQL takes for a letter depends on the database's locale; ICU's is the same in all. #}
{% macro postgres__lower_case(column) -%}
    lower({{ column }} collate "und-x-icu") collate "default"
{%- endmacro %}

{# Text in upper case, letters outside of ASCII included. #}
{% macro upper_case(column) -%}
    {{ return(adapter.dispatch('upper_case')(column)) }}
{%- endmacro %}

{% macro default__upper_case(column) -%}
    upper({{ column }})
{%- endmacro %}

{% macro postgres__upper_case(column) -%}
    upper({{ column }} collate "und-x-icu") collate "default"
{%- endmacro %}
