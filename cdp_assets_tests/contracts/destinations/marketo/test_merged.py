"""What becomes of the leads of customers that were merged."""

from dataclasses import replace

import pytest

from cdp_assets.destinations.base import Mode, Operation, Row
from cdp_assets.destinations.marketo import MarketoDestination
from cdp_assets.sample.standins.marketo import MarketoStandIn
from cdp_assets_tests.contracts.destinations.batches import batch
from cdp_assets_tests.contracts.destinations.marketo.client import ANN, leads, marketo, moved, told


def test_a_merged_customer_keeps_its_lead_under_the_new_key(on_a_list: MarketoDestination, standin: MarketoStandIn):
    on_a_list.send(batch({"old": {"email": "old@example.com"}, "c2": {}}, columns=("email",)))
    number = standin.book.select("cdpCustomerId", ["old"], ["id"])
    for _ in range(2):
        assert told(on_a_list.send(moved())) == {"new": True, "c2": True}
        assert standin.members.held == {key: {**ANN, "staticLists": ["1001"]} for key in ("new", "c2")}
        assert standin.book.select("cdpCustomerId", ["new"], ["id"]) == number


@pytest.mark.parametrize("mode", [Mode.MIRROR, Mode.UPDATE])
def test_where_the_new_key_has_a_lead_it_gets_the_values_and_the_former_one_loses_them(
    on_a_list: MarketoDestination, standin: MarketoStandIn, mode: Mode
):
    on_a_list.send(batch({"old": {"email": "old@example.com"}, "c2": {}}, columns=("email",)))
    leads(standin, {"cdpCustomerId": "new", "kept": 1})
    for _ in range(2):
        assert told(on_a_list.send(moved(mode=mode))) == {"new": True, "c2": True}
        listed = {"staticLists": ["1001"]}
        onto = listed if mode is Mode.MIRROR else {}
        assert standin.members.held == {"old": {}, "new": {**ANN, "kept": 1, **onto}, "c2": {**ANN, **listed}}


def test_a_merged_customer_whose_leads_were_deleted_is_not_brought_back_but_an_addition_is_made(
    destination: MarketoDestination, standin: MarketoStandIn
):
    assert told(destination.send(moved())) == {"new": True, "c2": True}
    assert standin.members.held == {}
    destination.send(moved(Operation.ADD))
    assert standin.members.held == {"new": ANN, "c2": ANN}


def test_a_merge_that_cannot_be_followed_is_told(destination: MarketoDestination, standin: MarketoStandIn):
    leads(standin, {"cdpCustomerId": "old", "email": "a@example.com"}, {"cdpCustomerId": "new"})
    standin.members.refused = {"old": "disallowed"}
    first, _ = destination.send(moved())
    assert first.reason.startswith("its former lead was not cleared: disallowed")
    comma = replace(moved(), rows=(Row("new", ANN, previous_key="o,ld"),))
    assert "the key has a comma" in destination.send(comma)[0].reason
    twins = marketo(str(destination._api._client.base_url), lookup_field="email")
    leads(standin, {"cdpCustomerId": "twin", "email": "a@example.com"})
    by_email = replace(moved(), columns=("firstName",), rows=(Row("b@example.com", {}, previous_key="a@example.com"),))
    assert twins.send(by_email)[0].reason == "several leads have the key"
    twins.close()


def test_customers_that_pass_their_keys_on_each_keep_their_lead(on_a_list: MarketoDestination, standin: MarketoStandIn):
    chain = {"b": "a", "c": "b", "d": "c"}
    on_a_list.send(batch({key: {"email": f"{key}@example.com"} for key in "abc"}, columns=("email",)))
    ids = [one["id"] for one in standin.book.select("cdpCustomerId", ["a", "b", "c"], ["id"])]
    rows = tuple(Row(key, {"email": f"{old}@example.com"}, previous_key=old) for key, old in chain.items())
    sent = replace(moved(), columns=("email",), rows=rows)
    assert all(result.accepted for result in on_a_list.send(sent))
    assert standin.members.held == {
        key: {"email": f"{old}@example.com", "staticLists": ["1001"]} for key, old in chain.items()
    }
    assert [one["id"] for one in standin.book.select("cdpCustomerId", ["b", "c", "d"], ["id"])] == ids


def test_customers_that_exchange_their_keys_each_have_their_values(
    on_a_list: MarketoDestination, standin: MarketoStandIn
):
    on_a_list.send(batch({key: {"email": f"{key}@example.com"} for key in "ab"}, columns=("email",)))
    rows = (
        Row("a", {"email": "b@example.com"}, previous_key="b"),
        Row("b", {"email": "a@example.com"}, previous_key="a"),
    )
    assert all(result.accepted for result in on_a_list.send(replace(moved(), columns=("email",), rows=rows)))
    assert {key: lead["email"] for key, lead in standin.members.held.items()} == {
        "a": "b@example.com",
        "b": "a@example.com",
    }
    assert all(lead["staticLists"] == ["1001"] for lead in standin.members.held.values())
