from collections import Counter, defaultdict

import phonenumbers
import polars as pl

from cdp_assets.sample.people import people

ISO = {"United States": "US", "USA": "US", "United Kingdom": "GB", "UK": "GB", "France": "FR", "Germany": "DE",
       "Deutschland": "DE"}  # fmt: skip
JUNK = {"test@test.com", "null", "n/a", "noreply@example.com"}


def _people_of(written, source):
    return {record: who for name, record, who in written.truth.rows() if name == source}


def test_phones_are_valid_under_their_countrys_plan_except_the_junk(written):
    contacts = written.csv_rows("crm/contacts*.csv")
    numbers = [(row[column], ISO[row["MailingCountry"]]) for row in contacts for column in ("Phone", "MobilePhone")]
    numbers += [(row["phone"], None) for row in written.objects("shop/customers*.jsonl")]
    written_down = [(text, country) for text, country in numbers if text and any(c in "23456789" for c in text)]
    invalid = {
        text for text, country in written_down if not phonenumbers.is_valid_number(phonenumbers.parse(text, country))
    }
    assert len(written_down) > 1500
    assert invalid <= {"1234567890", "9999999999"}


def test_junk_identifiers_and_a_shared_reception_phone_are_there(written):
    contacts = written.csv_rows("crm/contacts*.csv")
    emails = {row["Email"] for row in contacts} | {row["requester_email"] for row in written.csv_rows("support/*.csv")}
    assert emails >= JUNK
    assert "0000000000" in {row["Phone"] for row in contacts} | {row["MobilePhone"] for row in contacts}
    assert Counter(row["Phone"] for row in contacts)["212-664-7665"] > 3


def test_fields_hold_line_breaks_quotes_and_emoji(written):
    streets = " ".join(row["MailingStreet"] for row in written.csv_rows("crm/contacts*.csv"))
    subjects = " ".join(row["subject"] for row in written.csv_rows("support/*.csv"))
    assert all(mark in streets + subjects for mark in ("\n", '"', "🏡", "😡"))


def test_broken_lines_are_there_in_every_way_they_break(written):
    contacts = next(written.landing.glob("crm/contacts*.csv")).read_bytes()
    customers = next(written.landing.glob("shop/customers*.jsonl")).read_bytes().splitlines()
    assert b"0035g0BROKENTOOFEWAAA,,Nobody\n" in contacts
    assert contacts.count(b",surplus") == 30
    assert any(line.startswith(b"[") for line in customers)
    assert b"not json at all" in customers
    assert any(
        b"\xe9" in line and not _is_utf8(line)
        for line in (written.landing / "web/events_sample_2026.jsonl").read_bytes().splitlines()
    )


def test_people_occur_twice_in_the_crm_and_in_up_to_four_systems(written):
    crm = Counter(_people_of(written, "crm").values())
    systems = written.truth.group_by("person_id").agg(pl.col("source").n_unique())["source"].value_counts()
    assert sum(count > 1 for count in crm.values()) > 50
    assert set(systems["source"]) == {1, 2, 3, 4}


def test_deleted_contacts_guests_cancellations_and_missing_birthdays_occur(written):
    contacts = written.csv_rows("crm/contacts*.csv")
    orders = written.objects("shop/orders*.jsonl")
    assert {row["IsDeleted"] for row in contacts} == {"true", "false"}
    assert 0.3 < sum(not row["Birthdate"] for row in contacts) / len(contacts) < 0.6
    guests = [order for order in orders if order["customer"] is None]
    assert guests
    assert all(order["email"] for order in guests)
    assert 0.005 < sum(bool(order["cancelled_at"]) for order in orders) / len(orders) < 0.04
    assert {order["currency"] for order in orders} == {"USD", "GBP", "EUR"}


def test_consent_is_withdrawn_later_and_crm_and_shop_disagree_about_some(written):
    decisions = defaultdict(list)
    for row in written.csv_rows("crm/consents*.csv"):
        decisions[row["PartyId"], row["DataUsePurpose"]].append((row["CaptureDate"], row["PrivacyConsentStatus"]))
    states = [[status for _, status in sorted(rows)] for rows in decisions.values()]
    assert sum(found == ["OptIn", "OptOut"] for found in states) > 20
    crm, shop = _people_of(written, "crm"), _people_of(written, "shop")
    agreed = {shop[str(c["id"])] for c in written.objects("shop/customers*.jsonl")
              if c["email_marketing_consent"]["state"] == "subscribed"}  # fmt: skip
    refused = {crm[party] for (party, purpose), rows in decisions.items()
               if purpose == "email_marketing" and max(rows)[1] == "OptOut"}  # fmt: skip
    assert len(agreed & refused) > 10


def test_the_web_has_duplicates_late_arrivals_shared_devices_and_visits_before_the_login(written):
    events = written.objects("web/events*.jsonl")
    assert max(Counter(event["messageId"] for event in events).values()) == 2
    assert sum(event["receivedAt"][:10] > event["originalTimestamp"][:10] for event in events) > 100
    users = defaultdict(set)
    for event in events:
        users[event["anonymousId"]].add(event["userId"])
    assert any(len(found - {None}) == 2 for found in users.values())
    assert sum(found > {None} for found in users.values()) > 300


def test_households_share_surname_address_and_landline_and_some_a_mailbox():
    drawn = people(3, 4000)
    homes = drawn.group_by("household").agg(pl.len(), pl.col("street", "landline", "mobile", "email").n_unique())
    shared = homes.filter(pl.col("len") > 1)
    assert 2.2 < shared["len"].mean() < 2.6
    assert shared["street"].max() == shared["landline"].max() == 1
    assert (shared["mobile"] == shared["len"]).mean() > 0.99
    assert 5 < (shared["email"] < shared["len"]).sum() < 100
    namesakes = (
        drawn.group_by("household", "first", "last").agg(pl.len(), pl.col("born").n_unique()).filter(pl.col("len") > 1)
    )
    assert 0 < len(namesakes) < 40
    assert (namesakes["born"] == namesakes["len"]).all()


def test_an_exact_email_finds_most_but_not_all_pairs(written):
    crm, shop = _people_of(written, "crm"), _people_of(written, "shop")
    rows = [(row["Email"], crm[row["Id"]]) for row in written.csv_rows("crm/contacts*.csv")]
    rows += [(row["email"], shop[str(row["id"])]) for row in written.objects("shop/customers*.jsonl")]
    frame = pl.DataFrame(rows, schema=["email", "person"], orient="row").with_columns(
        pl.col("email").str.strip_chars().str.to_lowercase()
    )
    known = frame.filter(pl.col("email").str.contains("@") & ~pl.col("email").is_in(list(JUNK)))
    found = known.group_by("email", "person").len()["len"]
    pairs = frame.group_by("person").len()["len"]
    recall = (found * (found - 1)).sum() / (pairs * (pairs - 1)).sum()
    assert 0.5 < recall < 0.8


def _is_utf8(line):
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
