"""The leaves of a condition tree that look at more than one row: what a customer did, and who belongs to them."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from cdp_assets.audiences.operators import Comparison, Duration, Filter, Moment, Number, comes_after, duration
from cdp_assets.strict import Strict

AudienceName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class Bounds(Strict):
    """How many, or how much; ends are included."""

    at_least: Number | None = None
    at_most: Number | None = None
    exactly: Number | None = None
    between: tuple[Number, Number] | None = None

    @model_validator(mode="after")
    def _say_something(self) -> "Bounds":
        ranged = self.at_least is not None or self.at_most is not None
        if ranged + (self.exactly is not None) + (self.between is not None) != 1:
            raise ValueError("needs at_least, at_most or both, or exactly alone, or between alone")
        low, high = self.ends
        if low is not None and high is not None and low > high:
            raise ValueError(f"no number is at least {low} and at most {high}")
        return self

    @property
    def ends(self) -> tuple[Number | None, Number | None]:
        """The smallest and the largest number within the bounds."""
        if self.exactly is not None:
            return self.exactly, self.exactly
        return self.between or (self.at_least, self.at_most)

    def hold(self, value: Number) -> bool:
        """Whether a number is within the bounds."""
        low, high = self.ends
        return (low is None or value >= low) and (high is None or value <= high)


class CountBounds(Bounds):
    """Bounds on how many there are."""

    @model_validator(mode="after")
    def _some_or_none(self) -> "CountBounds":
        for end in self.ends:
            if end is not None and end < 0:
                raise ValueError(f"no count is {end}; a bound is 0 or more")
        return self


class FieldBounds(Bounds):
    """Bounds on an aggregate of a field."""

    field: str


class Aggregate(Strict):
    """Bounds on an aggregate over rows.

    Without any row `count`, `sum` and `distinct` are 0; `avg`, `min` and `max` are missing.
    """

    count: CountBounds | None = None
    sum: FieldBounds | None = None
    avg: FieldBounds | None = None
    min: FieldBounds | None = None
    max: FieldBounds | None = None
    distinct: FieldBounds | None = None


AGGREGATES = tuple(Aggregate.model_fields)


class Occurrences(Strict):
    """Which transactions or events: those in a window before the run's `as_of`, or ever, that meet every filter."""

    within_last: Duration | None = None
    between_ago: Annotated[
        tuple[Duration, Duration] | None, Field(description="from so long ago (left out) to so long ago (included)")
    ] = None
    between: Annotated[tuple[Moment, Moment] | None, Field(description="first and last moment, both included")] = None
    where: tuple[Filter, ...] = ()

    @model_validator(mode="after")
    def _one_window(self) -> "Occurrences":
        given = [name for name in ("within_last", "between_ago", "between") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"takes one window; got {', '.join(given)}")
        if self.between_ago and duration(self.between_ago[0]) <= duration(self.between_ago[1]):
            start, end = self.between_ago
            raise ValueError(f"the window ends before it starts: {start} ago is not before {end} ago")
        if self.between and comes_after(*self.between):
            raise ValueError(f"the window ends before it starts: {self.between[0]} comes after {self.between[1]}")
        return self


class Facts(Occurrences, Aggregate):
    """Bounds on an aggregate of a customer's events, or a comparison of a field of the `first` or `last` one."""

    first: Comparison | None = None
    last: Comparison | None = None

    @model_validator(mode="after")
    def _one_aggregate(self) -> "Facts":
        self.exactly_one(*AGGREGATES, "first", "last")
        return self


class TransactionFacts(Facts):
    """The same of a customer's transactions, or of their lines: what was bought."""

    of: Literal["transactions", "lines"] = "transactions"


class Step(Strict):
    """Something a customer did at a moment."""

    transaction: Occurrences | None = None
    event: Occurrences | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "Step":
        self.exactly_one()
        return self


class Sequence(Strict):
    """Did one thing and `then` another, later and `within` a time; or did it and did not, until that time was over.

    Without `within` the time is all that is left up to the run's `as_of`. Two things at the same moment are no
    sequence.
    """

    did: Step
    then: Step | None = None
    then_not: Step | None = None
    within: Duration | None = None

    @model_validator(mode="after")
    def _one_end(self) -> "Sequence":
        self.exactly_one("then", "then_not")
        return self

    @property
    def end(self) -> Step:
        """What came, or did not come, later."""
        step = self.then or self.then_not
        assert step is not None
        return step


def _as_path(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class Related(Aggregate):
    """Rows that belong to a customer over one relation or two: whether `any`, `all` or `none` of them meets a filter.

    Without any related row `none` holds, `any` and `all` do not. Or bounds on an aggregate of those that meet `where`.
    """

    to: Annotated[tuple[str, ...], BeforeValidator(_as_path), Field(min_length=1, max_length=2)]
    any: Filter | None = None
    all: Filter | None = None
    none: Filter | None = None
    where: tuple[Filter, ...] = ()

    @model_validator(mode="after")
    def _one_question(self) -> "Related":
        self.exactly_one("any", "all", "none", *AGGREGATES)
        if self.where and (self.any or self.all or self.none):
            raise ValueError("where goes with count, sum, avg, min, max and distinct; put it into the filter")
        return self


class OtherAudience(Strict):
    """Membership in another audience, as its table stands."""

    in_: AudienceName | None = Field(None, alias="in")
    not_in: AudienceName | None = None

    @model_validator(mode="after")
    def _one_name(self) -> "OtherAudience":
        self.exactly_one()
        return self

    @property
    def name(self) -> str:
        """The other audience."""
        return str(self.in_ or self.not_in)
