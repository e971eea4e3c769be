"""Comparisons of one column with values written in the definition."""

import re
from datetime import date, timedelta
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


Text = Annotated[str, AfterValidator(_storable)]
Moment = Annotated[
    str,
    BeforeValidator(_written),
    Field(description="a date, or a date and time (UTC unless it says otherwise), in ISO 8601"),
]
Duration = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,4}[hdw]$", description="hours, days or weeks: 12h, 90d, 4w")]

_Boolean = Annotated[bool, Tag("boolean")]
_Whole = Annotated[int, Tag("whole")]
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


class Comparison(Strict):
    """One column and exactly one operator.

    A missing value satisfies `is_not_set` and nothing else: neither `neq`, nor `not_in`, nor the negation of a
    comparison. Text is compared exactly, upper and lower case apart. Times are compared as moments; `before` and
    `after` leave the moment itself out, `between` includes both ends, `within_last` reaches from that long before
    the run's `as_of` (left out) up to it (included).
    """

    field: str
    eq: Scalar | None = None
    neq: Scalar | None = None
    gt: Orderable | None = None
    gte: Orderable | None = None
    lt: Orderable | None = None
    lte: Orderable | None = None
    between: tuple[Orderable, Orderable] | None = None
    in_: tuple[Scalar, ...] | None = Field(None, alias="in", min_length=1)
    not_in: tuple[Scalar, ...] | None = Field(None, min_length=1)
    contains: Text | None = Field(None, min_length=1)
    is_set: Literal[True] | None = None
    is_not_set: Literal[True] | None = None
    within_last: Duration | None = None
    before: Moment | None = None
    after: Moment | None = None

    @model_validator(mode="after")
    def _one_operator(self) -> "Comparison":
        self.exactly_one(*(name for name in type(self).model_fields if name != "field"))
        return self

    @property
    def operator(self) -> tuple[str, Any]:
        """The operator's name as written, and its value or values."""
        given = self.model_dump(by_alias=True, exclude_none=True, exclude={"field"})
        return next(iter(given.items()))


def duration(text: str) -> timedelta:
    """`"90d"` → 90 days."""
    number, unit = re.fullmatch(r"(\d+)([hdw])", text).groups()  # type: ignore[union-attr]
    return timedelta(**{_UNITS[unit]: int(number)})
