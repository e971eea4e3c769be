"""The configuration refuses what it does not know, and says what it does."""

import pytest
import yaml
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
        ({"phone_regions": {"default": ["UK"]}}, "two capital letters, such as US, GB or DE; perhaps 'GB'"),
        ({"phone_regions": {"default": ["gb"]}}, "perhaps 'GB'"),
        ({"phone_regions": {"default": [False]}}, "perhaps 'NO', in quotes"),
        ({"phone_regions": {"default": [["US"]]}}, "two capital letters"),
        ({"phone_regions": {"default": "US"}}, "it must be a list, such as [a, b]"),
        ({"junk": {"emails": "a@b.org"}}, "it must be a list, such as [a, b]"),
        ({"junk": {"dates_of_birth": ["31.12.1990"]}}, "it must be a date, written as 1990-12-31"),
        ({"junk": {"dates_of_birth": [19901231]}}, "it must be a date, written as 1990-12-31"),
    ],
)
def test_an_error_names_what_is_allowed(content, message):
    with pytest.raises(ValidationError) as error:
        IdentityConfig.model_validate(content)
    assert message in str(error.value)


def test_a_date_that_yaml_has_read_is_one():
    for text in ("1990-12-31", "'1990-12-31'", "1990-12-31 00:00:00"):
        content = yaml.safe_load(f"junk: {{dates_of_birth: [{text}]}}")
        assert IdentityConfig.model_validate(content).junk.dates_of_birth == ("1990-12-31",)


def test_nothing_has_to_be_configured():
    assert IdentityConfig.model_validate({}).rules == ()
