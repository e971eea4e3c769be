{# Text that is a two-letter country code already, in upper case; a name is looked up in the seed `country_names`. #}
{% macro country_code(column) -%}
    case when length({{ trimmed(column) }}) = 2 then {{ upper_case(trimmed(column)) }} end
{%- endmacro %}
