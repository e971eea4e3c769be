"""How PostgreSQL spells names and texts."""

from sqlglot import exp

from cdp_assets.errors import WarehouseError

_LONGEST_NAME = 63


def fold(name: str) -> str:
    """The name as PostgreSQL takes it where nothing quotes it: the letters A to Z in lower case.

    Raises:
        WarehouseError: it is longer than a name can be; PostgreSQL would cut it off.
    """
    if len(name.encode()) > _LONGEST_NAME:
        raise WarehouseError(f"the name {name!r} is too long for PostgreSQL, which has room for {_LONGEST_NAME} bytes.")
    return "".join(letter.lower() if letter.isascii() else letter for letter in name)


def quoted(name: str) -> str:
    """The name as an identifier."""
    return exp.to_identifier(name, quoted=True).sql("postgres")


def literal(text: str) -> str:
    """The text as a literal."""
    return exp.Literal.string(text).sql("postgres")
