"""What a team configures of identity resolution; every error names what is allowed."""

from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from cdp_assets.strict import Strict

MatchKey = Literal[
    "email",
    "phone",
    "user_id",
    "account_id",
    "first_name",
    "name_forms",
    "last_name",
    "street",
    "city",
    "postal_code",
    "country",
    "date_of_birth",
    "company",
]
MATCH_KEYS: tuple[str, ...] = get_args(MatchKey)
Region = Annotated[str, Field(pattern="^[A-Z]{2}$")]
Share = Annotated[float, Field(gt=0, lt=1)]


class Rule(Strict):
    """Records that agree on every key of `agree` are one customer, unless a veto or `must_not_differ` objects.

    A key that is null agrees with nothing and differs from nothing. A `trusted` rule is not subject to vetoes.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    agree: Annotated[tuple[MatchKey, ...], Field(min_length=1)]
    must_not_differ: tuple[MatchKey, ...] = ()
    trusted: bool = False


class Junk(Strict):
    """Values that identify nobody: listed ones, and those that too many names or records share."""

    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    dates_of_birth: tuple[str, ...] = ("1900-01-01", "1970-01-01", "2000-01-01")
    earliest_birth_year: int = 1900
    most_names_per_value: Annotated[int, Field(ge=2)] = 10
    most_records_per_value: Annotated[int, Field(ge=2)] = 2000


class Probabilistic(Strict):
    """How Splink scores what the rules left open."""

    enabled: bool = True
    threshold: Share = 0.99
    fewest_records: Annotated[int, Field(ge=2)] = 50
    pairs_sampled: Annotated[int, Field(ge=1000)] = 1_000_000
    expected_rule_recall: Share = 0.7
    seed: int = 1


class Vetoes(Strict):
    """Which contradictions forbid a link. `strong_ids` are keys of which one customer has one value a source."""

    first_name: bool = True
    last_name: bool = True
    date_of_birth: bool = True
    strong_ids: tuple[Literal["user_id", "account_id"], ...] = ()
    similar_name: Share = 0.8


def _default_regions() -> dict[str, tuple[Region, ...]]:
    return {"default": ("US",)}


class IdentityConfig(Strict):
    """The whole configuration; `rules` are in order of precedence, the strongest first.

    `phone_regions` says, per source or for `default`, in which countries to try a number without a country code, when
    its record names no country.
    """

    rules: tuple[Rule, ...] = ()
    junk: Junk = Junk()
    phone_regions: dict[str, Annotated[tuple[Region, ...], Field(min_length=1)]] = Field(
        default_factory=_default_regions
    )
    probabilistic: Probabilistic = Probabilistic()
    vetoes: Vetoes = Vetoes()
    largest_cluster: Annotated[int, Field(ge=2)] = 200

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
