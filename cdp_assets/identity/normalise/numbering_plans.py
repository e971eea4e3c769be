"""The numbering plans of `phonenumbers` as expressions on columns of digits."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import polars as pl
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, SUPPORTED_REGIONS, PhoneMetadata, PhoneNumberDesc

_TYPES = (
    "premium_rate", "toll_free", "shared_cost", "voip", "personal_number", "pager", "uan", "voicemail", "fixed_line",
    "mobile",
)  # fmt: skip


@dataclass(frozen=True)
class _Kind:
    """Numbers of one kind: their lengths (none: any), and a pattern they match as a whole."""

    lengths: tuple[int, ...]
    pattern: str

    def has(self, number: pl.Expr) -> pl.Expr:
        matching = number.str.contains(self.pattern)
        return matching & number.str.len_bytes().is_in(self.lengths) if self.lengths else matching


@dataclass(frozen=True)
class NumberingPlan:
    """How numbers of one region are written.

    Methods take columns of digits, without a country code, and mirror `phonenumbers.phonenumberutil`.
    """

    country_code: str
    international_prefix: str | None
    national_prefix: str | None
    prefix_groups: int
    prefix_transform: str | None
    general: _Kind
    kinds: tuple[_Kind, ...]
    local_lengths: tuple[int, ...]

    def is_possible(self, number: pl.Expr) -> pl.Expr:
        """Whether the length is one a number has, with or without its area code."""
        return number.str.len_bytes().is_in(self.general.lengths + self.local_lengths)

    def is_too_long(self, number: pl.Expr) -> pl.Expr:
        length = number.str.len_bytes()
        return (length > self.general.lengths[-1]) & ~length.is_in(self.local_lengths)

    def is_valid(self, number: pl.Expr) -> pl.Expr:
        """Whether numbers of some kind look so."""
        return self.general.has(number) & pl.any_horizontal(kind.has(number) for kind in self.kinds)

    def has_general_form(self, number: pl.Expr) -> pl.Expr:
        return number.str.contains(self.general.pattern)

    def begins_with_prefix(self, number: pl.Expr) -> pl.Expr:
        return number.str.contains(self.national_prefix) if self.national_prefix else pl.lit(value=False)

    def without_prefix(self, number: pl.Expr) -> pl.Expr:
        """`_maybe_strip_national_prefix_carrier_code`."""
        if not self.national_prefix:
            return number
        prefix = number.str.extract(self.national_prefix, 0)
        rest = number.str.slice(prefix.str.len_bytes())
        if self.prefix_transform:
            captured = number.str.extract(self.national_prefix, self.prefix_groups).is_not_null()
            rest = (
                pl.when(captured).then(number.str.replace(self.national_prefix, self.prefix_transform)).otherwise(rest)
            )
        better = ~self.has_general_form(number) | self.has_general_form(rest)
        return pl.when(prefix.is_not_null() & better).then(rest).otherwise(number)

    def national_number(self, number: pl.Expr) -> pl.Expr:
        """Without the national prefix, if what remains is as long as a number."""
        rest = self.without_prefix(number)
        length = rest.str.len_bytes()
        full = length.is_in(self.general.lengths) & ~length.is_in(self.local_lengths)
        return pl.when(full).then(rest).otherwise(number)


@cache
def plan_of_region(region: str) -> NumberingPlan | None:
    """The plan of a region by its ISO alpha-2 code; null for a region that has none."""
    metadata = PhoneMetadata.metadata_for_region(region, None) if region in SUPPORTED_REGIONS else None
    return _plan(metadata) if metadata else None


@dataclass(frozen=True)
class SharedCode:
    """The regions of one country code: the main one, whose plan rules, and kinds of numbers of the others."""

    main: NumberingPlan
    others: tuple[_Kind, ...]

    def is_valid_elsewhere(self, number: pl.Expr) -> pl.Expr:
        """Whether the number is of another region than the main one: no two regions have the same numbers."""
        return pl.any_horizontal(pl.lit(value=False), *(kind.has(number) for kind in self.others))


@cache
def regions_of(country_code: str) -> SharedCode:
    """The regions that share a country code."""
    code = int(country_code)
    regions = COUNTRY_CODE_TO_REGION_CODE[code]
    found = [PhoneMetadata.metadata_for_region_or_calling_code(code, region) for region in regions]
    main, *others = [metadata for metadata in found if metadata is not None]
    return SharedCode(_plan(main), _kinds(kind for metadata in others for kind in _descriptions(metadata)))


COUNTRY_CODES = frozenset(str(code) for code in COUNTRY_CODE_TO_REGION_CODE)


def _plan(metadata: PhoneMetadata) -> NumberingPlan:
    prefix = metadata.national_prefix_for_parsing or None
    general = metadata.general_desc or PhoneNumberDesc()
    transform = metadata.national_prefix_transform_rule
    return NumberingPlan(
        country_code=str(metadata.country_code),
        international_prefix=_begins(metadata.international_prefix),
        national_prefix=_begins(prefix),
        prefix_groups=re.compile(prefix).groups if prefix else 0,
        prefix_transform=re.sub(r"\\(\d)", r"${\1}", transform) if transform else None,
        general=_kinds([general])[0],
        kinds=_kinds(_descriptions(metadata)),
        local_lengths=tuple(general.possible_length_local_only),
    )


def _descriptions(metadata: PhoneMetadata) -> list[PhoneNumberDesc]:
    return [description for name in _TYPES if (description := getattr(metadata, name)) is not None]


def _kinds(descriptions: Iterable[PhoneNumberDesc]) -> tuple[_Kind, ...]:
    """Those of one set of lengths as one pattern: a column is searched once for all of them."""
    patterns: dict[tuple[int, ...], dict[str, None]] = {}
    for description in descriptions:
        if description.national_number_pattern:
            patterns.setdefault(tuple(description.possible_length), {})[description.national_number_pattern] = None
    return tuple(_Kind(lengths, f"^(?:{'|'.join(same)})$") for lengths, same in patterns.items())


def _begins(pattern: str | None) -> str | None:
    return f"^(?:{pattern})" if pattern else None
