"""Comparisons of one column with values written in the definition."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, WithJsonSchema, model_validator

from cdp_assets.strict import Strict

_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


def _storable(text: str) -> str:
    if "\x00" in text or any(0xD800 <= ord(char) <= 0xDFFF for char in text):
        raise ValueError("a text may hold any character but NUL and lone surrogates")
    return text


def _written(value: object) -> object:
    """A date or moment that a YAML reader recognised, as it was written."""
    return value.isoformat() if isinstance(value, date) else value


def _scalar_kind(value: object) -> str | None:
    """Which branch of a union a value belongs to, so that an error speaks of that one alone."""
    kinds: dict[type, str] = {bool: "boolean", int: "whole", float: "number", str: "text"}
    return kinds.get(type(value))


def _one_of(message: str) -> Discriminator:
    return Discriminator(_scalar_kind, custom_error_type="scalar", custom_error_message=message)


Text = Annotated[str, Field(min_length=1), AfterValidator(_storable)]
Moment = Annotated[
    str,
    BeforeValidator(_written),
    Field(description="a date, or a date and time (UTC unless it says otherwise), in ISO 8601"),
]
Duration = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,4}[hdw]$", description="hours, days or weeks: 12h, 90d, 4w")]

_Boolean = Annotated[bool, Tag("boolean")]
_Whole = Annotated[int, Field(gt=-(10**38), lt=10**38), Tag("whole")]
_Finite = Annotated[float, Field(allow_inf_nan=False), Tag("number")]
_Text = Annotated[str, AfterValidator(_storable), Tag("text")]
# The JSON Schemas are written out: a whole number would be two of a union's branches, and `oneOf` refuses that.
Scalar = Annotated[
    _Boolean | _Whole | _Finite | _Text,
    _one_of("must be a text, a number, true or false"),
    BeforeValidator(_written),
    WithJsonSchema({"type": ["boolean", "number", "string"]}),
]
Orderable = Annotated[
    _Whole | _Finite | _Text,
    _one_of("must be a number, or a date or moment in ISO 8601"),
    BeforeValidator(_written),
    WithJsonSchema({"type": ["number", "string"]}),
]
Number = Annotated[_Whole | _Finite, _one_of("must be a number"), WithJsonSchema({"type": "number"})]


class Operators(Strict):
    """The operators a field can be compared by.

    A missing value satisfies `is_not_set` and nothing else: neither `neq`, nor `not_in`, nor the negation of a
    comparison; with `or_not_set` it satisfies the comparison too. Text is compared without regard to case unless
    `exact`. Times are compared as moments; `before` and `after` leave the moment itself out, `between` includes both
    ends, `within_last` reaches from that long before the run's `as_of` (left out) up to it (included), `within_next`
    from it (left out) to that long after (included).
    """

    eq: Scalar | None = None
    neq: Scalar | None = None
    gt: Orderable | None = None
    gte: Orderable | None = None
    lt: Orderable | None = None
    lte: Orderable | None = None
    between: tuple[Orderable, Orderable] | None = None
    in_: tuple[Scalar, ...] | None = Field(None, alias="in", min_length=1)
    not_in: tuple[Scalar, ...] | None = Field(None, min_length=1)
    contains: Text | None = None
    starts_with: Text | None = None
    ends_with: Text | None = None
    is_set: Literal[True] | None = None
    is_not_set: Literal[True] | None = None
    within_last: Duration | None = None
    within_next: Duration | None = None
    before: Moment | None = None
    after: Moment | None = None
    exact: Annotated[bool, Field(strict=True, description="whether upper and lower case of a text are apart")] = False
    or_not_set: Annotated[bool, Field(strict=True, description="whether a missing value is taken too")] = False

    @property
    def operator(self) -> tuple[str, Any]:
        """The operator's name as written, and its value or values."""
        name = next(name for name in OPERATOR_FIELDS if getattr(self, name) is not None)
        return Operators.model_fields[name].alias or name, getattr(self, name)

    def check_operator(self) -> None:
        """Raise unless there is exactly one operator, with what goes with it."""
        self.exactly_one(*OPERATOR_FIELDS)
        if self.or_not_set and (self.is_set or self.is_not_set):
            raise ValueError("or_not_set says nothing beside is_set and is_not_set")
        if self.between and comes_after(*self.between):
            raise ValueError(f"between ends before it starts: {self.between[0]!r} comes after {self.between[1]!r}")


OPERATOR_FIELDS = tuple(name for name in Operators.model_fields if name not in {"exact", "or_not_set"})


class Comparison(Operators):
    """One field and exactly one operator."""

    field: str

    @model_validator(mode="after")
    def _one_operator(self) -> "Comparison":
        self.check_operator()
        return self


class Filter(Operators):
    """A condition on one transaction, line, event or related row: a field and an operator, or a group of filters."""

    field: str | None = None
    all: tuple["Filter", ...] | None = Field(None, min_length=1)
    any: tuple["Filter", ...] | None = Field(None, min_length=1)
    not_: "Filter | None" = Field(None, alias="not")

    @model_validator(mode="after")
    def _one_kind(self) -> "Filter":
        self.exactly_one("field", "all", "any", "not_")
        if self.field is not None:
            self.check_operator()
        elif self.model_fields_set - {"all", "any", "not_"}:
            raise ValueError("a group of filters has no operator of its own")
        return self


def comes_after(start: float | str, end: float | str) -> bool:
    """Whether a number or moment comes after another; those that cannot be compared do not."""
    if isinstance(start, str) and isinstance(end, str):
        try:
            return _utc(start) > _utc(end)
        except ValueError:
            return False
    return not isinstance(start, str) and not isinstance(end, str) and start > end


def _utc(text: str) -> datetime:
    written = datetime.fromisoformat(text)
    return written if written.tzinfo else written.replace(tzinfo=UTC)


def duration(text: str) -> timedelta:
    """`"90d"` → 90 days."""
    number, unit = re.fullmatch(r"(\d+)([hdw])", text).groups()  # type: ignore[union-attr]
    return timedelta(**{_UNITS[unit]: int(number)})
