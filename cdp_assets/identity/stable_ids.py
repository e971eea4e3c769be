"""Stable customer ids: a cluster inherits the id most of its records had; new ids are opaque and never reused."""

import hashlib
from collections.abc import Callable, Iterable, Set

import numpy as np
import polars as pl

_BASE32 = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz234567", dtype="S1")
_FIRST_BYTES, _CHARACTERS = 15, 20
RECORD = ["source", "record_id"]


def inherit(clusters: pl.DataFrame, issued: pl.DataFrame) -> dict[int, str]:
    """The issued id each cluster keeps, by its number; a cluster without one is absent.

    The largest overlap of records goes first; ties go to the id assigned first, then to the smaller id, then to the
    cluster with the first record. An id goes to one cluster only, and a cluster takes one id.

    Args:
        clusters: `source`, `record_id`, `cluster`: numbered in the order of their first records.
        issued: `identity.customer_ids` before this run.
    """
    ages = issued.group_by("customer_id").agg(pl.col("assigned_at").min().alias("since"))
    overlaps = clusters.join(issued.select(*RECORD, "customer_id"), on=RECORD)
    counted = overlaps.group_by("cluster", "customer_id").len("overlap").join(ages, on="customer_id")
    order = ["overlap", "since", "customer_id", "cluster"]
    kept: dict[int, str] = {}
    given: set[str] = set()
    for cluster, customer_id in (
        counted.sort(order, descending=[True, False, False, False]).select("cluster", "customer_id").iter_rows()
    ):
        if cluster not in kept and customer_id not in given:
            kept[cluster] = customer_id
            given.add(customer_id)
    return kept


def new_ids(first_records: Iterable[tuple[int, str, str]], taken: Callable[[list[str]], Set[str]]) -> dict[int, str]:
    """A fresh id for each cluster, by its number, never one that was issued before.

    The id is derived from the cluster's first record, so that the same run gives the same ids, and counts on where
    that id was issued before.

    Args:
        first_records: cluster number, source and record id of its first record.
        taken: which of some ids were ever issued.
    """
    fresh: dict[int, str] = {}
    waiting = {cluster: (source, record_id) for cluster, source, record_id in first_records}
    attempt = 0
    while waiting:
        tried = dict(zip(waiting, _derived(waiting.values(), attempt), strict=True))
        refused = taken(list(tried.values()))
        fresh |= {cluster: customer_id for cluster, customer_id in tried.items() if customer_id not in refused}
        waiting = {cluster: record for cluster, record in waiting.items() if cluster not in fresh}
        attempt += 1
    return fresh


def _derived(records: Iterable[tuple[str, str]], attempt: int) -> list[str]:
    """The ids of records: hashes in base 32 (RFC 4648, in lower case), all at once, for there may be millions."""
    texts = (f"{source}\x1f{record_id}\x1f{attempt}" for source, record_id in records)
    known = b"".join(hashlib.sha256(text.encode()).digest()[:_FIRST_BYTES] for text in texts)
    bits = np.unpackbits(np.frombuffer(known, dtype=np.uint8)).reshape(-1, _FIRST_BYTES * 8 // 5, 5)
    characters = _BASE32[bits @ np.array([16, 8, 4, 2, 1], dtype=np.uint8)]
    return [f"c_{text.decode()}" for text in characters[:, :_CHARACTERS].copy().view(f"S{_CHARACTERS}").ravel()]
