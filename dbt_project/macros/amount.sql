{# An exact number as numeric(18, 4), rounded half away from zero; null when it is too large. #}
{% macro amount(number) -%}
    {{ return(adapter.dispatch('amount')(number)) }}
{%- endmacro %}

{% macro default__amount(number) -%}
    case when abs(round({{ number }}, 4)) < 100000000000000 then cast({{ number }} as numeric(18, 4)) end
{%- endmacro %}

{% macro duckdb__amount(number) -%}
    try_cast({{ number }} as numeric(18, 4))
{%- endmacro %}

{% macro bigquery__amount(number) -%}
    safe_cast({{ number }} as numeric(18, 4))
{%- endmacro %}

{# A number as another exact type, of which it is no larger than that type holds. #}
{% macro exact(number, type) -%}
    {{ return(adapter.dispatch('exact')(number, type)) }}
{%- endmacro %}

{% macro default__exact(number, type) -%}
    cast({{ number }} as {{ type }})
{%- endmacro %}

{% macro bigquery__exact(number, type) -%}
    safe_cast({{ number }} as {{ type }})
{%- endmacro %}

{# The product of two amounts, as `amount`. DuckDB multiplies two decimals of 18 digits into 18, and fails beyond. #}
{% macro product(first, second) -%}
    {{ cdp.amount(exact(first, 'numeric(20, 4)') ~ ' * ' ~ second) }}
{%- endmacro %}

{#
    An amount times a number by another one, each with at most six decimals, as `amount`; null when that one is zero.
    It divides whole units: divided as floats, as DuckDB does with decimals, a half may be rounded the wrong way. Their
    type keeps a decimal, for one without may be taken for an integer of 64 bits.
#}
{% macro scaled_amount(amount, times, by) -%}
    {{ return(adapter.dispatch('scaled_amount')(amount, times, by)) }}
{%- endmacro %}

{% macro default__scaled_amount(amount, times, by, whole='numeric(36, 1)') -%}
    {%- set dividend = in_units(amount, 4, whole) ~ ' * ' ~ in_units(times, 6, whole) -%}
    {%- set divisor = in_units('nullif(' ~ by ~ ', 0)', 6, whole) -%}
    {%- set doubled = '(2 * abs(' ~ dividend ~ ') + ' ~ divisor ~ ')' -%}
    {%- set rounded = '(' ~ doubled ~ ' - mod(' ~ doubled ~ ', 2 * ' ~ divisor ~ ')) / (2 * ' ~ divisor ~ ')' -%}
    {{ cdp.amount('sign(' ~ dividend ~ ') * ' ~ rounded ~ ' / 10000') }}
{%- endmacro %}

{% macro bigquery__scaled_amount(amount, times, by) -%}
    {{ cdp.default__scaled_amount(amount, times, by, whole='bignumeric(38, 1)') }}
{%- endmacro %}

{% macro duckdb__scaled_amount(amount, times, by) -%}
    {%- set dividend = in_units(amount, 4, 'hugeint') ~ ' * ' ~ in_units(times, 6, 'hugeint') -%}
    {%- set divisor = in_units('nullif(' ~ by ~ ', 0)', 6, 'hugeint') -%}
    {%- set rounded = '(2 * abs(' ~ dividend ~ ') + ' ~ divisor ~ ') // (2 * ' ~ divisor ~ ')' -%}
    {%- set units = 'try_cast(sign(' ~ dividend ~ ') * ' ~ rounded ~ ' as numeric(22, 0))' -%}
    {{ cdp.amount(units ~ ' * cast(0.0001 as numeric(16, 4))') }}
{%- endmacro %}

{% macro in_units(number, decimals, whole) -%}
    {{ exact(exact(number, 'numeric(30, ' ~ decimals ~ ')') ~ ' * ' ~ 10 ** decimals, whole) }}
{%- endmacro %}
