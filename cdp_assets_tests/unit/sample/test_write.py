import re
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from cdp_assets.errors import ConfigurationError
from cdp_assets.sample.calendar import SAMPLE_AS_OF
from cdp_assets.sample.next_day import write_next_day
from cdp_assets.sample.write import write_sample

CONTACT = (
    "Id,AccountId,FirstName,LastName,Email,Phone,MobilePhone,MailingStreet,MailingCity,MailingState,MailingPostalCode,"
    "MailingCountry,Birthdate,HasOptedOutOfEmail,CreatedDate,LastModifiedDate,IsDeleted"
)
HEADERS = {
    "crm/contacts*.csv": CONTACT,
    "crm/accounts*.csv": "Id,ParentId,Name,Website,BillingCountry,CreatedDate,LastModifiedDate,IsDeleted",
    "crm/consents*.csv": (
        "Id,PartyId,DataUsePurpose,PrivacyConsentStatus,CaptureDate,CaptureContactPointType,CaptureSource,LastModifiedDate"
    ),
    "support/tickets*.csv": (
        "ticket_id,created_at,updated_at,status,subject,requester_name,requester_email,requester_phone,channel"
    ),
}
KEYS = {
    "shop/customers*.jsonl": (
        "id email phone first_name last_name created_at updated_at state verified_email email_marketing_consent "
        "sms_marketing_consent default_address"
    ),
    "shop/orders*.jsonl": (
        "id name email phone customer created_at processed_at updated_at cancelled_at currency total_price "
        "financial_status source_name line_items"
    ),
    "shop/refunds*.jsonl": "id order_id created_at processed_at note refund_line_items transactions",
}


def _bytes(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_arguments_write_the_same_bytes_and_another_seed_does_not(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_sample(tmp_path / name / "landing", tmp_path / name / "truth.parquet", people=200, seed=seed)
    first, second, other = (_bytes(tmp_path / name) for name in "abc")
    assert first == second
    assert first.keys() == other.keys()
    assert not any(first[name] == other[name] for name in first)


def test_writing_again_removes_only_the_samples_own_stale_files(tmp_path):
    landing, truth = tmp_path / "landing", tmp_path / "truth.parquet"
    write_sample(landing, truth, people=150)
    (landing / "crm" / "contacts_mine.csv").write_text("Id\n")
    added = write_next_day(landing, people=150)
    assert all((landing / name).exists() for name in added.files)
    write_sample(landing, truth, people=150)
    assert not any((landing / name).exists() for name in added.files)
    assert (landing / "crm" / "contacts_mine.csv").exists()
    assert not list(landing.rglob(".*"))


@pytest.mark.parametrize(("pattern", "header"), HEADERS.items())
def test_csv_headers_are_the_systems_own(written, pattern, header):
    (path,) = written.landing.glob(pattern)
    assert path.read_text().split("\n", 1)[0] == header


@pytest.mark.parametrize(("pattern", "keys"), KEYS.items())
def test_json_objects_have_the_systems_keys(written, pattern, keys):
    assert {tuple(row) for row in written.objects(pattern)} == {tuple(keys.split())}


def test_each_kind_of_event_has_the_keys_segment_gives_it(written):
    common = {
        "messageId",
        "type",
        "userId",
        "anonymousId",
        "originalTimestamp",
        "timestamp",
        "sentAt",
        "receivedAt",
        "context",
    }
    own = {"page": {"name", "properties"}, "track": {"event", "properties"}, "identify": {"traits"}}
    kinds = Counter()
    for event in written.objects("web/events*.jsonl"):
        assert event.keys() == common | own[event["type"]]
        kinds[event["type"]] += 1
    assert min(kinds.values()) > 500


def test_the_truth_covers_every_record_exactly_once(written):
    identified = {event["userId"] for event in written.objects("web/events*.jsonl") if event["type"] == "identify"}
    expected = (
        [("crm", row["Id"]) for row in written.csv_rows("crm/contacts*.csv")]
        + [("shop", str(row["id"])) for row in written.objects("shop/customers*.jsonl")]
        + [("web", user) for user in identified]
        + [("support", row["ticket_id"]) for row in written.csv_rows("support/tickets*.csv")]
    )
    assert written.truth.columns == ["source", "record_id", "person_id"]
    assert sorted(written.truth.select("source", "record_id").rows()) == sorted(expected)
    assert written.summary.records == len(expected)


def test_a_user_of_the_web_is_the_same_person_as_the_shop_customer_with_that_id(written):
    person = {(source, record): who for source, record, who in written.truth.rows()}
    users = [record for source, record in person if source == "web"]
    assert len(users) > 300
    assert all(person["web", user] == person["shop", user] for user in users)


def test_every_user_id_on_the_web_was_identified_once_at_least(written):
    events = written.objects("web/events*.jsonl")
    assert {e["userId"] for e in events if e["userId"]} == {e["userId"] for e in events if e["type"] == "identify"}


def test_nothing_happens_after_the_last_day(written):
    pattern = re.compile(rb"20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{3})?(?:Z|[+-]\d\d:?\d\d| UTC)")
    latest = datetime(2000, 1, 1, tzinfo=UTC)
    for path in written.landing.rglob("*.*"):
        for text in set(pattern.findall(path.read_bytes())):
            latest = max(latest, datetime.fromisoformat(text.decode().replace(" UTC", "+00:00")))
    assert datetime(2026, 6, 30, tzinfo=UTC) < latest < SAMPLE_AS_OF


def test_each_system_writes_time_in_its_own_way(written):
    assert re.fullmatch(r"[\d-]{10}T[\d:]{8}\.000\+0000", written.csv_rows("crm/contacts*.csv")[0]["CreatedDate"])
    assert re.fullmatch(r"[\d-]{10} [\d:]{8} UTC", written.csv_rows("support/tickets*.csv")[0]["created_at"])
    offsets = {row["created_at"][19:] for row in written.objects("shop/orders*.jsonl")}
    assert offsets == {"-04:00", "-05:00"}
    assert re.fullmatch(r"[\d-]{10}T[\d:]{8}\.\d{3}Z", written.objects("web/events*.jsonl")[0]["timestamp"])


def test_money_is_decimal_text_and_an_order_is_the_sum_of_its_lines(written):
    orders = {row["id"]: row for row in written.objects("shop/orders*.jsonl")}
    for order in orders.values():
        assert re.fullmatch(r"\d+\.\d\d", order["total_price"])
        lines = order["line_items"]
        assert 1 <= len(lines) <= 4
        assert sum(Decimal(line["price"]) * line["quantity"] for line in lines) == Decimal(order["total_price"])
    refunds = written.objects("shop/refunds*.jsonl")
    assert refunds
    for refund in refunds:
        order = orders[refund["order_id"]]
        assert refund["refund_line_items"][0]["line_item_id"] in {line["id"] for line in order["line_items"]}
        assert 0 < Decimal(refund["transactions"][0]["amount"]) <= Decimal(order["total_price"])


def test_a_truth_among_the_exports_or_too_few_people_are_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="outside"):
        write_sample(tmp_path / "landing", tmp_path / "landing" / "truth.parquet")
    with pytest.raises(ConfigurationError, match="100 or more"):
        write_sample(tmp_path / "landing", tmp_path / "truth.parquet", people=3)
