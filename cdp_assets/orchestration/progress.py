"""Says how a run goes: a line a stage, with what it made and how long it took."""

from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import dagster as dg
from rich.console import Console

from cdp_assets.orchestration.execute import Execution
from cdp_assets.orchestration.staleness import WAITS_FOR
from cdp_assets.stages import Stage


class Progress:
    """Prints to the terminal while everything else a run prints goes to its log."""

    def __init__(self, stream: TextIO, log: Path) -> None:
        self._console = Console(file=stream, highlight=False, soft_wrap=True)
        self._log = log
        self._left: dict[str, int] = {}
        self._busy = self._console.status("")

    def say(self, text: str) -> None:
        """One line."""
        self._console.print(text, markup=False)

    def begin(self, keys: Sequence[dg.AssetKey]) -> None:
        """A run of these assets begins."""
        self._left = {stage: count for stage in Stage if (count := sum(key.path[0] == stage for key in keys))}
        stages = ", ".join(f"{stage} ({count})" for stage, count in self._left.items())
        self.say(f"running {len(keys)} assets: {stages}")

    def started(self, step: str) -> None:
        """A step begins; a terminal shows it moving until the run is over."""
        if self._console.is_terminal:
            self._busy.update(step.replace("__", " "))
            self._busy.start()

    def made(self, table: str, seconds: float) -> None:
        """A table is made; the last one of its stage prints the stage's line."""
        stage = table.split(".", maxsplit=1)[0]
        self._left[stage] -= 1
        if self._left[stage] == 0:
            self.say(f"  {stage:<11} done after {seconds:5.1f} s")

    def end(self, execution: Execution) -> None:
        """The run is over."""
        self._busy.stop()
        for line in execution.failures:
            self.say(f"  FAILED {line}")
        self.say(f"  {len(execution.made)} tables in {execution.seconds:.1f} s")

    def finish(self, made: Sequence[str], failures: Sequence[str], blocked: dict[str, str]) -> None:
        """Everything is over."""
        causes = {table: why for table, why in blocked.items() if not why.startswith(WAITS_FOR)}
        for table, why in causes.items():
            self.say(f"  waits  {table}: {why}")
        if len(blocked) > len(causes):
            self.say(f"  waits  {len(blocked) - len(causes)} more tables, for those")
        if failures:
            self.say(f"details: {self._log}")
        elif not made and not blocked:
            self.say("nothing is new; no stage was run.")
