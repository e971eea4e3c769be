{#
    One scalar of a JSON object held as text, by its dotted path, as text; null when it is absent, null, an object or
    an array, or when the text is no JSON.
#}
{% macro json_text(column, path) -%}
    {{ return(adapter.dispatch('json_text')(column, path)) }}
{%- endmacro %}

{% macro duckdb__json_text(column, path) -%}
    json_extract_string(try(json_value({{ column }}, '$.{{ path }}')), '$')
{%- endmacro %}

{% macro postgres__json_text(column, path) -%}
    {{ target.schema }}.json_scalar({{ target.schema }}.json_of({{ column }}), '{ {{- path | replace('.', ',') -}} }')
{%- endmacro %}

{% macro snowflake__json_text(column, path) -%}
    {{ variant_text("get_path(try_parse_json(" ~ column ~ "), '" ~ path ~ "')") }}
{%- endmacro %}

{% macro bigquery__json_text(column, path) -%}
    json_value({{ bigquery__parsed_json(column) }}, '$.{{ path }}')
{%- endmacro %}

{# Text within a variant is in quotes as JSON, so that only an object or an array starts with a bracket. #}
{% macro variant_text(variant) -%}
    case when left(to_json({{ variant }}), 1) not in ('{', '[') then cast({{ variant }} as text) end
{%- endmacro %}

{# Without the mode, a number that a float cannot hold exactly would make a document unreadable. #}
{% macro bigquery__parsed_json(column) -%}
    safe.parse_json({{ column }}, wide_number_mode => 'round')
{%- endmacro %}
