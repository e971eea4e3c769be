"""The stages of the platform, in the order data flows through them."""

from enum import StrEnum


class Stage(StrEnum):
    """A stage is an asset group, the first part of an asset key, and a schema in the warehouse."""

    RAW = "raw"
    STAGING = "staging"
    LOOKUP = "lookup"
    IDENTITY = "identity"
    MASTER = "master"
    CHURN = "churn"
    AUDIENCES = "audiences"
    ACTIVATION = "activation"

    @property
    def position(self) -> int:
        """Place in the flow, from 0 for raw."""
        return list(Stage).index(self)
