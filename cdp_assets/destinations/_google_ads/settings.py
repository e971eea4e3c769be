"""What a sync to Google customer match can be told."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from cdp_assets.strict import Strict

MOST_MEMBERS = 10_000
MOST_DAYS = 540
CREDENTIALS = "CDP_GOOGLE_ADS_CREDENTIALS"

AccountId = Annotated[str, Field(coerce_numbers_to_str=True, pattern=r"^\d{1,20}$")]
ConsentStatus = Literal["CONSENT_GRANTED", "CONSENT_DENIED", "CONSENT_STATUS_UNSPECIFIED"]


class GoogleAdsSettings(Strict):
    """Which audience of which account, found by what, and how fast."""

    account_id: AccountId | None = Field(
        default=None,
        description="The account the audience is of, digits only; unset, `CDP_GOOGLE_ADS_ACCOUNT_ID`.",
    )
    login_account_id: AccountId | None = Field(
        default=None,
        description="The manager account that the credentials reach it through, if they do.",
    )
    audience_id: AccountId | None = Field(
        default=None,
        description="The customer match list, digits only; unset, `CDP_GOOGLE_ADS_AUDIENCE_ID`.",
    )
    upload_key_type: Literal["contact_info", "mobile_id", "user_id"] = Field(
        default="contact_info",
        description="What the list was made for: `contact_info`, `mobile_id` or `user_id`.",
    )
    default_country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = Field(
        default=None,
        description="The country, as `FR`, of phone numbers and postal codes that come without one.",
    )
    ad_user_data: ConsentStatus = Field(
        default="CONSENT_GRANTED",
        description="What Google is told of the consent to send it user data for ads.",
    )
    ad_personalization: ConsentStatus = Field(
        default="CONSENT_GRANTED",
        description="What Google is told of the consent to personalised ads.",
    )
    terms_accepted: bool = Field(
        description="Whether you accepted Google's customer match terms. Google is told, and without takes nobody.",
    )
    lifetime_days: int = Field(
        default=MOST_DAYS,
        ge=1,
        le=MOST_DAYS,
        description="The list's membership duration, at most 540 days; members are sent again before that.",
    )
    base_url: str | None = Field(
        default=None,
        description="Unset, `CDP_GOOGLE_ADS_BASE_URL`, else `https://datamanager.googleapis.com`.",
    )
    credentials_variable: str = Field(
        default=CREDENTIALS,
        pattern=r"^[A-Z][A-Z0-9_]*$",
        description="The environment variable with a service account's key or a user's refresh token, as Google's JSON"
        " or the path to it.",
    )
    await_status: bool = Field(
        default=True,
        description="Waits until Google has processed a request; if not, what it takes in counts as accepted.",
    )
    poll_seconds: float = Field(default=60.0, gt=0, le=3600, description="How long to wait before each look at it.")
    longest_wait_seconds: float = Field(
        default=3600.0,
        gt=0,
        le=86_400,
        description="How long one attempt at a batch goes on looking, before the next does.",
    )
    timeout_seconds: float = Field(default=60.0, gt=0, le=600, description="How long to wait for an answer.")
    batch_size: int = Field(
        default=MOST_MEMBERS, ge=1, le=MOST_MEMBERS, description="Members a request, at most 10,000."
    )
    concurrency: int = Field(default=20, ge=1, le=100, description="Requests that may be on their way at once.")
    rate_requests: int = Field(default=300, ge=1, description="Requests allowed in `rate_seconds`.")
    rate_seconds: float = Field(default=60.0, gt=0, description="The stretch of time they are counted in.")
