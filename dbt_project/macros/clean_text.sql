{# Text without the spaces around it, those of Unicode (its category Zs) included. #}
{% macro trimmed(column) -%}
    {{ return(adapter.dispatch('trimmed')(column)) }}
{%- endmacro %}

{% macro default__trimmed(column) -%}
    trim({{ column }}, '{{ unicode_spaces() }}')
{%- endmacro %}

{# DuckDB's own trim takes just these, many times faster. #}
{% macro duckdb__trimmed(column) -%}
    trim({{ column }})
{%- endmacro %}

{% macro postgres__trimmed(column) -%}
    btrim({{ column }}, '{{ unicode_spaces() }}')
{%- endmacro %}

{% macro unicode_spaces() -%}
    {{ return(
        ' \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000'
    ) }}
{%- endmacro %}

{# Text without the space around it; empty text is null. #}
{% macro clean_text(column) -%}
    nullif({{ trimmed(column) }}, '')
{%- endmacro %}

{# An e-mail as staged: trimmed and in lower case. #}
{% macro clean_email(column) -%}
    {{ lower_case(clean_text(column)) }}
{%- endmacro %}
