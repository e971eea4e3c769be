{# A JSON object as text, from a mapping of names to SQL expressions of text; the same text in every warehouse. #}
{% macro json_object(fields) -%}
    {%- set pairs = [] -%}
    {%- for name, value in fields.items() -%}
        {%- do pairs.append("'\"" ~ name ~ "\":' || coalesce(" ~ json_string(value) ~ ", 'null')") -%}
    {%- endfor -%}
    '{' || {{ pairs | join(" || ',' || ") }} || '}'
{%- endmacro %}

{# Text as a JSON string, in quotes; null stays null. #}
{% macro json_string(column) -%}
    {{ return(adapter.dispatch('json_string')(column)) }}
{%- endmacro %}

{% macro default__json_string(column) -%}
    cast(to_json({{ column }}) as text)
{%- endmacro %}

{% macro snowflake__json_string(column) -%}
    to_json(to_variant({{ column }}))
{%- endmacro %}

{% macro bigquery__json_string(column) -%}
    case when {{ column }} is not null then to_json_string({{ column }}) end
{%- endmacro %}
