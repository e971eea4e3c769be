"""How a sync to Google is configured: whom it finds by what, which list, and whose credentials."""

import base64
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cdp_assets.activation.hashing import google
from cdp_assets.destinations.base import Identifier, Mode, Removal
from cdp_assets.destinations.google_ads import GoogleAdsDestination
from cdp_assets.errors import ConfigurationError, DestinationError
from cdp_assets.sample.standins.base import Answer
from cdp_assets.sample.standins.google_ads import GoogleAdsStandIn
from cdp_assets.settings import Settings
from cdp_assets_tests.contracts.destinations.batches import HOSTILE, batch
from cdp_assets_tests.contracts.destinations.scripted import Scripted
from cdp_assets_tests.contracts.destinations.test_google_ads import INGEST, STATE, TAKEN, google_ads
from cdp_assets_tests.standins.destinations import in_a_thread
from cdp_assets_tests.standins.google_account import service_account
from cdp_assets_tests.standins.vendors.base import SECRET, vendor

ENV = vendor("google_ads").variables("http://127.0.0.1:9", SECRET)
ANN = {"email": "Ann@example.com", "phone": "06 12 34 56 78", "first_name": "Mrs Ann", "last_name": "Lee Jr"}
ANN |= {"postal_code": "75001", "country": "fr"}
ADDRESS = {
    "given_name": google.given_name("ann"),
    "family_name": google.family_name("lee"),
    "region_code": "FR",
    "postal_code": "75001",
}
ONE = {"c1": {"kind": "email", "value": "a" * 64}}


def made(env: dict[str, str] | None = None, **values: Any) -> GoogleAdsDestination:
    values = {"terms_accepted": True, **values}
    return GoogleAdsDestination.from_settings(values, Settings.from_env({}), ENV if env is None else env)


def kinds(destination: GoogleAdsDestination, fields: dict[str, Any]) -> list[str]:
    return [identifier.kind for identifier in destination.identifiers(fields)]


def test_each_way_to_find_a_person_is_one_identifier():
    assert made().identifiers(ANN) == [
        Identifier("email", {"value": google.email("ann@example.com")}),
        Identifier("phone", {"value": google.phone("+33612345678", None)}),
        Identifier("address", ADDRESS),
    ]


@pytest.mark.parametrize("missing", ["first_name", "last_name", "postal_code", "country"])
def test_an_address_needs_all_its_parts(missing: str):
    assert kinds(made(), ANN | {missing: None, "phone": None}) == ["email"]


def test_the_default_country_is_that_of_values_without_one_and_of_no_others():
    destination = made(default_country="FR")
    assert destination.identifiers(ANN | {"country": None}) == made().identifiers(ANN)
    assert kinds(destination, ANN | {"country": "France"}) == ["email"]
    assert kinds(made(), ANN | {"country": ""}) == ["email"]


def test_lists_of_mobile_ids_and_of_user_ids_hold_those_alone():
    device = "38400000-8cf0-11bd-b23e-10b96e40000d"
    fields = ANN | {"mobile_ad_id": device, "user_id": "C-1"}
    assert made(upload_key_type="mobile_id").identifiers(fields) == [Identifier("mobile_id", {"value": device})]
    assert made(upload_key_type="user_id").identifiers(fields) == [Identifier("user_id", {"value": "C-1"})]


@pytest.mark.parametrize(
    "value", [None, "", "\x00", "x" * 1_000_000, "\ud800", 7, -1, 1.5, Decimal("NaN"), b"\xff", {}]
)
def test_hostile_values_are_no_identifiers_or_harmless_ones(value: object):
    for kind in ("contact_info", "mobile_id", "user_id"):
        found = made(upload_key_type=kind).identifiers(dict.fromkeys([*ANN, "mobile_ad_id", "user_id"], value))
        assert all(len(text) <= 64 for identifier in found for text in identifier.values.values())
    for fields in [*HOSTILE.values(), {"email": date(2026, 6, 30)}]:
        made().identifiers(fields)


