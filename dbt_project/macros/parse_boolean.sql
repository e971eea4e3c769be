{# Text to a boolean; anything but the usual words is null. #}
{% macro parse_boolean(column) -%}
    case
        when lower({{ trimmed(column) }}) in ('true', 't', 'yes', 'y', '1') then true
        when lower({{ trimmed(column) }}) in ('false', 'f', 'no', 'n', '0') then false
    end
{%- endmacro %}
