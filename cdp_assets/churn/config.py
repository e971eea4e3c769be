"""What a deployment decides about churn: the definition, the cut-offs models learn from, the risk bands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import Field, model_validator

from cdp_assets.strict import Strict


@dataclass(frozen=True)
class CutOffs:
    """The moments a run looks at, each in UTC.

    The label windows of training, calibration and judging do not overlap, so that no model is calibrated or judged
    on orders it learnt from.
    """

    training: tuple[datetime, ...]
    calibration: datetime
    judging: datetime
    current: datetime

    @property
    def every(self) -> Sequence[datetime]:
        """All of them, oldest first."""
        return *self.training, self.calibration, self.judging, self.current


class ChurnConfig(Strict):
    """A customer who ordered before a cut-off has churned when no order follows within `horizon_days`."""

    horizon_days: int = Field(90, ge=1, le=730, description="days without an order that make a churned customer")
    training_cut_offs: int = Field(6, ge=1, le=36, description="how many past cut-offs the model learns from")
    spacing_days: int = Field(30, ge=1, le=365, description="days between two training cut-offs")
    minimum_examples: int = Field(
        50, ge=2, description="customers of each outcome without which the recency rule is used instead of a model"
    )
    medium_risk_from: float = Field(0.4, gt=0, lt=1, description="churn probability at which the risk is medium")
    high_risk_from: float = Field(0.7, gt=0, lt=1, description="churn probability at which the risk is high")
    support_sources: tuple[str, ...] = Field(
        ("support",), description="sources whose events are support tickets; events of others are web activity"
    )
    seed: int = Field(20260101, ge=0, description="seed of everything random in training")
    threads: int = Field(2, ge=1, description="threads of training and scoring; fixed, so that results repeat")

    @model_validator(mode="after")
    def _bands_in_order(self) -> "ChurnConfig":
        if self.medium_risk_from >= self.high_risk_from:
            raise ValueError(
                f"medium_risk_from is {self.medium_risk_from}; it must be below high_risk_from, {self.high_risk_from}"
            )
        return self

    @property
    def horizon(self) -> timedelta:
        """The horizon as a duration."""
        return timedelta(days=self.horizon_days)

    def cut_offs(self, as_of: datetime) -> CutOffs:
        """The cut-offs of a run at `as_of`: judged one horizon ago, calibrated two ago, trained three and more ago."""
        latest = as_of - 3 * self.horizon
        spacing = timedelta(days=self.spacing_days)
        training = tuple(latest - n * spacing for n in reversed(range(self.training_cut_offs)))
        return CutOffs(training, as_of - 2 * self.horizon, as_of - self.horizon, as_of)
