{# What a warehouse's query history says of a query: the table it builds, and the run. #}
{% macro query_comment(node) -%}
    {%- set asset = node.schema ~ '.' ~ node.alias if node else 'dbt' -%}
    {{ return(tojson({'app': 'cdp', 'asset': asset, 'run_id': env_var('CDP_RUN_ID', '')})) }}
{%- endmacro %}

{# Snowflake has a place of its own for it; outside of a run there is nothing to say. #}
{% macro snowflake__set_query_tag() -%}
    {%- if env_var('CDP_RUN_ID', '') -%}
        {%- do run_query("alter session set query_tag = '" ~ query_comment(model) ~ "'") -%}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}

{% macro snowflake__unset_query_tag(original_query_tag) -%}
    {%- if env_var('CDP_RUN_ID', '') -%}
        {%- do run_query("alter session set query_tag = '" ~ query_comment(none) ~ "'") -%}
    {%- endif -%}
{%- endmacro %}
