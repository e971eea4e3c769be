{#
    Joins each row to the elements of a JSON array held as text; `element_text` reads an element.
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
    cross join lateral {{ target.schema }}.json_elements({{ column }}) as {{ alias }} (value)
{%- endmacro %}

{# An object would be flattened into its values. #}
{% macro snowflake__unnest_json(column, alias) -%}
    cross join lateral flatten(
        input => case when is_array(try_parse_json({{ column }})) then try_parse_json({{ column }}) end
    ) as {{ alias }}
{%- endmacro %}

{% macro bigquery__unnest_json(column, alias) -%}
    {%- set parsed = bigquery__parsed_json(column) %}
    cross join unnest(
        case when json_type({{ parsed }}) = 'array' then json_query_array({{ parsed }}) end
    ) as {{ alias }}
{%- endmacro %}

{# One scalar of an element that `unnest_json` joined, by its dotted path, as `json_text`. #}
{% macro element_text(alias, path) -%}
    {{ return(adapter.dispatch('element_text')(alias, path)) }}
{%- endmacro %}

{% macro duckdb__element_text(alias, path) -%}
    json_extract_string(json_value({{ alias }}.value, '$.{{ path }}'), '$')
{%- endmacro %}

{% macro postgres__element_text(alias, path) -%}
    {{ target.schema }}.json_scalar({{ alias }}.value, '{ {{- path | replace('.', ',') -}} }')
{%- endmacro %}

{% macro snowflake__element_text(alias, path) -%}
    {{ variant_text("get_path(" ~ alias ~ ".value, '" ~ path ~ "')") }}
{%- endmacro %}

{% macro bigquery__element_text(alias, path) -%}
    json_value({{ alias }}, '$.{{ path }}')
{%- endmacro %}
