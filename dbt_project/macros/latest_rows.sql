{#
    The latest row of each key, rows without a key left out. Later means: updated later at the source, else loaded
    later, else further down its file (`_source_row` is `<file>:<line>`, so a longer one is further down).
#}
{% macro latest_rows(relation, key, updated_at) -%}
    select *
    from (
        select
            *,
            row_number() over (
                partition by {{ key }}
                order by
                    {{ updated_at }} desc nulls last,
                    _loaded_at desc nulls last,
                    {{ byte_order('_load_id') }} desc nulls last,
                    length(_source_row) desc nulls last,
                    {{ byte_order('_source_row') }} desc nulls last
            ) as _recency
        from {{ relation }}
        where nullif({{ key }}, '') is not null
    ) as ranked
    where _recency = 1
{%- endmacro %}
