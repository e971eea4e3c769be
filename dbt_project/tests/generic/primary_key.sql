{# Fails for every key that comes more than once or has a null in it. #}
{% test primary_key(model, columns) %}
    {%- set key = columns | join(', ') %}
    select {{ key }}
    from {{ model }}
    group by {{ key }}
    having count(*) > 1{% for column in columns %} or {{ column }} is null{% endfor %}
{% endtest %}
