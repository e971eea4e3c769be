"""Reads columns of digits as phone numbers, as `phonenumbers` reads one: a column at a time, a plan at a time."""

import polars as pl

from cdp_assets.identity.normalise.numbering_plans import (
    COUNTRY_CODES,
    NumberingPlan,
    plan_of_region,
    regions_of,
)

READ = {"row": pl.UInt32, "e164": pl.String, "is_valid": pl.Boolean, "is_possible": pl.Boolean}
_SHORTEST, _LONGEST = 2, 17  # digits of a number in its country
_NUMBER = pl.col("number")


def read_international(digits: pl.DataFrame, fewest: int = 1) -> pl.DataFrame:
    """Numbers that begin with their country code, as `READ`; what is no number is left out.

    Args:
        digits: `row`, `digits`.
        fewest: the numbers of a country code that has fewer are left out as well.
    """
    text = pl.col("digits")
    codes = [text.str.head(length) for length in (1, 2, 3)]
    code = pl.coalesce(pl.when(code.is_in(COUNTRY_CODES)).then(code) for code in codes)
    known = digits.filter(text.str.len_bytes() > _SHORTEST).with_columns(code=code).drop_nulls("code")
    numbers = known.select("row", "code", number=text.str.slice(pl.col("code").str.len_bytes()))
    read = [pl.DataFrame(schema=READ)]
    for (country_code,), some in numbers.partition_by("code", as_dict=True, include_key=False).items():
        if some.height >= fewest:
            read.append(_read(some, regions_of(country_code).main))
    return pl.concat(read)


def read_national(digits: pl.DataFrame) -> pl.DataFrame:
    """Numbers as they are dialled in a region, as `READ`; what is no number there is left out.

    Args:
        digits: `row`, `digits`, `region` (ISO alpha-2; one that has no numbering plan has no numbers).
    """
    read, abroad = [pl.DataFrame(schema=READ)], [pl.DataFrame(schema={"row": pl.UInt32, "digits": pl.String})]
    for (region,), some in digits.partition_by("region", as_dict=True, include_key=False).items():
        plan = plan_of_region(region)
        if plan is not None:
            dialled, at_home = _split_abroad(some, plan)
            abroad.append(dialled)
            read += _read_at_home(at_home, plan)
    return pl.concat([*read, read_international(pl.concat(abroad))])


def _split_abroad(digits: pl.DataFrame, plan: NumberingPlan) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What follows the plan's international prefix, and the numbers that do not begin with it."""
    if not plan.international_prefix:
        return digits.clear(), digits
    text = pl.col("digits")
    rest = text.str.slice(text.str.extract(plan.international_prefix, 0).str.len_bytes())
    prefixed = digits.filter(text.str.contains(plan.international_prefix)).with_columns(digits=rest)
    abroad = prefixed.filter(~text.str.starts_with("0"))  # no country code does
    return abroad, digits.join(abroad, on="row", how="anti") if abroad.height else digits


def _read_at_home(digits: pl.DataFrame, plan: NumberingPlan) -> list[pl.DataFrame]:
    """The country code may stand before the number without a plus sign."""
    text = pl.col("digits")
    coded = digits.filter(text.str.starts_with(plan.country_code)).with_columns(
        number=plan.without_prefix(text.str.slice(len(plan.country_code)))
    )
    likelier = (~plan.has_general_form(text) & plan.has_general_form(_NUMBER)) | plan.is_too_long(text)
    coded = coded.filter(likelier).select("row", "number")
    plain = digits.join(coded, on="row", how="anti") if coded.height else digits
    return [
        _read(coded, regions_of(plan.country_code).main),
        _read(plain.select("row", number=text), plan),
    ]


def _read(numbers: pl.DataFrame, plan: NumberingPlan) -> pl.DataFrame:
    """`row`, `number` without a country code, read in a plan."""
    regions = regions_of(plan.country_code)
    as_written = numbers.select(regions.main.is_valid(_NUMBER) & ~plan.begins_with_prefix(_NUMBER)).to_series()
    valid = numbers.filter(as_written).with_columns(is_valid=True, is_possible=True)
    rest = numbers.filter(~as_written & (numbers["number"].str.len_bytes() >= _SHORTEST))
    if rest.height:
        rest = rest.with_columns(number=plan.national_number(_NUMBER))
        rest = rest.filter(_NUMBER.str.len_bytes().is_between(_SHORTEST, _LONGEST))
        is_valid = regions.main.is_valid(_NUMBER) | regions.is_valid_elsewhere(_NUMBER)
        valid = pl.concat([valid, rest.with_columns(is_valid=is_valid, is_possible=regions.main.is_possible(_NUMBER))])
    return _e164(valid, plan)


def _e164(numbers: pl.DataFrame, plan: NumberingPlan) -> pl.DataFrame:
    return numbers.select(
        "row", pl.format(f"+{plan.country_code}{{}}", "number").alias("e164"), "is_valid", "is_possible"
    )
