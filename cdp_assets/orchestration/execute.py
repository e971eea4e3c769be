"""Runs assets in this process, one Dagster run at a time, and says how it goes."""

import os
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TextIO
from uuid import uuid4

import dagster as dg

from cdp_assets.components.process import process_tags
from cdp_assets.orchestration.staleness import table_name

_OUR_CLASS = re.compile(r"^(dagster\._core\.definitions\.events\.Failure|cdp_assets\.errors\.\w+): ")
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass
class Execution:
    """What one Dagster run did: tables made in order, and one line a failure."""

    run_id: str
    seconds: float
    made: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


class Listener(Protocol):
    """Hears how a run goes, as it goes; `seconds` are those since the run began."""

    def started(self, step: str) -> None:
        """A step begins."""

    def made(self, table: str, seconds: float) -> None:
        """A table is made."""


def execute(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    keys: Sequence[dg.AssetKey],
    run_config: dict[str, Any] | None,
    listener: Listener,
    tags: Mapping[str, str],
) -> Execution:
    """Materialise the assets in one run that carries the tags; a failing step does not stop the steps that do not need
    it."""
    execution = Execution(str(uuid4()), 0.0)
    began = time.monotonic()

    def listen(entry: dg.EventLogEntry) -> None:
        event = entry.dagster_event
        if event is None:
            return
        if event.event_type is dg.DagsterEventType.ASSET_MATERIALIZATION and event.asset_key is not None:
            execution.made.append(table_name(event.asset_key))
            listener.made(execution.made[-1], time.monotonic() - began)
        elif event.event_type is dg.DagsterEventType.STEP_START and event.step_key is not None:
            listener.started(event.step_key)
        elif event.event_type is dg.DagsterEventType.STEP_FAILURE:
            execution.failures += _failure(event)
        elif event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            execution.failures += _failed_check(event)

    instance.add_event_listener(execution.run_id, listen)
    defs.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance,
        asset_selection=list(keys),
        run_config={**QUIET, **(run_config or {})},
        run_id=execution.run_id,
        tags={**process_tags(), **tags},
        raise_on_error=False,
    )
    execution.seconds = time.monotonic() - began
    return execution


def _failure(event: dg.DagsterEvent) -> list[str]:
    """The innermost cause: what the stage said, without the layers it passed through.

    A blocking check that failed has said so itself.
    """
    error = event.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    if error is not None and error.cls_name == "DagsterAssetCheckFailedError":
        return []
    said = _OUR_CLASS.sub("", error.message) if error is not None else "no reason given"
    return [f"{str(event.step_key).replace('__', '.', 1)}: {' '.join(said.split())}"]


def _failed_check(event: dg.DagsterEvent) -> list[str]:
    evaluation = event.asset_check_evaluation_data
    if evaluation.passed or evaluation.severity is not dg.AssetCheckSeverity.ERROR:
        return []
    facts = ", ".join(f"{name} {value.value}" for name, value in evaluation.metadata.items() if "/" not in name)
    return [f"{table_name(evaluation.asset_key)}: the check {evaluation.check_name} failed ({facts})."]


@contextmanager
def output_to(path: Path) -> Iterator[TextIO]:
    """Send what this process and its children print to a file; yields a stream to the real standard output."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    with path.open("ab") as log, os.fdopen(os.dup(1), "w", buffering=1) as console:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        try:
            yield console
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(saved[0], 1)
            os.dup2(saved[1], 2)
            os.close(saved[0])
            os.close(saved[1])
