"""The configuration refuses what it does not know, and says what it does."""

import pytest
from pydantic import ValidationError

from cdp_assets.identity.config import IdentityConfig


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"rulez": []}, "there is no option 'rulez'; the options are: rules, junk"),
        ({"vetoes": {"surname": True}}, "there is no option 'surname'; the options are: first_name, last_name"),
        ({"rules": [{"name": "x", "agree": ["e-mail"]}]}, "'email', 'phone'"),
        ({"rules": [{"name": "x", "agree": []}]}, "at least 1 item"),
        ({"rules": [{"name": "x", "agree": ["email"]}] * 2}, "rule name x cannot be used"),
        ({"rules": [{"name": "single", "agree": ["email"]}]}, "rule name single cannot be used"),
        ({"probabilistic": {"threshold": 1.5}}, "less than 1"),
        ({"phone_regions": {"default": ["Germany"]}}, "phone_regions.default.0"),
    ],
)
def test_an_error_names_what_is_allowed(content, message):
    with pytest.raises(ValidationError) as error:
        IdentityConfig.model_validate(content)
    assert message in str(error.value)


def test_nothing_has_to_be_configured():
    assert IdentityConfig.model_validate({}).rules == ()
