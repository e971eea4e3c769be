"""Google customer match: identifiers into an audience of Google Ads and out of it, by the Data Manager API.

Google takes a request, gives it an id, and processes it for half an hour and up to a day; the id is kept as the batch's
job at once, so that a run, or the one after a kill, goes on asking what became of it instead of sending it again. An
identifier added or removed twice is so once: a request whose answer was lost is sent again.

Google's own client is not used: it logs what it sends, refreshes a refused token twice, and its session is not made to
be shared by threads.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from cdp_assets.destinations._google_ads import answers, members
from cdp_assets.destinations._google_ads.credentials import Credentials
from cdp_assets.destinations._google_ads.settings import GoogleAdsSettings
from cdp_assets.destinations._google_ads.started import Started
from cdp_assets.destinations._http import address, answered, client, place
from cdp_assets.destinations._payload import line
from cdp_assets.destinations._rate import RateLimit
from cdp_assets.destinations._token import Token
from cdp_assets.destinations.base import (
    Batch,
    Identifier,
    IdentifierDestination,
    Job,
    Limits,
    Mode,
    Operation,
    PermanentError,
    Removal,
    Row,
    RowResult,
    TransientError,
)
from cdp_assets.errors import ConfigurationError, DestinationError
from cdp_assets.settings import Settings
from cdp_assets.validation import validated

BASE_URL = "CDP_GOOGLE_ADS_BASE_URL"
ACCOUNT_ID = "CDP_GOOGLE_ADS_ACCOUNT_ID"
AUDIENCE_ID = "CDP_GOOGLE_ADS_AUDIENCE_ID"
DEFAULT_URL = "https://datamanager.googleapis.com"
MOST_NAMED = 100
"""Rows left out of a request one by one; where more are wrong, halving finds them as fast and keeps nothing."""


class GoogleAdsDestination(IdentifierDestination):
    """Keeps one customer match list."""

    settings_model = GoogleAdsSettings

    def __init__(
        self,
        base: httpx.URL,
        credentials: Credentials,
        settings: GoogleAdsSettings,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.limits = Limits(
            settings.batch_size,
            modes=frozenset(Mode) - {Mode.UPDATE},
            removals=frozenset({Removal.DELETE, Removal.NOTHING}),
            concurrency=settings.concurrency,
            lifetime=timedelta(days=settings.lifetime_days),
        )
        self._base, self._settings = base, settings
        self._where = f"Google customer match at {base.host}"
        self._limit = RateLimit(settings.rate_requests, settings.rate_seconds)
        self._client = client(
            timeout=settings.timeout_seconds,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=settings.concurrency),
        )
        self._token = Token(lambda: credentials.fetch(self._client))
        self._headers = {"Content-Type": "application/json"}
        if credentials.quota_project:
            self._headers["x-goog-user-project"] = credentials.quota_project
        self._now, self._clock, self._sleep = now, clock, sleep

    @property
    def target(self) -> str:
        return f"google_ads {place(self._base)} {self._settings.account_id} {self._settings.audience_id}"

    @classmethod
    def from_settings(
        cls,
        values: Mapping[str, Any],
        settings: Settings,  # noqa: ARG003 - needs nothing of the deployment's own
        env: Mapping[str, str],
    ) -> "GoogleAdsDestination":
        given = dict(values)
        for name, variable in (("account_id", ACCOUNT_ID), ("audience_id", AUDIENCE_ID)):
            if given.get(name) is None:
                given[name] = env.get(variable) or None
        found = validated(GoogleAdsSettings, given, "destination 'google_ads'")
        for name, variable in (("account_id", ACCOUNT_ID), ("audience_id", AUDIENCE_ID)):
            if getattr(found, name) is None:
                raise ConfigurationError(
                    f"destination 'google_ads': {name} is missing; set it, or {variable}, to the id in digits."
                )
        base = address(found.base_url or env.get(BASE_URL) or DEFAULT_URL, "v1", "google_ads", BASE_URL)
        return cls(base, Credentials.read(found.credentials_variable, env), found)

    def check_mapping(self, fields: Sequence[str]) -> None:
        members.check_fields(self._settings, fields)

    def identifiers(self, fields: Mapping[str, Any]) -> list[Identifier]:
        return members.identifiers(self._settings, fields)

    def payload(self, batch: Batch) -> object:
        return self._request(batch.operation, batch.rows)

    def send(self, batch: Batch) -> list[RowResult]:
        started = Started.of(batch.job.name) if batch.job.name else None
        if started is None or not self._processed(started, batch.job):
            started, said = self._start(batch)
            if started.request_id and self._settings.await_status:
                self._sleep(self._settings.poll_seconds)
                self._processed(started, batch.job, new=True)
        else:
            said = started.refused
        return [RowResult(row.key, place not in said, said.get(place, "")) for place, row in enumerate(batch.rows)]

    def close(self) -> None:
        self._client.close()

    def _start(self, batch: Batch) -> tuple[Started, dict[int, str]]:
        """Send the batch without the rows that Google names as wrong; what is kept of it, and what it said of those."""
        verb = "remove" if batch.operation is Operation.REMOVE else "ingest"
        reasons: dict[int, str] = {}
        said: dict[int, str] = {}
        while len(said) < len(batch.rows):
            places = [place for place in range(len(batch.rows)) if place not in said]
            content = line(self._request(batch.operation, [batch.rows[place] for place in places]))
            response = self._ask("POST", f"audienceMembers:{verb}", content=content)
            if response.status_code == httpx.codes.BAD_REQUEST:
                named = answers.refused_members(response, len(places))
                if named and len(said) + len(named) <= MOST_NAMED:
                    reasons |= {places[index]: reason for index, (reason, _) in named.items()}
                    said |= {places[index]: ": ".join(filter(None, found)) for index, found in named.items()}
                    continue
            body = answers.checked(response, self._where, self._now())
            request_id = body.get("requestId")
            if not isinstance(request_id, str) or not request_id:
                raise DestinationError(f"{self._where} answered without a request id; check base_url.")
            started = Started(request_id, reasons)
            batch.job.keep(started.name)
            return started, said
        return Started("", reasons), said

    def _processed(self, started: Started, job: Job, *, new: bool = False) -> bool:
        """Return once Google has processed a request; False if it does not know of it, and so must be sent it again.

        Raises:
            TransientError: it takes longer than one attempt waits; the next goes on with it.
            PermanentError: rows are at fault.
            DestinationError: nothing can succeed.
        """
        until = self._clock() + self._settings.longest_wait_seconds
        while True:
            body = self._status(started.request_id)
            found = "PROCESSING" if body is None else answers.state(body)
            if body is None and not new:
                return False
            if found == "SUCCESS" or (found not in answers.DONE and not self._settings.await_status):
                return True
            if body is not None and found in answers.DONE:
                job.keep("")  # the request is over: what comes next, if anything does, is another
                answers.raise_failure(body, self._where)
            if self._clock() + self._settings.poll_seconds > until:
                raise TransientError(
                    f"Google has taken the request and after {self._settings.longest_wait_seconds:.0f} s"
                    f" still says {found}"
                )
            self._sleep(self._settings.poll_seconds)

    def _status(self, request_id: str) -> Mapping[str, Any] | None:
        """The state of a request; None if Google knows of none with the id, or no longer."""
        response = self._ask("GET", "requestStatus:retrieve", params={"requestId": request_id})
        if response.is_client_error and answers.UNKNOWN_REQUEST & {*answers.reasons(response)}:
            return None
        try:
            return answers.checked(response, self._where, self._now())
        except PermanentError as error:
            raise DestinationError(f"{self._where} did not tell the state of a request: {error}.") from None

    def _ask(self, method: str, path: str, **what: Any) -> httpx.Response:  # noqa: ANN401 - as httpx takes it
        """One request; refused for its token, it is made once more with a new one."""

        def request(token: str) -> httpx.Response:
            self._limit.take()
            headers = {**self._headers, "Authorization": f"Bearer {token}"}
            return self._client.request(method, f"{self._base}/{path}", headers=headers, **what)

        return answered(lambda: self._token.answer(request))

    def _request(self, operation: Operation, rows: Sequence[Row]) -> Any:  # noqa: ANN401 - JSON
        settings = self._settings
        accounts = {"operatingAccount": settings.account_id, "loginAccount": settings.login_account_id}
        destination: dict[str, Any] = {
            name: {"accountType": "GOOGLE_ADS", "accountId": account} for name, account in accounts.items() if account
        }
        destination["productDestinationId"] = settings.audience_id
        return members.request(settings, destination, operation, rows)
