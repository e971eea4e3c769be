"""Meta's custom audiences as they are documented, and what our batches become there."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from cdp_assets.destinations import base
from cdp_assets.destinations.base import Mode, Operation, PermanentError, TransientError
from cdp_assets.destinations.meta_ads import MetaAdsDestination
from cdp_assets.errors import ConfigurationError, DestinationError
from cdp_assets.sample.standins._faults import Fault
from cdp_assets.sample.standins._server import StandInServer
from cdp_assets.sample.standins.meta_ads import MetaAdsStandIn
from cdp_assets.settings import Settings
from cdp_assets_tests.contracts.destinations.batches import batch
from cdp_assets_tests.contracts.destinations.documented import Canned, batch_of, documented
from cdp_assets_tests.standins.destinations import in_a_thread

FIXTURES = documented("meta_ads")
TOKEN = "k3y-of-the-workspace"
AUDIENCE = "23850000000000001"
PATH = f"/v26.0/{AUDIENCE}/users"
NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


TWO = {
    "i-1": {"kind": "EMAIL", "EMAIL": digest("ann@example.com")},
    "i-2": {"kind": "EMAIL", "EMAIL": digest("bob@example.com")},
}


def meta(url: str, token: str = TOKEN, app_secret: str = "", **settings: Any) -> MetaAdsDestination:
    env = {
        "CDP_META_ADS_BASE_URL": url,
        "CDP_META_ADS_AUDIENCE_ID": AUDIENCE,
        "CDP_META_ADS_TOKEN": token,
        "CDP_META_ADS_APP_SECRET": app_secret,
    }
    found = {"timeout_seconds": 1.0} | settings
    return MetaAdsDestination.from_settings(found, Settings.from_env({}), env, lambda: NOW)


def emails(count: int) -> dict[str, dict[str, str]]:
    return {f"i-{n}": {"kind": "EMAIL", "EMAIL": digest(f"p{n}@example.com")} for n in range(count)}


@pytest.fixture
def standin() -> MetaAdsStandIn:
    return MetaAdsStandIn(TOKEN)


@pytest.fixture
def server(standin: MetaAdsStandIn) -> Iterator[StandInServer]:
    with in_a_thread(standin) as found:
        yield found


@pytest.fixture
def destination(server: StandInServer) -> Iterator[MetaAdsDestination]:
    made = meta(server.url)
    yield made
    made.close()


def form(content: bytes) -> dict[str, str]:
    return dict(parse_qsl(content.decode(), strict_parsing=True))


@pytest.mark.parametrize("name", [name for name, fixture in FIXTURES.items() if "request" in fixture])
def test_the_stand_in_answers_as_documented(server: StandInServer, standin: MetaAdsStandIn, name: str):
    fixture = FIXTURES[name]
    for key, values in fixture.get("before", {}).items():
        standin.members.put(key, values)
    if "fault" in fixture:
        server.control.faults.add(Fault(**fixture["fault"]))
    standin.restricted, standin.app_secret = fixture.get("restricted", False), fixture.get("app_secret")
    asked = fixture["request"]
    sent = {part: json.dumps(asked[part]) for part in ("payload", "session")}
    sent |= {"access_token": fixture.get("token", TOKEN), "appsecret_proof": fixture.get("proof", "")}
    url = f"{server.url}{PATH}"
    answer = httpx.request(asked["method"], url, data={name: value for name, value in sent.items() if value})
    body = answer.json()
    if "error" in body:
        body["error"].pop("fbtrace_id")
    assert (answer.status_code, body) == (fixture["response"]["status"], fixture["response"]["body"])
    assert standin.members.held == fixture["held"]


@pytest.mark.parametrize("name", [name for name, fixture in FIXTURES.items() if not fixture.get("only_stand_in")])
def test_the_client_reads_the_documented_answer(name: str):
    fixture = FIXTURES[name]
    token = fixture.get("token") or TOKEN
    with in_a_thread(Canned(fixture["response"])) as server:
        client = meta(server.url, token, fixture.get("app_secret", ""))
        if "raises" in fixture:
            error = {"DestinationError": DestinationError}.get(fixture["raises"]) or getattr(base, fixture["raises"])
            with pytest.raises(error, match=fixture.get("reason")) as caught:
                client.send(batch_of(fixture, TWO))
            assert getattr(caught.value, "retry_after", None) == fixture.get("wait")
            assert token not in str(caught.value)
        else:
            results = client.send(batch_of(fixture, TWO))
            assert {result.key: result.accepted for result in results} == fixture["results"]
        client.close()


@pytest.mark.parametrize("name", [name for name, fixture in FIXTURES.items() if "batch" in fixture])
def test_the_client_asks_as_documented(name: str):
    fixture = FIXTURES[name]
    canned = Canned(fixture["response"])
    with in_a_thread(canned) as server:
        client = meta(server.url, app_secret="s3cret", **fixture.get("settings", {}))
        sent = batch_of(fixture, {})
        client.send(sent)
        (shown,) = client.payload(sent)
        client.close()
    (request,) = canned.asked
    asked, documented_request = form(request.body), fixture["request"]
    assert (request.method, request.path, request.query) == (documented_request["method"], PATH, {})
    assert "authorization" not in request.headers
    assert asked.pop("access_token") == TOKEN
    assert asked.pop("appsecret_proof") == hmac.new(b"s3cret", TOKEN.encode(), "sha256").hexdigest()
    session, wanted = json.loads(asked.pop("session")), documented_request["session"]
    assert 0 <= session.pop("session_id") < 2**63
    assert session == {part: value for part, value in wanted.items() if part != "session_id"}
    assert json.loads(asked.pop("payload")) == documented_request["payload"]
    assert asked == {}
    assert shown == {"method": documented_request["method"], "payload": documented_request["payload"]}


def test_limited_data_use_is_asked_for_no_removal(server: StandInServer):
    client = meta(server.url, limited_data_use=True)
    (shown,) = client.payload(batch(TWO, Operation.REMOVE))
    client.close()
    assert shown["payload"]["schema"] == ["EMAIL"]


def test_each_request_is_a_session_of_its_own():
    canned = Canned(FIXTURES["add_users"]["response"])
    with in_a_thread(canned) as server:
        client = meta(server.url)
        client.send(batch(TWO))
        client.send(batch(TWO))
        client.close()
    sessions = {json.loads(form(request.body)["session"])["session_id"] for request in canned.asked}
    assert len(sessions) == 2


@pytest.mark.parametrize("operation", list(Operation))
def test_each_kind_is_a_request_of_its_own(
    destination: MetaAdsDestination, server: StandInServer, standin: MetaAdsStandIn, operation: Operation
):
    fields = {
        "email": "ann@example.com",
        "phone": "+1 650 555 1212",
        "external_id": "C-42",
        "mobile_ad_id": "aece52e7-03ee-455a-b3c4-e57283966239",
        "first_name": "Ann",
        "last_name": "Lee",
        "postal_code": "75018",
    }
    found = destination.identifiers(fields)
    rows = {str(n): {"kind": one.kind, **one.values} for n, one in enumerate(found)}
    assert all(result.accepted for result in destination.send(batch(rows, operation)))
    assert len(server.control.log) == len(rows) == 5
    kinds = ["EMAIL", "EXTERN_ID", "MADID", "PERSON", "PHONE"]
    held = [] if operation is Operation.REMOVE else kinds
    assert sorted(member["kind"] for member in standin.members.held.values()) == held
    destination.send(batch(rows, Operation.REMOVE))
    assert standin.members.held == {}


def test_a_row_that_is_no_identifier_is_refused_and_the_others_are_sent(
    destination: MetaAdsDestination, standin: MetaAdsStandIn
):
    odd = {"odd": {"kind": "FAX", "FAX": "1"}, "none": {}}
    results = destination.send(batch(TWO | odd))
    assert {result.key for result in results if not result.accepted} == set(odd)
    assert set(standin.members.held) == {row["EMAIL"] for row in TWO.values()}


@pytest.mark.parametrize("operation", [Operation.ADD, Operation.REMOVE])
@pytest.mark.parametrize("bad", [(0,), (499,), (250, 251), tuple(range(0, 500, 71)), tuple(range(490, 500))])
def test_invalid_entries_are_found_though_samples_do_not_name_them_all(
    destination: MetaAdsDestination,
    server: StandInServer,
    standin: MetaAdsStandIn,
    bad: Sequence[int],
    operation: Operation,
):
    rows = emails(500)
    standin.members.refused = {rows[f"i-{n}"]["EMAIL"]: "disallowed" for n in bad}
    results = destination.send(batch(rows, operation))
    assert {result.key for result in results if not result.accepted} == {f"i-{n}" for n in bad}
    assert len(results) == 500
    assert len(server.control.log) <= (1 if len(bad) <= 5 else 51)
    if operation is Operation.ADD:
        assert len(standin.members.held) == 500 - len(bad)


def unnamed(invalid: int, received: int = 1, samples: object = None) -> dict[str, Any]:
    counts = {"num_received": received, "num_invalid_entries": invalid, "invalid_entry_samples": samples or {}}
    return {"status": 200, "body": counts}


class Counting(Canned):
    """Counts the entries of `bad` and names none."""

    def __init__(self, bad: Sequence[str]) -> None:
        super().__init__({"status": 200})
        self.bad = set(bad)

    def answer(self, request: Any) -> Any:
        data = json.loads(form(request.body)["payload"])["data"]
        self.response = unnamed(sum(entry[0] in self.bad for entry in data), len(data))
        return super().answer(request)


@pytest.mark.parametrize("kind", ["EMAIL", "EXTERN_ID"])
@pytest.mark.parametrize("bad", [(0,), (499,), (0, 250, 499), (7, 8)])
def test_invalid_entries_are_found_without_any_sample(bad: Sequence[int], kind: str):
    rows = {f"i-{n}": {"kind": kind, kind: f"{n}"} for n in range(500)}
    counting = Counting([str(n) for n in bad])
    with in_a_thread(counting) as server:
        client = meta(server.url)
        results = client.send(batch(rows))
        client.close()
    assert {result.key for result in results if not result.accepted} == {f"i-{n}" for n in bad}
    assert len(counting.asked) <= 1 + 9 * len(bad)


def test_too_many_invalid_entries_are_left_to_the_engine_which_halves_the_batch():
    counting = Counting([str(n) for n in range(0, 500, 5)])
    rows = {f"i-{n}": {"kind": "EXTERN_ID", "EXTERN_ID": f"{n}"} for n in range(500)}
    with in_a_thread(counting) as server:
        client = meta(server.url)
        with pytest.raises(PermanentError, match="does not say which"):
            client.send(batch(rows))
        client.close()
    assert len(counting.asked) == 51


@pytest.mark.parametrize(
    "samples",
    [
        {"0": "EXTERN_ID 1 is malformed"},
        ["1"],
        {"1": "1"},
        {digest("nobody"): "not sent"},
        "text",
        {"a": None},
    ],
)
def test_a_sample_that_names_no_row_for_certain_names_none(samples: object):
    rows = {f"i-{n}": {"kind": "EXTERN_ID", "EXTERN_ID": f"{n}"} for n in range(2)}
    with in_a_thread(Canned(unnamed(1, 2, samples))) as server:
        client = meta(server.url)
        # The first half has one invalid of one, and by what is left over the other has none.
        results = client.send(batch(rows))
        client.close()
    assert [result.accepted for result in results] == [False, True]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"status": 200, "body": None}, DestinationError),
        ({"status": 200, "body": ["fine"]}, DestinationError),
        ({"status": 200, "body": {"success": True}}, DestinationError),
        ({"status": 200, "body": b"<html>Service Unavailable</html>"}, TransientError),
        ({"status": 200, "body": b"<html>"}, DestinationError),
        (unnamed(3, 2), PermanentError),
        (unnamed(-1, 2), PermanentError),
        (unnamed(0, 1), PermanentError),
        ({"status": 400, "body": b"<html>"}, PermanentError),
        ({"status": 400, "body": {"error": {"code": [], "message": {}}}}, PermanentError),
        ({"status": 400, "body": {"error": "no"}}, PermanentError),
        ({"status": 413, "body": None}, PermanentError),
        ({"status": 500, "body": {"error": {"code": 99, "message": "?"}}}, TransientError),
        ({"status": 403, "body": {}}, DestinationError),
        ({"status": 404, "body": {}}, DestinationError),
        ({"status": 302, "headers": {"Location": "http://127.0.0.1:9/"}}, DestinationError),
        ({"status": 400, "body": {"error": {"code": 190, "message": f"bad {TOKEN}"}}}, DestinationError),
        ({"status": 200, "body": {"error": {"code": 4, "message": "limit"}}}, TransientError),
        ({"status": 400, "body": {"error": {"code": 2650, "message": "not a list"}}}, DestinationError),
        ({"status": 400, "body": {"error": {"code": 2635, "message": "deprecated"}}}, DestinationError),
    ],
)
def test_an_answer_that_says_nothing_usable_stops_or_is_narrowed_down(answer: dict[str, Any], error: type[Exception]):
    with in_a_thread(Canned(answer)) as server:
        client = meta(server.url)
        with pytest.raises(error) as caught:
            client.send(batch(TWO))
        client.close()
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("code", [1, 2, 100, 190, 200, 368, 2650])
def test_no_error_quotes_what_was_sent(code: int):
    sent = TWO["i-1"]["EMAIL"]
    error = {"error": {"code": code, "message": f"cannot read {sent} of ann@example.com with {TOKEN}"}}
    with in_a_thread(Canned({"status": 400, "body": error})) as server:
        client = meta(server.url)
        with pytest.raises((TransientError, PermanentError, DestinationError)) as caught:
            client.send(batch(TWO))
        client.close()
    assert "cannot read <hash> of <e-mail> with <access_token>" in str(caught.value)


@pytest.mark.parametrize(
    "header", ["", "{", "[]", '{"1": {}}', '{"1": [7]}', '{"1": [{"estimated_time_to_regain_access": "4"}]}']
)
def test_a_usage_that_cannot_be_read_names_no_wait(header: str):
    error = {"error": {"code": 80003, "message": "too many"}}
    answer = {"status": 400, "body": error, "headers": {"X-Business-Use-Case-Usage": header}}
    with in_a_thread(Canned(answer)) as server:
        client = meta(server.url)
        with pytest.raises(TransientError) as caught:
            client.send(batch(TWO))
        client.close()
    assert caught.value.retry_after is None


def test_a_batch_sent_from_several_threads_arrives_whole(server: StandInServer, standin: MetaAdsStandIn):
    client = meta(server.url, timeout_seconds=10)
    rows = emails(400)
    batches = [batch(dict(list(rows.items())[start : start + 50]), name=str(start)) for start in range(0, 400, 50)]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(client.send, batches))
    client.close()
    assert all(result.accepted for some in results for result in some)
    assert len(standin.members.held) == 400


def test_each_request_takes_a_turn_of_the_rate_limit(server: StandInServer):
    client = meta(server.url, rate_requests=1, rate_seconds=0.2)
    client.send(batch(TWO))
    started = datetime.now(UTC)
    client.send(batch(TWO))
    client.close()
    assert (datetime.now(UTC) - started).total_seconds() >= 0.1


@pytest.mark.parametrize(
    ("fields", "kinds"),
    [
        ({"email": "ann@example.com", "phone": "+33612345678"}, ["EMAIL", "PHONE"]),
        ({"email": "", "phone": None, "external_id": " "}, []),
        ({"email": "nobody", "phone": "12"}, []),
        ({"first_name": "Ann", "last_name": "Lee", "city": "Paris", "country": "fr"}, []),
        ({"first_name": "Ann", "last_name": "Lee", "postal_code": "75018"}, ["PERSON"]),
        ({"first_name": "Ann", "last_name": "Lee", "date_of_birth": "1990-01-02"}, ["PERSON"]),
        ({"first_name": "Ann", "last_name": None, "postal_code": "75018"}, []),
        ({"first_name": digest("ann"), "last_name": digest("lee"), "postal_code": digest("75018")}, ["PERSON"]),
        ({}, []),
    ],
)
def test_a_row_has_an_identifier_for_each_way_to_find_the_person(
    destination: MetaAdsDestination, fields: Mapping[str, Any], kinds: list[str]
):
    assert [one.kind for one in destination.identifiers(fields)] == kinds


def test_a_person_is_the_names_with_all_else_there_is(destination: MetaAdsDestination):
    fields = {
        "first_name": "Ann",
        "last_name": "O'Lee",
        "postal_code": "94035-1234",
        "city": "Mountain View",
        "state": "California",
        "country": "US",
        "date_of_birth": "1990-01-02",
        "gender": "female",
    }
    plain = ("ann", "olee", "94035", "mountainview", "ca", "us", "1990", "01", "02", "f")
    (person,) = destination.identifiers(fields)
    assert list(person.values.values()) == [digest(text) for text in plain]


def test_the_default_country_is_that_of_rows_without_one(server: StandInServer):
    client = meta(server.url, default_country="FR")
    values = [
        client.identifiers({"phone": "06 12 34 56 78", "country": country}) for country in (None, "", "fr", "us", "?")
    ]
    client.close()
    here = {"PHONE": digest("33612345678")}
    assert [[dict(one.values) for one in some] for some in values] == [[here], [here], [here], [], []]


HOSTILE = ["\x00", "\ud800", "x" * 1_000_000, "é\u0301", 7, 1.5, b"x", True, NOW, [], {}, None]


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:12])
def test_whatever_a_field_holds_it_makes_identifiers_that_meta_accepts(destination: MetaAdsDestination, value: object):
    names = ("email", "phone", "external_id", "mobile_ad_id", "first_name", "last_name", "postal_code", "date_of_birth")
    for fields in (dict.fromkeys(names, value), dict.fromkeys(names, "7") | {"email": value}):
        found = destination.identifiers(fields)
        rows = {str(n): {"kind": one.kind, **one.values} for n, one in enumerate(found)}
        assert all(result.accepted for result in destination.send(batch(rows)))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            ["email", "mail"],
            "there is no field 'mail'; the fields are: email, phone, mobile_ad_id, external_id, first_name",
        ),
        (["first_name", "last_name"], "first_name, last_name makes no identifier; map one of email, phone"),
        (["first_name", "postal_code"], "makes no identifier"),
        ([], "no field makes no identifier"),
    ],
)
def test_a_mapping_that_finds_nobody_is_refused(destination: MetaAdsDestination, fields: list[str], message: str):
    with pytest.raises(ConfigurationError, match=message):
        destination.check_mapping(fields)


@pytest.mark.parametrize("fields", [["email"], ["external_id", "city"], ["first_name", "last_name", "date_of_birth"]])
def test_a_mapping_that_finds_people_is_taken(destination: MetaAdsDestination, fields: list[str]):
    destination.check_mapping(fields)


@pytest.mark.parametrize(
    ("url", "settings", "target"),
    [
        ("https://graph.facebook.com", {}, f"meta_ads https://graph.facebook.com/{AUDIENCE}"),
        ("https://graph.facebook.com", {"api_version": "v27.0"}, f"meta_ads https://graph.facebook.com/{AUDIENCE}"),
        ("https://graph.facebook.com", {"audience_id": "7"}, "meta_ads https://graph.facebook.com/7"),
        ("http://u:p@127.0.0.1:81/x/", {}, f"meta_ads http://127.0.0.1/x/{AUDIENCE}"),
    ],
)
def test_the_target_is_the_audience_and_no_version_of_the_api(url: str, settings: dict[str, str], target: str):
    client = meta(url, **settings)
    assert client.target == target
    client.close()


def test_there_is_no_mode_update_since_there_is_nothing_to_update(destination: MetaAdsDestination):
    assert destination.limits.modes == frozenset(Mode) - {Mode.UPDATE}


@pytest.mark.parametrize(
    ("values", "env", "message"),
    [
        ({}, {}, "audience_id is ''; set it, or CDP_META_ADS_AUDIENCE_ID, to the number of a custom audience"),
        ({}, {"CDP_META_ADS_AUDIENCE_ID": "../me"}, "audience_id is '../me'"),
        ({"audience_id": "me"}, {}, "audience_id is 'me'; string should match pattern"),
        ({"audience_id": "1"}, {}, "CDP_META_ADS_TOKEN is not set; it must hold the access token"),
        ({"audience_id": "1", "token_variable": "OTHER"}, {"CDP_META_ADS_TOKEN": "t"}, "OTHER is not set"),
        ({"audience_id": "1", "base_url": "graph"}, {"CDP_META_ADS_TOKEN": "t"}, "base_url is 'graph"),
        ({"api_version": "26"}, {}, "api_version is '26'"),
        ({"default_country": "fr"}, {}, "default_country is 'fr'"),
        ({"default_country": "ZZ"}, {}, "default_country is 'ZZ'; it must be the two letters of a country"),
        ({"batch_size": 10001}, {}, "batch_size is 10001; input should be less than or equal to 10000"),
    ],
)
def test_a_wrong_setting_is_named(values: dict[str, Any], env: dict[str, str], message: str):
    with pytest.raises(ConfigurationError, match=message):
        MetaAdsDestination.from_settings(values, Settings.from_env({}), env)
