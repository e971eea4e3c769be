{# Contracts and seeds in BigQuery's names of types: dbt hands on the names as they are written. #}
{% macro bigquery__get_empty_schema_sql(columns) -%}
    {%- set typed = {} -%}
    {%- for name, column in columns.items() -%}
        {%- do typed.update({name: dict(column, data_type=data_type(column['data_type']))}) -%}
    {%- endfor -%}
    {{ return(dbt.default__get_empty_schema_sql(typed)) }}
{%- endmacro %}

{# The columns come from the SELECT, whose names and types were compared with the contract before. #}
{% macro bigquery__get_table_columns_and_constraints() -%}
{%- endmacro %}

{% macro bigquery__load_csv_rows(model, agate_table) -%}
    {%- set types = {} -%}
    {%- for name, type in model['config'].get('column_types', {}).items() -%}
        {%- do types.update({name: data_type(type).split('(')[0]}) -%}
    {%- endfor -%}
    {{ adapter.load_dataframe(
        model['database'], model['schema'], model['alias'], agate_table, types, model['config']['delimiter']
    ) }}
{%- endmacro %}
