"""What tests and people ask a stand-in itself, under `/_standin/`: what it holds, what came in, how to fail next."""

from dataclasses import asdict, dataclass, field
from threading import Lock
from typing import Any

from pydantic import Field, ValidationError

from cdp_assets.sample.standins._faults import Fault, FaultSwitch
from cdp_assets.sample.standins.base import Answer, Request, StandIn
from cdp_assets.strict import Strict
from cdp_assets.validation import problems

PREFIX = "/_standin/"


@dataclass(frozen=True)
class Logged:
    """One request as it is remembered: no value, no key, no header."""

    method: str
    path: str
    rows: int
    status: int | None
    fault: str | None


class Rows(Strict):
    """Keys refused alone, each with a reason, and keys that have their whole request refused."""

    refused: dict[str, str] = Field(default_factory=dict)
    poison: set[str] = Field(default_factory=set)


@dataclass
class Control:
    """The inside of a stand-in's server."""

    standin: StandIn
    faults: FaultSwitch = field(default_factory=FaultSwitch)
    log: list[Logged] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def answer(self, request: Request) -> Answer:
        """The answer to a request under the prefix; 404 lists what can be asked, 400 says what is wrong."""
        asked = {
            ("GET", "members"): self._members,
            ("GET", "requests"): self._requests,
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): self._clear_faults,
            ("POST", "rows"): self._set_rows,
            ("POST", "reset"): self._reset,
        }
        found = asked.get((request.method, request.path.removeprefix(PREFIX)))
        if found is None:
            return Answer(404, {"there_is": [f"{method} {PREFIX}{name}" for method, name in asked]})
        try:
            return Answer(200, found(request))
        except ValidationError as error:
            return Answer(400, {"wrong": problems(error)})
        except ValueError:
            return Answer(400, {"wrong": "the body is not JSON"})

    def _members(self, request: Request) -> Any:  # noqa: ANN401, ARG002
        return {"held": self.standin.members.held, "writes": self.standin.members.writes}

    def _requests(self, request: Request) -> Any:  # noqa: ANN401, ARG002
        return [asdict(one) for one in self.log]

    def _add_fault(self, request: Request) -> Any:  # noqa: ANN401
        self.faults.add(Fault.model_validate(request.json()))
        return {}

    def _clear_faults(self, request: Request) -> Any:  # noqa: ANN401, ARG002
        self.faults.clear()
        return {}

    def _set_rows(self, request: Request) -> Any:  # noqa: ANN401
        rows = Rows.model_validate(request.json())
        self.standin.members.refused, self.standin.members.poison = rows.refused, rows.poison
        return {}

    def _reset(self, request: Request) -> Any:  # noqa: ANN401, ARG002
        self.faults.clear()
        self.log.clear()
        self.standin.reset()
        return {}
