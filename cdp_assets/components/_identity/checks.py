"""What the customers of every run are looked at for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import dagster as dg

from cdp_assets.components.table_asset import asset_key
from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.contracts import CUSTOMER_IDS
from cdp_assets.identity.pipeline.measures import (
    Part,
    changed_customers,
    largest_customer,
    measured_labels,
    mixed_customers,
    quarantined_records,
    unassigned_records,
)
from cdp_assets.warehouses.base import Warehouse

FEWEST_CUSTOMERS = 100
"""Of fewer customers before a run, how many it changed says nothing."""
_CONFIRM = "look at identity.id_history; if it is meant, `cdp run` again goes on with it"
_KEY = asset_key(CUSTOMER_IDS.table)


@dataclass(frozen=True)
class Made:
    """The customers that a run made."""

    warehouse: Warehouse
    config: IdentityConfig
    run_id: str


@dataclass(frozen=True)
class Judgement:
    """Whether a check passed, and what it saw."""

    passed: bool
    seen: dict[str, Any]

    @classmethod
    def of_share(cls, found: Part, allowed: float) -> "Judgement":
        """Passed when the share is not above the allowed one."""
        seen = {"found": found.part, "of": found.whole, "share": round(found.share, 6), "allowed_share": allowed}
        return cls(found.share <= allowed, seen)


@dataclass(frozen=True)
class Check:
    """A check of `identity.customer_ids`."""

    name: str
    judge: Callable[[Made], Judgement]
    description: str
    blocking: bool = False


def check_specs(config: IdentityConfig) -> list[dg.AssetCheckSpec]:
    """What is checked, for the graph."""
    return [
        dg.AssetCheckSpec(one.name, asset=_KEY, blocking=one.blocking, description=one.description)
        for one in _checks(config)
    ]


def checked(made: Made) -> list[dg.AssetCheckResult]:
    """What was found: an error where a check blocks, else a warning."""
    return [_result(one, one.judge(made)) for one in _checks(made.config)]


def _result(check: Check, found: Judgement) -> dg.AssetCheckResult:
    severity = dg.AssetCheckSeverity.ERROR if check.blocking else dg.AssetCheckSeverity.WARN
    return dg.AssetCheckResult(
        asset_key=_KEY, check_name=check.name, passed=found.passed, severity=severity, metadata=found.seen
    )


def _checks(config: IdentityConfig) -> list[Check]:
    limit, allowed, names = config.limits.records, config.checks, config.checks.most_first_names
    texts: dict[Callable[[Made], Judgement], str] = {
        _every_record_once: "Every live source record has exactly one customer id.",
        _largest_cluster: f"No customer has more than {limit} records that look different.",
        _few_ids_change: f"A run merges or splits at most {allowed.changed_customers:.0%} of the customers there were.",
        _few_customers_are_mixed: f"At most {allowed.mixed_customers:.1%} of customers have more than {names} given"
        " names that cannot be one person's.",
        _few_records_are_quarantined: f"At most {allowed.quarantined_records:.1%} of records are set apart as singles.",
        _labels_agree: f"On labelled pairs, precision is at least {allowed.precision:g} and recall {allowed.recall:g}.",
    }
    blocking = {_every_record_once, _largest_cluster, _few_ids_change}
    return [Check(judge.__name__.strip("_"), judge, text, judge in blocking) for judge, text in texts.items()]


def _every_record_once(made: Made) -> Judgement:
    wrong = unassigned_records(made.warehouse)
    return Judgement(wrong.part == 0, {"records": wrong.whole, "wrong": wrong.part})


def _largest_cluster(made: Made) -> Judgement:
    limit = made.config.limits.records
    largest = largest_customer(made.warehouse, limit)
    return Judgement(largest <= limit, {"largest": largest, "allowed": limit})


def _few_ids_change(made: Made) -> Judgement:
    """Blocks for one run: what is downstream, deliveries among it, waits until somebody has looked and runs again."""
    changed = changed_customers(made.warehouse, made.run_id)
    found = Judgement.of_share(changed, made.config.checks.changed_customers)
    return Judgement(found.passed or changed.whole < FEWEST_CUSTOMERS, found.seen | {"fix": _CONFIRM})


def _few_customers_are_mixed(made: Made) -> Judgement:
    allowed = made.config.checks
    mixed = mixed_customers(made.warehouse, allowed.most_first_names, made.config.vetoes.similar_name)
    return Judgement.of_share(mixed, allowed.mixed_customers)


def _few_records_are_quarantined(made: Made) -> Judgement:
    return Judgement.of_share(quarantined_records(made.warehouse), made.config.checks.quarantined_records)


def _labels_agree(made: Made) -> Judgement:
    found, least = measured_labels(made.warehouse), made.config.checks
    shares = {"precision": found.precision, "recall": found.recall}
    known = {name: share for name, share in shares.items() if share is not None}
    passed = all(share >= getattr(least, name) for name, share in known.items())
    counts = {"matches": found.true_positives + found.false_negatives, "unknown": found.unknown}
    return Judgement(passed, {name: round(share, 4) for name, share in known.items()} | counts)
