{# Text to an instant: ISO 8601 in its usual spellings, without an offset taken as UTC; anything else is null. #}
{% macro parse_timestamp(column) -%}
    {{ return(adapter.dispatch('parse_timestamp')(column)) }}
{%- endmacro %}

{% macro duckdb__parse_timestamp(column) -%}
    try_cast({{ column }} as timestamptz)
{%- endmacro %}

{% macro postgres__parse_timestamp(column) -%}
    case
        when
            {{ is_iso_date(column) }}
            and substr(trim({{ column }}), 11)
            ~ '^([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?( ?(Z|UTC|[+-](0\d|1[0-4])(:?[0-5]\d)?))?)?$'
            then cast(trim({{ column }}) as timestamptz)
    end
{%- endmacro %}
