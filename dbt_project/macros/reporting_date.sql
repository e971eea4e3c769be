{# The calendar day of an instant in the deployment's reporting time zone. #}
{% macro reporting_date(column) -%}
    {{ return(adapter.dispatch('reporting_date')(column, env_var('CDP_REPORTING_TIMEZONE', '') or 'UTC')) }}
{%- endmacro %}

{% macro default__reporting_date(column, timezone) -%}
    cast({{ column }} at time zone '{{ timezone }}' as date)
{%- endmacro %}

{% macro snowflake__reporting_date(column, timezone) -%}
    cast(convert_timezone('{{ timezone }}', {{ column }}) as date)
{%- endmacro %}

{% macro bigquery__reporting_date(column, timezone) -%}
    date({{ column }}, '{{ timezone }}')
{%- endmacro %}
