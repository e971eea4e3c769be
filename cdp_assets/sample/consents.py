"""Salesforce ContactPointTypeConsent: one row a decision; a withdrawal is a later row."""

import numpy as np
import polars as pl

from cdp_assets.sample.calendar import DAY_MS, END_MS
from cdp_assets.sample.crm import salesforce_id
from cdp_assets.sample.randomness import between, chance, generator
from cdp_assets.sample.timestamps import SALESFORCE, written

_SHARES = {"email_marketing": 0.62, "sms_marketing": 0.3, "ads": 0.35}
_CHANNEL = {"email_marketing": "Email", "sms_marketing": "Phone", "ads": "Web"}


def consents(contacts: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The consent export for the contacts; decisions are drawn apart from the shop's, so that some disagree."""
    rng = generator(seed, "crm.consents")
    first = pl.concat([_asked(rng, contacts, purpose) for purpose in _SHARES])
    withdrawn = first.filter((pl.col("PrivacyConsentStatus") == "OptIn") & pl.Series(chance(rng, len(first), 0.12)))
    later = np.minimum(withdrawn["at"].to_numpy() + between(rng, 5 * DAY_MS, 400 * DAY_MS, len(withdrawn)), END_MS)
    withdrawn = withdrawn.with_columns(PrivacyConsentStatus=pl.lit("OptOut"), at=pl.Series(later))
    rows = pl.concat([first, withdrawn]).sort("at", "PartyId", "DataUsePurpose", "PrivacyConsentStatus")
    size = len(rows)
    return rows.select(
        Id=salesforce_id("0ZX", pl.Series(np.arange(size))),
        PartyId="PartyId",
        DataUsePurpose="DataUsePurpose",
        PrivacyConsentStatus="PrivacyConsentStatus",
        CaptureDate=written(rows["at"], SALESFORCE),
        CaptureContactPointType=rows["DataUsePurpose"].replace_strict(_CHANNEL),
        CaptureSource=pl.Series(["Web form", "Phone", "Event", "Preference centre"]).gather(rng.integers(0, 4, size)),
        LastModifiedDate=written(rows["at"], SALESFORCE),
    )


def _asked(rng: np.random.Generator, contacts: pl.DataFrame, purpose: str) -> pl.DataFrame:
    size = len(contacts)
    at = between(rng, contacts["created"].to_numpy(), END_MS, size)
    status = pl.Series(np.where(chance(rng, size, 0.8), "OptIn", "OptOut"))
    rows = pl.DataFrame(
        {"PartyId": contacts["Id"], "DataUsePurpose": [purpose] * size, "PrivacyConsentStatus": status, "at": at}
    )
    return rows.filter(pl.Series(chance(rng, size, _SHARES[purpose])))
