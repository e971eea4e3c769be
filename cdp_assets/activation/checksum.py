"""Checksums of mapped values: equal exactly when the values are, and telling nothing without the key.

They are made in the warehouse, where the values are, by the construction of HMAC (RFC 2104) over SHA-256, its inner
digest written in hexadecimal. The two keys are derived from the deployment's and lie in a table for as long as a
statement needs them: what is in a statement's text is kept in the query logs of warehouses, what is in a table is not.
"""

import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import pyarrow as pa
from sqlglot import exp

from cdp_assets.activation.worktables import WorkTables
from cdp_assets.sql.functions import call
from cdp_assets.tables import TEXT
from cdp_assets.warehouses.base import Warehouse

_KEYS = pa.schema([("inner_key", TEXT), ("outer_key", TEXT)])
KEYS = "keys"
"""The alias under which a statement joins the table of keys."""


@contextmanager
def keyed(warehouse: Warehouse, work: WorkTables, secret_key: bytes) -> Iterator[exp.Expr]:
    """The table of keys, for statements that make checksums; it is gone afterwards."""
    halves = {name: [_derived(secret_key, name)] for name in _KEYS.names}
    warehouse.write_arrow(work.secret, pa.table(halves, schema=_KEYS))
    try:
        yield work.secret.expression().as_(KEYS)
    finally:
        warehouse.drop(work.secret)


def checksum(names: Sequence[str], values: Sequence[exp.Expression]) -> exp.Expr:
    """The checksum of values under their names, as 64 hexadecimal digits, where `KEYS` is joined."""
    inner = call("cdp_sha256", _joined([exp.column("inner_key", KEYS), *_parts(names, values)]))
    return call("cdp_sha256", _joined([exp.column("outer_key", KEYS), inner]))


def opaque(secret_key: bytes, kind: str, values: Mapping[str, str]) -> str:
    """A keyed hash of an identifier, to know it by where it must not be read; 64 hexadecimal digits."""
    parts = [kind, *(text for name in sorted(values) for text in (name, values[name]))]
    message = "".join(f"{len(part)}:{part}" for part in parts)
    return hmac.digest(_derived(secret_key, "identifier").encode(), message.encode(), hashlib.sha256).hex()


def _derived(secret_key: bytes, purpose: str) -> str:
    return hmac.digest(secret_key, f"activation.{purpose}".encode(), hashlib.sha256).hex()


def _parts(names: Sequence[str], values: Sequence[exp.Expression]) -> Iterator[exp.Expr]:
    """Every name, and every value with its length before it, so that no two different rows are written alike."""
    for name, value in zip(names, values, strict=True):
        text = exp.cast(value.copy(), "TEXT")
        length = exp.cast(exp.Length(this=text.copy()), "TEXT")
        written = _joined([length, exp.Literal.string(":"), text])
        yield exp.Literal.string(f"{len(name)}:{name}")
        yield exp.func("COALESCE", written, exp.Literal.string("n"))


def _joined(parts: Sequence[exp.Expr]) -> exp.Expr:
    whole = parts[0]
    for part in parts[1:]:
        whole = exp.DPipe(this=whole, expression=part)
    return whole
