"""Keeps `identity.records` up to date with the sources: only what changed is normalised."""

import hashlib
import json

import polars as pl

from cdp_assets.code_version import code_version
from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.contracts import MATCH_KEYS, RECORDS
from cdp_assets.identity.normalise.inputs import KEY
from cdp_assets.identity.pipeline.records import store_records
from cdp_assets.identity.pipeline.sources import SOURCE_HASH, ChangedSources, changed_sources
from cdp_assets.identity.records import build_records
from cdp_assets.identity.scoring.model import MatchModel
from cdp_assets.warehouses.base import Warehouse

_JUNK = dict.fromkeys(("key", "value", "reason"), pl.String)


def update_records(
    warehouse: Warehouse, config: IdentityConfig, model: MatchModel, *, anew: bool = False
) -> ChangedSources:
    """Normalise what changed into `identity.records` and `identity.match_keys`; returns what that was.

    Args:
        warehouse: holds the tables of the stage `lookup`, and those that are kept.
        config: phone regions, date orders, block lists.
        model: what it holds for junk is masked.
        anew: normalise every record, whether it changed or not.

    Raises:
        DataError: a record's key is null or comes twice.
    """
    warehouse.ensure(RECORDS, MATCH_KEYS)
    changed = changed_sources(warehouse, source_version(config, model), anew=anew)
    if changed.records.height or changed.gone.height:
        junk = pl.DataFrame(list(model.junk), schema=_JUNK, orient="row")
        built = build_records(changed.records, changed.identifiers, config, junk)
        hashed = built.join(changed.records.select(*KEY, SOURCE_HASH), on=KEY, how="left", maintain_order="left")
        store_records(warehouse, hashed, pl.concat([changed.records.select(KEY), changed.gone]))
    return changed


def source_version(config: IdentityConfig, model: MatchModel) -> str:
    """Changes with all that decides about a record's match keys and is not in its own rows."""
    content = config.model_dump_json(include={"junk", "phone_regions", "date_orders"})
    text = "\n".join([code_version("cdp_assets.identity"), content, json.dumps(list(model.junk))])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
