{# Text that is a two-letter country code already, in upper case; a name is looked up in the seed `country_names`. #}
{% macro country_code(column) -%}
    case when length(trim({{ column }})) = 2 then upper(trim({{ column }})) end
{%- endmacro %}
