{# dbt-duckdb knows partitions of DuckLake alone, and would refuse the keys that are meant for BigQuery. #}
{% macro duckdb__get_partitioned_by(relation, temporary) -%}
    {{ return(none) }}
{%- endmacro %}
