{# The first name in a full name: its first word, or what follows the comma in "Surname, Name". #}
{% macro first_name_of(column) -%}
    case
        when {{ column }} like '%,%' then {{ clean_text("split_part(" ~ column ~ ", ',', 2)") }}
        else {{ clean_text("split_part(trim(" ~ column ~ "), ' ', 1)") }}
    end
{%- endmacro %}

{# The last name in a full name: all after its first word, or what stands before the comma in "Surname, Name". #}
{% macro last_name_of(column) -%}
    case
        when {{ column }} like '%,%' then {{ clean_text("split_part(" ~ column ~ ", ',', 1)") }}
        else {{ clean_text("substr(trim(" ~ column ~ "), length(split_part(trim(" ~ column ~ "), ' ', 1)) + 1)") }}
    end
{%- endmacro %}
