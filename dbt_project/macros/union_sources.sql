{#
    The staged rows of every source that provides an entity, as `vars: sources:` lists them, with the source's
    `precedence`: its place in that list, 1 for the most trusted.
#}
{% macro union_sources(entity) -%}
    {%- set selects = [] -%}
    {%- for source in var('sources') if entity in source.entities -%}
        {%- set precedence = (var('sources') | map(attribute='name') | list).index(source.name) + 1 -%}
        {%- set staged = ref('stg_' ~ source.name ~ '__' ~ entity) -%}
        {%- do selects.append('select *, ' ~ precedence ~ ' as precedence from ' ~ staged) -%}
    {%- endfor -%}
    {%- if not selects -%}
        {%- do exceptions.raise_compiler_error(
            'no source provides ' ~ entity ~ '; add it to the entities of one in vars: sources: of dbt_project.yml.'
        ) -%}
    {%- endif -%}
    {{ selects | join('\n    union all\n    ') }}
{%- endmacro %}
