"""What an audience may say besides its conditions: how many, in which arms, and when."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from cdp_assets.audiences.leaves import AudienceName
from cdp_assets.audiences.operators import Number
from cdp_assets.strict import Strict

HOLDOUT = "holdout"
GLOBAL_HOLDOUT = "global_holdout"
HELD_BACK = (HOLDOUT, GLOBAL_HOLDOUT)
"""The arms whose customers are members, and are sent nowhere."""

ArmName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Percent = Annotated[Number, Field(description="percent, with at most two decimals")]


class Limit(Strict):
    """Keep only the customers with the highest (or lowest) values of a field; those without a value come last.

    With `per`, so many for each value of that field.
    """

    field: str
    top: int = Field(ge=1, strict=True)
    order: Literal["highest", "lowest"] = "highest"
    per: str | None = None


class Splits(Strict):
    """Arms that members are put into by a hash of `salt` and customer id, in percent that sum to 100.

    The members of `holdout` stay in the audience and are sent nowhere. An arm once given is kept; another `salt` deals
    all anew.
    """

    arms: dict[ArmName, Percent] = Field(min_length=1)
    holdout: Percent = 0
    salt: str | None = Field(None, min_length=1, description="unset, the audience's name")

    @model_validator(mode="after")
    def _all_of_them(self) -> "Splits":
        if reserved := sorted(set(self.arms) & set(HELD_BACK)):
            raise ValueError(f"an arm may not be called {', '.join(reserved)}; holdout has an option of its own")
        wrong = {name: share for name, share in self.shares.items() if share < 0 or share != round(share, 2)}
        if wrong:
            said = ", ".join(f"{name} {share}" for name, share in wrong.items())
            raise ValueError(f"shares are percent of at least 0 with at most two decimals; got {said}")
        total = sum(self.shares.values())
        if total != 100:
            raise ValueError(f"the shares of arms and holdout must sum to 100; they sum to {total}")
        return self

    @property
    def shares(self) -> dict[str, Decimal]:
        """Percent of each arm in order, the holdout last."""
        every = {**self.arms, **({HOLDOUT: self.holdout} if self.holdout else {})}
        return {name: Decimal(str(share)) for name, share in every.items()}


class Priority(Strict):
    """A place in a list of audiences of which a customer is in the first that would have them, and in no other."""

    list: ArmName
    rank: int = Field(strict=True, ge=1, description="1 is the highest")


class Suppress(Strict):
    """Who is left out though the conditions hold."""

    without_consent: tuple[str, ...] = Field(min_length=1, description="purposes, each of which must be granted")


class Expected(Strict):
    """How many members there should be; else the audience stops before activation.

    `change` is how many times larger or smaller than when it last was as expected it may be, unless the definition
    changed.
    """

    at_least: Annotated[int, Field(ge=0, strict=True)] | None = None
    at_most: Annotated[int, Field(ge=0, strict=True)] | None = None
    change: Annotated[float, Field(gt=1)] | None = 2.0

    @model_validator(mode="after")
    def _possible(self) -> "Expected":
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(f"no size is at least {self.at_least} and at most {self.at_most}")
        return self


Excluded = tuple[AudienceName, ...]
