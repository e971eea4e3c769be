"""A request that Google took, as it is kept as the name of a batch's job."""

import json
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Started:
    """Its id, which is none when there was nothing to send, and by place the rows that were refused and left out."""

    request_id: str
    refused: dict[int, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The id alone, or with the rows left out: a run that only asks for the state must not take them for sent."""
        return json.dumps([self.request_id, self.refused]) if self.refused else self.request_id

    @classmethod
    def of(cls, name: str) -> "Started":
        """What was kept under a name."""
        if not name.startswith("["):
            return cls(name)
        request_id, refused = json.loads(name)
        return cls(request_id, {int(place): reason for place, reason in refused.items()})
