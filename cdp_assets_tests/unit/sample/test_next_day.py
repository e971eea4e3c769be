import json

from cdp_assets.sample.next_day import write_next_day
from cdp_assets.sample.write import write_sample


def test_the_next_day_changes_known_contacts_and_adds_contacts_orders_and_events(tmp_path):
    landing = tmp_path / "landing"
    write_sample(landing, tmp_path / "truth.parquet", people=600)
    before = (landing / "crm/contacts_sample_2026-06-30.csv").read_text()
    orders_before = (landing / "shop/orders_sample_2026-06-30.jsonl").read_text()
    added = write_next_day(landing, people=600)
    header, *contacts = (landing / "crm/contacts_sample_2026-07-01.csv").read_text().splitlines()
    assert header == before.split("\n", 1)[0]
    ids = [line.split(",")[0] for line in contacts if line.startswith("003")]
    assert any(number in before for number in ids)
    assert any(number not in before for number in ids)
    orders = [json.loads(line) for line in (landing / "shop/orders_sample_2026-07-01.jsonl").read_text().splitlines()]
    assert orders
    assert not any(f'"id":{order["id"]},' in orders_before for order in orders)
    assert added.files["web/events_sample_2026-07-01.jsonl"] == len(orders)
    assert added.as_of.isoformat() == "2026-07-02T00:00:00+00:00"
