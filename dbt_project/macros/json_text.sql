{# One field of a JSON object held as text, by its dotted path, as text; null when absent or when it is no JSON. #}
{% macro json_text(column, path) -%}
    {{ return(adapter.dispatch('json_text')(column, path)) }}
{%- endmacro %}

{% macro duckdb__json_text(column, path) -%}
    try(json_extract_string({{ column }}, '$.{{ path }}'))
{%- endmacro %}

{% macro postgres__json_text(column, path) -%}
    ({{ postgres__as_json(column, '{') }} #>> '{ {{- path | replace('.', ',') -}} }')
{%- endmacro %}

{# PostgreSQL has no safe cast: text is taken for JSON when it starts and ends as the kind of JSON expected. #}
{% macro postgres__as_json(column, opening) -%}
    case
        when
            left(trim(cast({{ column }} as text)), 1) = '{{ opening }}'
            and right(trim(cast({{ column }} as text)), 1) = '{{ '}' if opening == '{' else ']' }}'
            then cast(cast({{ column }} as text) as jsonb)
    end
{%- endmacro %}
