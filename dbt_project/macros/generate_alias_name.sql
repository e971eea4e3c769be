{# A model that is an audience has `__model` behind its name: the audience's own table has the name. #}
{% macro generate_alias_name(custom_alias_name=none, node=none) -%}
    {%- set name = custom_alias_name or node.name -%}
    {{ name ~ '__model' if node.resource_type == 'model' and node.fqn[1] == 'audiences' else name }}
{%- endmacro %}
