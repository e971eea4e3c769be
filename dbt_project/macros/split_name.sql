{# A part of text between separators, counted from 1; empty when there are fewer. #}
{% macro part_of(column, separator, number) -%}
    {{ return(adapter.dispatch('part_of')(column, separator, number)) }}
{%- endmacro %}

{% macro default__part_of(column, separator, number) -%}
    split_part({{ column }}, '{{ separator }}', {{ number }})
{%- endmacro %}

{% macro bigquery__part_of(column, separator, number) -%}
    split({{ column }}, '{{ separator }}')[safe_ordinal({{ number }})]
{%- endmacro %}

{# The first name in a full name: its first word, or what follows the comma in "Surname, Name". #}
{% macro first_name_of(column) -%}
    case
        when {{ column }} like '%,%' then {{ clean_text(part_of(column, ',', 2)) }}
        else {{ clean_text(part_of(trimmed(column), ' ', 1)) }}
    end
{%- endmacro %}

{# The last name in a full name: all after its first word, or what stands before the comma in "Surname, Name". #}
{% macro last_name_of(column) -%}
    {%- set name = trimmed(column) -%}
    case
        when {{ column }} like '%,%' then {{ clean_text(part_of(column, ',', 1)) }}
        else {{ clean_text('substr(' ~ name ~ ', length(' ~ part_of(name, ' ', 1) ~ ') + 1)') }}
    end
{%- endmacro %}
