"""HTML and SVG built from elements: whatever is not markup already is text, and escaped."""

from html import escape


class Markup(str):
    """Text that is HTML; made by `element` and `joined` alone."""

    __slots__ = ()


def element(name: str, /, *children: str | None, **attributes: str | float | bool | None) -> Markup:
    """An element; children and attributes that are null are left out.

    A trailing or inner `_` of an attribute's name is dropped or a hyphen: `class_`, `aria_label`. One that is true has
    no value.
    """
    written = "".join(
        _attribute(key, value) for key, value in attributes.items() if value is not None and value is not False
    )
    if name in _EMPTY:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{joined(*children)}</{name}>")


def joined(*parts: str | None) -> Markup:
    """The parts one after another."""
    return Markup("".join(part if isinstance(part, Markup) else escape(part) for part in parts if part is not None))


def trusted(text: str) -> Markup:
    """The project's own style sheet or script, which is not to be escaped."""
    return Markup(text)


_EMPTY = {"meta", "br", "hr", "input", "link"}


def _attribute(key: str, value: str | float | bool) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return f' {name}="{escape(text)}"'
