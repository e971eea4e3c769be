{# Aggregate: the names of the sources in a group, in their order, separated by commas. #}
{% macro joined_sources(column) -%}
    substr(
        {%- for name in var('sources') | map(attribute='name') | sort %}
        coalesce(max(case when {{ column }} = '{{ name }}' then ',{{ name }}' end), '') {{- ' ||' if not loop.last -}}
        {%- endfor %},
        2
    )
{%- endmacro %}
