"""A sync's YAML says what is wrong with it."""

import pytest

from cdp_assets.activation.definition import SyncDefinition, check_supported
from cdp_assets.destinations.base import Limits, Mode, Removal
from cdp_assets.errors import ConfigurationError
from cdp_assets.tables import Table
from cdp_assets.validation import validated
from cdp_assets_tests.unit.activation.world import FakeDestination, definition

GOOD = {
    "name": "crm",
    "source": "audiences.vip",
    "destination": "file",
    "mapping": {"EMAIL": "master.customers.email", "score": "churn.scores.churn_probability", "since": "entered_at"},
    "purpose": "email_marketing",
}


def test_defaults_are_the_careful_ones():
    found = validated(SyncDefinition, GOOD, "the sync")
    assert (found.mode, found.removal, found.key, found.guard) == (Mode.MIRROR, Removal.DELETE, "customer_id", 0.5)
    assert found.joined_tables == (Table("master", "customers"), Table("churn", "scores"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"name": "sync_state"},
            "name is 'sync_state'; it, or two underscores, are in names of the platform's own tables",
        ),
        ({"name": "crm__dry"}, "name is 'crm__dry'; it, or two underscores"),
        ({"mode": "copy"}, "mode is 'copy'; input should be 'mirror', 'upsert', 'insert', 'update' or 'remove'"),
        ({"removal": "burn"}, "removal is 'burn'; input should be 'delete', 'clear_fields' or 'nothing'"),
        ({"colour": "blue"}, "there is no option 'colour'; the options are: name, source, destination"),
        ({"mapping": {}}, "mapping is {}; "),
        ({"mapping": {"EMAIL": "a; drop table b"}}, "mapping.EMAIL is 'a; drop table b'; string should match pattern"),
        ({"source": "vip"}, "source is 'vip'; string should match pattern"),
        ({"guard": 2}, "guard is 2; input should be less than or equal to 1"),
        ({"purpose": None}, "set exactly one: the consent the rows need, or why they need none"),
        ({"no_consent_reason": "because I say so"}, "set exactly one"),
        ({"purpose": None, "no_consent_reason": "  "}, "no_consent_reason is '  '; string should have at least 10"),
        ({"mode": "remove"}, "purpose is 'email_marketing', but mode remove only takes away"),
        ({"mode": "remove", "purpose": None, "removal": "nothing"}, "needs one of delete, clear_fields"),
    ],
)
def test_errors_name_sync_field_value_and_what_is_allowed(changes, message):
    with pytest.raises(ConfigurationError) as caught:
        validated(SyncDefinition, GOOD | changes, "the sync")
    assert str(caught.value).startswith("the sync: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_field_is_named():
    with pytest.raises(ConfigurationError, match="the sync: name is missing"):
        validated(SyncDefinition, {name: value for name, value in GOOD.items() if name != "name"}, "the sync")


class Narrow(FakeDestination):
    limits = Limits(1, frozenset({Mode.UPSERT, Mode.MIRROR}), frozenset({Removal.CLEAR_FIELDS}))


def test_what_the_destination_cannot_do_is_refused_with_what_it_can():
    with pytest.raises(ConfigurationError, match="has no mode 'insert'; allowed are mirror, upsert"):
        check_supported(definition(mode="insert"), Narrow())
    with pytest.raises(ConfigurationError, match="has no removal 'delete'; allowed are clear_fields"):
        check_supported(definition(), Narrow())
    check_supported(definition(mode="upsert"), Narrow())