@pytest.mark.parametrize(
    "fields",
    [
        ["email"],
        ["phone", "country"],
        ["first_name", "last_name", "postal_code", "country"],
        ["email", "phone", "first_name", "last_name", "postal_code", "country"],
    ],
)
def test_a_mapping_that_finds_somebody_is_accepted(fields: list[str]):
    made().check_mapping(fields)
    made(default_country="FR").check_mapping([field for field in fields if field != "country"])


@pytest.mark.parametrize(
    ("fields", "settings", "said"),
    [
        (["mail"], {}, r"names 'mail'; .*contact_info there is: email, phone, first_name, last_name, postal_code, cou"),
        (["email", "user_id"], {}, "names 'user_id'"),
        (["email"], {"upload_key_type": "user_id"}, "names 'email'; with upload_key_type user_id there is: user_id"),
        (["email", "last_name"], {}, "part of an address; it needs country, first_name, postal_code too"),
        (["email", "last_name"], {"default_country": "FR"}, "it needs first_name, postal_code too"),
        (["country"], {}, "finds nobody"),
    ],
)
def test_a_mapping_that_does_not_is_told_what_there_is(fields, settings, said):
    with pytest.raises(ConfigurationError, match=said):
        made(**settings).check_mapping(fields)


def test_what_it_can_take():
    limits = made(lifetime_days=30, concurrency=3, batch_size=9).limits
    assert (limits.batch_size, limits.concurrency) == (9, 3)
    assert limits.lifetime is not None
    assert limits.lifetime.days == 30
    assert limits.modes == frozenset(Mode) - {Mode.UPDATE}
    assert limits.removals == {Removal.DELETE, Removal.NOTHING}
    assert not limits.addressed_by_key


def test_each_list_is_a_target_of_its_own():
    targets = {made().target, made(account_id="5").target, made(audience_id="6").target}
    assert len(targets) == 3
    assert made(concurrency=3).target == made().target
    assert SECRET not in made().target


def test_ids_may_be_written_as_numbers_and_win_over_the_environment():
    (destination,) = made(account_id=5, audience_id="6").payload(batch(ONE))["destinations"]
    assert destination == {
        "operatingAccount": {"accountType": "GOOGLE_ADS", "accountId": "5"},
        "productDestinationId": "6",
    }


@pytest.mark.parametrize(
    ("values", "env", "said"),
    [
        ({}, {}, "account_id is missing; set it, or CDP_GOOGLE_ADS_ACCOUNT_ID"),
        ({"account_id": "1"}, {}, "audience_id is missing; set it, or CDP_GOOGLE_ADS_AUDIENCE_ID"),
        ({"account_id": "123-456-7890"}, {}, "account_id is '123-456-7890'"),
        ({"lifetime_days": 541}, ENV, "lifetime_days is 541"),
        ({"ad_user_data": "yes"}, ENV, "ad_user_data is 'yes'"),
        ({"default_country": "France"}, ENV, "default_country is 'France'"),
        ({"base_url": "ftp://x"}, ENV, "set it, or CDP_GOOGLE_ADS_BASE_URL, to an http"),
        ({"credentials_variable": "OTHER"}, ENV, "OTHER is not set; it must hold"),
        ({}, ENV | {"CDP_GOOGLE_ADS_CREDENTIALS": "/no/such/k3y.json"}, "CREDENTIALS names a file that cannot be read"),
        ({}, ENV | {"CDP_GOOGLE_ADS_CREDENTIALS": "{k3y"}, "CREDENTIALS holds no JSON"),
        ({}, ENV | {"CDP_GOOGLE_ADS_CREDENTIALS": '{"type": "k3y"}'}, "a type, one of: service_account, authorized"),
        (
            {},
            ENV | {"CDP_GOOGLE_ADS_CREDENTIALS": '{"type": "authorized_user", "client_id": "k3y"}'},
            "is a authorized_user without client_secret, refresh_token",
        ),
        (
            {},
            ENV
            | {"CDP_GOOGLE_ADS_CREDENTIALS": '{"type": "service_account", "client_email": "x", "private_key": "k3y"}'},
            "its private_key cannot be read",
        ),
    ],
)
def test_a_wrong_setting_is_named_and_no_secret_told(values, env, said):
    with pytest.raises(ConfigurationError, match=said) as caught:
        made(env, **values)
    assert "k3y" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_service_account_is_let_in_by_an_assertion_that_its_key_signed(tmp_path: Path):
    standin = GoogleAdsStandIn("1")  # the id of the account's key
    with in_a_thread(standin) as server, service_account(tmp_path) as path:
        content = json.loads(path.read_text()) | {"token_uri": f"{server.url}/token", "quota_project_id": "cdp-test"}
        path.write_text(json.dumps(content))
        env = ENV | {"CDP_GOOGLE_ADS_BASE_URL": server.url, "CDP_GOOGLE_ADS_CREDENTIALS": str(path)}
        destination = made(env, poll_seconds=0.01)
        assert [result.accepted for result in destination.send(batch(ONE))] == [True]
        destination.close()
    assert set(standin.members.held) == {"a" * 64}


