"""Shopify customers, one JSON object a line."""

import numpy as np
import polars as pl

from cdp_assets.sample.behaviour import Behaviour
from cdp_assets.sample.calendar import END_MS
from cdp_assets.sample.noise import Profile, records
from cdp_assets.sample.randomness import between, chance, generator
from cdp_assets.sample.timestamps import shopify

_PROFILE = Profile(email=0.82, email_2=0.12, mobile=0.62, mobile_2=0.05, nickname=0.08, moved=0.1)
CUSTOMER_BASE = 6_800_000_000_000


def customers(people: pl.DataFrame, told: Behaviour, seed: int) -> pl.DataFrame:
    """The export's columns plus `person` and `joined` (ms); `id` is a whole number, in an order unlike the people's."""
    rng = generator(seed, "shop.customers")
    joined = told.joined[rng.permutation(len(told.joined))]
    rows = records(people, joined["person"], rng, _PROFILE)
    size = len(rows)
    created = joined["at"]
    updated = pl.Series(between(rng, created.to_numpy(), END_MS, size))
    # the shop admits an e-mail once: the second of two who share one signs up with a phone number
    taken = rows["email"].is_not_null() & ~rows["email"].str.to_lowercase().str.strip_chars().is_first_distinct()
    phone = people["mobile"].gather(rows["person"])
    code = rows["country"].replace_strict({"US": "+1", "GB": "+44", "FR": "+33", "DE": "+49"})
    nothing = pl.Series([None] * size, dtype=pl.String)
    email = nothing.zip_with(taken, rows["email"].str.strip_chars())
    address = rows.select(
        address1="street", city="city", province="region", zip="postal", country_code="country"
    ).to_struct("default_address")
    bare = pl.Series(chance(rng, size, 0.08))
    frame = rows.select("person").with_columns(
        id=CUSTOMER_BASE + pl.Series(np.arange(size)) * 32_768,
        email=email,
        phone=(code + phone).zip_with(taken | rows["email"].is_null(), rows["phone"]),
        first_name=rows["first"],
        last_name=rows["last"],
        created_at=shopify(created),
        updated_at=shopify(updated),
        state=pl.Series(["enabled", "enabled", "disabled", "invited"]).gather(rng.integers(0, 4, size)),
        verified_email=pl.Series(chance(rng, size, 0.9)),
        email_marketing_consent=_consent(rng, created, 0.55, "single_opt_in"),
        sms_marketing_consent=_consent(rng, created, 0.2, "confirmed_opt_in"),
        default_address=address,
        bare=bare,
        joined=created,
    )
    return frame.with_columns(default_address=pl.when(~pl.col("bare")).then("default_address")).drop("bare")


def _consent(rng: np.random.Generator, created: pl.Series, granted: float, level: str) -> pl.Series:
    """A consent object: about half as many have withdrawn or never answered as have subscribed."""
    size = len(created)
    draw = rng.random(size)
    state = np.where(draw < granted, "subscribed", np.where(draw < granted + 0.15, "unsubscribed", "not_subscribed"))
    asked = state != "not_subscribed"
    updated = shopify(between(rng, created.to_numpy(), END_MS, size))
    frame = pl.DataFrame(
        {"state": state, "opt_in_level": [level] * size, "asked": asked, "consent_updated_at": updated}
    )
    return frame.select(
        pl.struct(
            "state", "opt_in_level", pl.when("asked").then("consent_updated_at").alias("consent_updated_at")
        ).alias("c")
    )["c"]
