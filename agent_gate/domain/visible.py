"""Text that cannot deceive a reader: what a terminal would hide or obey is shown instead.

Covers control characters (escape sequences among them), bidirectional overrides and other invisible
format characters (Boucher, Anderson, "Trojan Source", 2021; Unicode categories Cc, Cf, Co, Cs, Zl, Zp).
"""

from __future__ import annotations

import unicodedata

_SHOWN_AS_IT_IS = frozenset("\n\t")
_QUOTED = 80
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})


def visible(text: str) -> str:
    r"""The text with every hidden or obeyed character written out, as in `\x1b` or `\u202e`."""
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(_shown(character) for character in text)


def visible_line(text: str) -> str:
    """As `visible`, on one line: newlines and tabs become spaces."""
    return visible(" ".join(text.split("\n")).replace("\t", " "))


def writable(text: str) -> str:
    """The text as UTF-8 can write it: halves of characters (of a file's name, say) stand as escapes."""
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def quoted(text: str) -> str:
    """The text in quotes for a message, cut where it is long."""
    return repr(text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…")


def has_hidden(text: str) -> bool:
    """Whether anything in the text would be hidden or obeyed."""
    return visible(text) != text


def _shown(character: str) -> str:
    if character in _SHOWN_AS_IT_IS or unicodedata.category(character) not in _HIDDEN:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
