"""Checksums of mapped values: equal exactly when the values are, and telling nothing without the key.

They are made in the warehouse, where the values are, by the construction of HMAC (RFC 2104) over SHA-256, its inner
digest written in hexadecimal, and cut to 128 bits (RFC 4868). The two keys are derived from the deployment's and the
names of the fields, and lie in a table for as long as a statement needs them: what is in a statement's text is kept in
the query logs of warehouses, what is in a table is not.
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
_DIGITS = 32
KEYS = "keys"
"""The alias under which a statement joins the table of keys."""


@contextmanager
def keyed(warehouse: Warehouse, work: WorkTables, secret_key: bytes, names: Sequence[str]) -> Iterator[exp.Expr]:
    """The table of keys, for statements that make checksums of values of these names; it is gone afterwards."""
    written = "".join(f"{len(name)}:{name}" for name in names)
    halves = {half: [_derived(secret_key, f"{half}.{written}")] for half in _KEYS.names}
    warehouse.write_arrow(work.secret, pa.table(halves, schema=_KEYS))
    try:
        yield work.secret.expression().as_(KEYS)
    finally:
        warehouse.drop(work.secret)


def checksum(values: Sequence[exp.Expression]) -> exp.Expr:
    """The checksum of values in the order of their names, as 32 hexadecimal digits, where `KEYS` is joined."""
    inner = call("cdp_sha256", call("cdp_concat", exp.column("inner_key", KEYS), *_parts(values)))
    whole = call("cdp_sha256", call("cdp_concat", exp.column("outer_key", KEYS), inner))
    return exp.func("LEFT", whole, exp.Literal.number(_DIGITS))


def opaque(secret_key: bytes, kind: str, values: Mapping[str, str]) -> str:
    """A keyed hash of an identifier, to know it by where it must not be read; 64 hexadecimal digits."""
    parts = [kind, *(text for name in sorted(values) for text in (name, values[name]))]
    message = "".join(f"{len(part)}:{part}" for part in parts)
    return hmac.digest(_derived(secret_key, "identifier").encode(), message.encode(), hashlib.sha256).hex()


def _derived(secret_key: bytes, purpose: str) -> str:
    return hmac.digest(secret_key, f"activation.{purpose}".encode(), hashlib.sha256).hex()


def _parts(values: Sequence[exp.Expression]) -> Iterator[exp.Expr]:
    """Every value with its length before it, so that no two different rows are written alike."""
    for value in values:
        text = exp.cast(value.copy(), "TEXT")
        yield exp.func("COALESCE", exp.cast(exp.Length(this=text), "TEXT"), exp.Literal.string("n"))
        yield exp.Literal.string(":")
        yield exp.func("COALESCE", text.copy(), exp.Literal.string(""))
