{# Fails when a column is known for less than a share of the rows; a table without rows passes. #}
{% test share_known(model, column_name, at_least) %}
    select count({{ column_name }}) as known_rows, count(*) as all_rows
    from {{ model }}
    having count({{ column_name }}) < {{ at_least }} * count(*)
{% endtest %}
