"""What PostgreSQL's errors mean to us: told in one line, without the values that many of them quote."""

import re

from cdp_assets.errors import WarehouseError, WarehouseUnavailableError

_QUOTES_DATA = ("22", "23", "42601", "P0")
"""Beginnings of the SQLSTATEs whose messages quote values: of the data, of a literal, or whatever a trigger says."""

_UNAVAILABLE = ("08", "57P01", "57P02", "57P03", "53300")
_PROTOCOL_VIOLATION = "08P01"  # what COPY says of a value that does not fit its column: the connection is fine
_LOST = re.compile(
    r"server closed the connection|terminating connection|no connection to the server|connection not open"
    r"|SSL (connection|SYSCALL|error)|could not (receive|send) data|Connection (reset|timed out)|Broken pipe"
    r"|Failed to prepare query: *$"
)
_FOR_NOW = re.compile(
    r"starting up|shutting down|recovery|not (yet )?accepting|too many (clients|connections)|connection slots"
    r"|terminating|Temporary failure"
)
_ENCRYPTION = "and we do not agree on encryption; check CDP_POSTGRES_SSLMODE"
_REFUSED = "refused the connection"
_WITH_REASON = (_ENCRYPTION, _REFUSED)
_REMEDIES = {
    r'password authentication failed|no password supplied|role "': "refused the user; check CDP_POSTGRES_USER and"
    " CDP_POSTGRES_PASSWORD",
    r'database ".*" does not exist': "has no such database; create it, or set CDP_POSTGRES_DATABASE to another",
    r"could not translate host name": "is not found by that name; check CDP_POSTGRES_HOST",
    r"SSL|no encryption|certificate": _ENCRYPTION,
    r"FATAL|invalid|unsupported": _REFUSED,
}
"""What is to be done about reasons that waiting does not mend, the first that fits."""

_KINDS = {
    "22001": "a text is too long for its column",
    "22003": "a number is out of its type's range",
    "22007": "a text is no date or time",
    "22008": "a date or time is out of range",
    "22012": "division by zero",
    "22021": "a text holds a NUL character or is not UTF-8, which PostgreSQL cannot store",
    "22P02": "a text cannot be read as the type asked for",
    "22P03": "a value does not fit its column's type",
    "23502": "a column that must not be null would be",
    "23503": "a foreign key would point at nothing",
    "23505": "a unique key would come more than once",
    "23514": "a check constraint fails",
    "42601": "syntax error",
    "NaN": "a number is NaN or infinite, which a decimal cannot be",
}


def refusal(error: Exception) -> WarehouseError:
    """What a failed statement is told as. Raise it `from None`: the driver's own error quotes data."""
    state, said = _state(error), _primary(error)
    if _is_lost(state, said):
        return WarehouseUnavailableError(
            "the connection to PostgreSQL was lost; nothing since its last commit is kept."
        )
    return WarehouseError(f"PostgreSQL refused a statement: {_told(error, state, said)}")


def no_connection(error: Exception, location: str) -> WarehouseError:
    """What a failed attempt to connect is told as. libpq gives its reason as text alone."""
    said = _one_line(str(error)).partition("Failed to connect: ")[2] or "no reason given"
    place = f"PostgreSQL at {location}"
    if _FOR_NOW.search(said):
        return WarehouseUnavailableError(f"{place} cannot be reached: {said}")
    for pattern, remedy in _REMEDIES.items():
        if re.search(pattern, said):
            return WarehouseError(f"{place} {remedy}" + (f": {said}" if remedy in _WITH_REASON else "."))
    return WarehouseUnavailableError(f"{place} cannot be reached: {said}")


def _state(error: Exception) -> str:
    """The SQLSTATE; empty when the driver has none, as while rows are read."""
    found = re.search(r"SQLSTATE: (\w{5})", str(error))
    return getattr(error, "sqlstate", None) or (found[1] if found else "")


def _details(error: Exception) -> dict[str, str]:
    pairs = getattr(error, "details", None) or []
    return {_text(name).removeprefix("PG_DIAG_"): _text(value) for name, value in pairs}


def _primary(error: Exception) -> str:
    """The message itself, without the lines that quote the statement."""
    said = _details(error).get("MESSAGE_PRIMARY") or str(error).partition("\nQuery was:")[0]
    return _one_line(said)


def _is_lost(state: str, said: str) -> bool:
    if state:
        return state.startswith(_UNAVAILABLE) and state != _PROTOCOL_VIOLATION
    return bool(_LOST.search(said))


def _told(error: Exception, state: str, said: str) -> str:
    details = _details(error)
    if state and not state.startswith(_QUOTES_DATA) and state != _PROTOCOL_VIOLATION:
        also = details.get("MESSAGE_DETAIL", "") if state == "2BP01" else ""  # the views that need a table
        if state == "42883" and "levenshtein" in said:
            also = "an owner of the database must run CREATE EXTENSION fuzzystrmatch;"
        return f"{said}: {_one_line(also)}" if also else said
    kind = _KINDS.get(state) or _kind_in(said) or f"a value does not do (SQLSTATE {state or 'unknown'})"
    in_copy = re.search(r"COPY .*, column (\w+)$", _one_line(details.get("CONTEXT", "")))
    column = details.get("COLUMN_NAME") or (in_copy[1] if in_copy else "")
    return kind + (f", in column {column}" if column else "") + "; the value is not shown."


def _kind_in(said: str) -> str | None:
    """The kind of an error that came without its SQLSTATE, by the words of PostgreSQL's English message."""
    known = {
        "division by zero": "22012",
        "invalid input syntax": "22P02",
        "out of range": "22003",
        "value overflows": "22003",
        "date/time field value": "22008",
        "cannot convert NaN": "NaN",
    }
    return next((_KINDS[state] for words, state in known.items() if words in said), None)


def _text(value: str | bytes) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _one_line(text: str) -> str:
    return "".join(character for character in " ".join(text.split()) if character.isprintable())
