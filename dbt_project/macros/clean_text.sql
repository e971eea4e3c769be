{# Text without the white space around it; empty text is null. #}
{% macro clean_text(column) -%}
    nullif(trim({{ column }}), '')
{%- endmacro %}

{# An e-mail as staged: trimmed and in lower case. #}
{% macro clean_email(column) -%}
    lower({{ clean_text(column) }})
{%- endmacro %}
