{# A JSON object as text, from a mapping of names to SQL expressions. #}
{% macro json_object(fields) -%}
    {%- set pairs = [] -%}
    {%- for name, value in fields.items() -%}
        {%- do pairs.append("'" ~ name ~ "', " ~ value) -%}
    {%- endfor -%}
    {{ return(adapter.dispatch('json_object_of')(pairs | join(', '))) }}
{%- endmacro %}

{% macro duckdb__json_object_of(pairs) -%}
    cast(json_object({{ pairs }}) as text)
{%- endmacro %}

{% macro postgres__json_object_of(pairs) -%}
    cast(jsonb_build_object({{ pairs }}) as text)
{%- endmacro %}
