{#
    Joins each row to the elements of a JSON array held as text; an element is `<alias>.value`, for `json_text`.
    A row whose array is empty, absent or no array joins nothing.
#}
{% macro unnest_json(column, alias) -%}
    {{ return(adapter.dispatch('unnest_json')(column, alias)) }}
{%- endmacro %}

{% macro duckdb__unnest_json(column, alias) -%}
    cross join lateral (
        select unnest(cast(try(json_extract({{ column }}, '$[*]')) as json [])) as value
    ) as {{ alias }}
{%- endmacro %}

{% macro postgres__unnest_json(column, alias) -%}
    cross join lateral jsonb_array_elements({{ postgres__as_json(column, '[') }}) as {{ alias }} (value)
{%- endmacro %}