def test_the_assertion_says_who_asks_for_what_and_is_signed(tmp_path: Path):
    from google.auth import crypt, jwt

    token = Answer(200, {"access_token": "ya29.one"})
    done = Answer(200, {"requestStatusPerDestination": [{"requestStatus": "SUCCESS"}]})
    script = Scripted({"/token": [token], INGEST: [TAKEN], STATE: [done]})
    with in_a_thread(script) as server, service_account(tmp_path) as path:
        content = json.loads(path.read_text()) | {"token_uri": f"{server.url}/token", "quota_project_id": "cdp-test"}
        env = ENV | {"CDP_GOOGLE_ADS_BASE_URL": server.url, "CDP_GOOGLE_ADS_CREDENTIALS": json.dumps(content)}
        destination = made(env, poll_seconds=0.01)
        destination.send(batch(ONE))
        destination.close()
        form = dict(pair.split("=") for pair in script.asked[0].body.decode().split("&"))
        claims = form["assertion"].split(".")[1]
        private = crypt.RSASigner.from_service_account_info(content)
        assert jwt.encode(private, jwt.decode(form["assertion"], verify=False)).decode() == form["assertion"]
    said = json.loads(base64.urlsafe_b64decode(claims + "=="))
    assert said["aud"] == f"{server.url}/token"
    assert said["scope"] == "https://www.googleapis.com/auth/datamanager"
    assert said["iss"] == content["client_email"]
    assert said["exp"] - said["iat"] == 3600
    assert script.asked[1].headers["x-goog-user-project"] == "cdp-test"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            Answer(400, {"error": "invalid_grant", "error_description": "k3y"}),
            r"refused the credentials \(HTTP 400, inv",
        ),
        (Answer(401, {"error": "the k3y is wrong"}), r"refused the credentials \(HTTP 401\)"),
        (Answer(403, b"k3y"), r"refused the credentials \(HTTP 403\); renew what CDP_GOOGLE_ADS_CREDENTIALS holds"),
        (Answer(200, {"token": "k3y"}), "answered without a token"),
        (Answer(302, None, {"Location": "http://127.0.0.1:9/k3y"}), "expected a 2xx"),
    ],
)
def test_credentials_that_give_no_token_stop_the_run(answer: Answer, said: str):
    with in_a_thread(Scripted({"/token": [answer]})) as server:
        destination = google_ads(server.url)
        with pytest.raises(DestinationError, match=said) as caught:
            destination.send(batch(ONE))
        destination.close()
    assert "k3y" not in str(caught.value)
