{#
    PostgreSQL's functions for JSON held as text, created before a run; other warehouses need none. Before version 16
    nothing but an exception tells whether text is JSON. A lock keeps runs from replacing a function at once.
#}
{% macro create_functions() -%}
    {{ return(adapter.dispatch('create_functions')()) }}
{%- endmacro %}

{% macro default__create_functions() -%}
{%- endmacro %}

{% macro postgres__create_functions() -%}
    {# Asked to create a schema that is there, PostgreSQL still wants the right to create one. #}
    do $schema$
    begin
        if to_regnamespace('{{ target.schema }}') is null then
            create schema if not exists {{ target.schema }};
        end if;
    end
    $schema$;
    select pg_advisory_xact_lock(hashtext('{{ target.schema }}.json_of'));
    create or replace function {{ target.schema }}.json_of(document text) returns jsonb
    language plpgsql immutable strict as $function$
    begin
        return document::jsonb;
    exception when others then
        return null;
    end
    $function$;
    create or replace function {{ target.schema }}.json_elements(document text) returns setof jsonb
    language sql immutable as $function$
        select jsonb_array_elements(case when jsonb_typeof(parsed) = 'array' then parsed else '[]' end)
        from {{ target.schema }}.json_of(document) as parsed
    $function$;
    create or replace function {{ target.schema }}.json_scalar(document jsonb, path text []) returns text
    language sql immutable as $function$
        select case when jsonb_typeof(document #> path) not in ('object', 'array') then document #>> path end
    $function$
{%- endmacro %}
