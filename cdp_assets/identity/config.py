"""What a team configures of identity resolution; every error names what is allowed."""

from datetime import date, datetime
from difflib import get_close_matches
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import BeforeValidator, Field, model_validator

from cdp_assets.identity.households import Households
from cdp_assets.strict import Strict

MatchKey = Literal[
    "email",
    "phone",
    "user_id",
    "external_id",
    "anonymous_id",
    "account_id",
    "first_name",
    "name_forms",
    "name_suffix",
    "last_name",
    "street",
    "city",
    "region",
    "postal_code",
    "country",
    "date_of_birth",
    "company",
]
DateOrder = Literal["dmy", "mdy"]
MATCH_KEYS: tuple[str, ...] = get_args(MatchKey)
_MEANT = {"UK": "GB", "EN": "GB", "SP": "ES"}


def _region(value: Any) -> str:  # noqa: ANN401 - whatever YAML holds at this place
    """A region that phone numbers are known of."""
    from phonenumbers import SUPPORTED_REGIONS

    if isinstance(value, str) and value in SUPPORTED_REGIONS:
        return value
    code = "NO" if value is False else str(value).strip().upper()  # YAML reads a bare NO as false
    near = _MEANT.get(code) or next(iter(get_close_matches(code, sorted(SUPPORTED_REGIONS), 1)), None)
    meant = f"; perhaps {near!r}, in quotes" if near else ""
    raise ValueError(f"it must be the code of a country with two capital letters, such as US, GB or DE{meant}")


def _iso_date(value: Any) -> str:  # noqa: ANN401 - whatever YAML holds at this place
    """A date as text; YAML makes a date of what is not quoted."""
    if isinstance(value, date):
        return (value.date() if isinstance(value, datetime) else value).isoformat()
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise ValueError("it must be a date, written as 1990-12-31") from None


def _listed(value: Any) -> Any:  # noqa: ANN401 - whatever YAML holds at this place
    if not isinstance(value, list | tuple):
        raise ValueError("it must be a list, such as [a, b]")  # noqa: TRY004 - what pydantic gathers
    return value


T = TypeVar("T")
Many = Annotated[tuple[T, ...], BeforeValidator(_listed)]
Region = Annotated[str, BeforeValidator(_region)]
IsoDate = Annotated[str, BeforeValidator(_iso_date)]
Share = Annotated[float, Field(gt=0, lt=1)]


class Rule(Strict):
    """Records that agree on every key of `agree` are one customer, unless a veto or `must_not_differ` objects.

    A key that is null agrees with nothing and differs from nothing. Of a key with several values, one that both records
    have is enough to agree; they differ when there is none. Values that are not the same differ, dates too. A `trusted`
    rule is not subject to vetoes.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    agree: Annotated[Many[MatchKey], Field(min_length=1)]
    must_not_differ: Many[MatchKey] = ()
    trusted: bool = False

    @model_validator(mode="after")
    def _keys_differ(self) -> "Rule":
        keys = [*self.agree, *self.must_not_differ]
        repeated = sorted({key for key in keys if keys.count(key) > 1})
        if repeated:
            raise ValueError(
                f"rule {self.name} names {', '.join(repeated)} more than once; a key either has to agree or must not"
                " differ, and is listed once."
            )
        return self


class Junk(Strict):
    """Values that identify nobody: listed ones, and those that too many names or records share.

    `emails` may list whole domains (`@example.org`). Dates of birth before `earliest_birth_year` or after
    `latest_birth_year` are impossible; by default there is no such bound.
    The last four limits are for what frequency finds at training: see `junk.frequency_junk`.
    """

    emails: Many[str] = ()
    phones: Many[str] = ()
    names: Many[str] = ()
    dates_of_birth: Many[IsoDate] = ("1900-01-01", "1970-01-01")
    earliest_birth_year: int = 0
    latest_birth_year: int | None = None
    placeholder_birth_share: Share = 0.005
    fewest_same_births: Annotated[int, Field(ge=2)] = 50
    most_names_per_value: Annotated[int, Field(ge=2)] = 10
    most_records_per_value: Annotated[int, Field(ge=2)] = 2000


class Probabilistic(Strict):
    """How Splink scores what the rules left open.

    `precision` is the share of links that are to be right, by the model's own calibrated probabilities: training finds
    the threshold for it. A `threshold`, a probability, is taken as it is instead.
    """

    enabled: bool = True
    precision: Share = 0.97
    threshold: Share | None = None
    fewest_records: Annotated[int, Field(ge=2)] = 50
    pairs_sampled: Annotated[int, Field(ge=1000)] = 1_000_000
    seed: int = 1


class Vetoes(Strict):
    """Which contradictions forbid a link. `strong_ids` are keys of which one customer has one value a source."""

    first_name: bool = True
    last_name: bool = True
    date_of_birth: bool = True
    strong_ids: Many[Literal["user_id", "account_id"]] = ()
    similar_name: Share = 0.8


class Limits(Strict):
    """How much one customer may have before its cluster is taken for a mistake: cut at weak links, else set apart.

    `records` counts records that look different; the same ticket a thousand times is one.
    """

    records: Annotated[int, Field(ge=2)] = 200
    emails: Annotated[int, Field(ge=1)] = 20
    phones: Annotated[int, Field(ge=1)] = 20
    dates_of_birth: Annotated[int, Field(ge=1)] = 8
    user_ids: Annotated[int, Field(ge=1)] = 50


class Checks(Strict):
    """From where on a run's result is looked at: shares from 0 to 1.

    A customer is mixed when its records have more than `most_first_names` given names that cannot be one person's.
    `changed_customers` are those of whom records came from, or went to, another customer in one run; more than this
    hold back what is downstream until the next run. `precision` and `recall` are those of `identity.labels`.
    """

    most_first_names: Annotated[int, Field(ge=1)] = 2
    mixed_customers: Share = 0.01
    quarantined_records: Share = 0.005
    changed_customers: Share = 0.2
    precision: Share = 0.95
    recall: Share = 0.8


def _default_orders() -> dict[str, DateOrder]:
    return {"default": "dmy"}


def _default_regions() -> dict[str, tuple[Region, ...]]:
    return {"default": ("US",)}


class IdentityConfig(Strict):
    """The whole configuration; `rules` are in order of precedence, the strongest first.

    `phone_regions` says, per source or for `default`, in which countries to try a number without a country code, when
    its record names no country. `date_orders` says likewise whether 05/03/1990 is the fifth of March (`dmy`) or the
    third of May (`mdy`).
    """

    rules: Many[Rule] = ()
    junk: Junk = Junk()
    phone_regions: dict[str, Annotated[Many[Region], Field(min_length=1)]] = Field(default_factory=_default_regions)
    date_orders: dict[str, DateOrder] = Field(default_factory=_default_orders)
    probabilistic: Probabilistic = Probabilistic()
    vetoes: Vetoes = Vetoes()
    limits: Limits = Limits()
    households: Households = Households()
    checks: Checks = Checks()

    @model_validator(mode="after")
    def _rule_names_differ(self) -> "IdentityConfig":
        names = [rule.name for rule in self.rules]
        repeated = sorted({name for name in names if names.count(name) > 1})
        reserved = sorted(set(names) & {"probabilistic", "manual", "single"})
        if repeated or reserved:
            raise ValueError(
                f"rule name {', '.join(repeated + reserved)} cannot be used; each rule needs a name of its own,"
                " other than probabilistic, manual and single."
            )
        return self
