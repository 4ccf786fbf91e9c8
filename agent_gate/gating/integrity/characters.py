"""Characters that make a text look other than it is: bidi controls, invisible ones, terminal escapes.

Sources: Boucher, Anderson, "Trojan Source: Invisible Vulnerabilities" (2021), CVE-2021-42574; Unicode
Technical Standard 39 and 55. Whatever a script needs (joiners in Persian or Hindi, emoji sequences, a mark
at the beginning of a file) is left alone, and so are right-to-left letters themselves.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator

from agent_gate.domain.gate import Level
from agent_gate.domain.visible import visible_line
from agent_gate.gating.diff import FileDiff, Line
from agent_gate.gating.integrity.sign import Sign

BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_MARKS = frozenset("\u200e\u200f\u061c")
_PLAIN_KINDS = {**dict.fromkeys(BIDI, "bidi"), **dict.fromkeys(_MARKS, "mark"), "\u00ad": "soft"}
_JOINERS = frozenset("\u200c\u200d")
_SPACELIKE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u2028\u2029")
"""Seen as nothing, or as the end of a line, though Unicode does not call them format characters."""
_JOINED_SCRIPTS = (
    "ARABIC", "SYRIAC", "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA", "TAMIL", "TELUGU", "KANNADA",
    "MALAYALAM", "SINHALA", "KHMER", "MYANMAR", "MONGOLIAN", "TIBETAN", "NKO", "THAANA", "KAITHI",
)  # fmt: skip
_FLAG = "\U0001f3f4"
_FLAG_END = "\U000e007f"
_LONGEST_FLAG = 7
_ORDINARY = frozenset("\t\n\f")
_CHARACTERS = 200_000
"""Of a longer line no more is looked at; it is told."""


def line_signs(diff: FileDiff, *, is_prose: bool, is_test: bool, is_code: bool) -> Iterator[Sign]:
    """What the added lines hold that the removed ones did not."""
    is_text = is_code or _is_utf8(diff.after or b"")
    known = Counter(_normal(line.text) for line in diff.removed)
    before = Counter(found for line in diff.removed for found, _ in hidden(line.text, first=line.number == 1))
    for line in diff.added:
        if line.text.isascii() and line.text.isprintable():
            continue
        text = _normal(line.text)
        if known[text] > 0:
            known[text] -= 1
            continue
        for character, kind in _each(line, is_code=is_code):
            if before[character] > 0:
                before[character] -= 1
                continue
            level = _level(kind, is_prose=is_prose, is_lenient=is_test or not is_text, is_code=is_code)
            if level is not None:
                yield _sign(line, character, kind, level)
                break


def hidden(text: str, *, first: bool = False) -> Iterator[tuple[str, str]]:
    """The characters of a line that a reader cannot see, with their kind; `first`: of the file's first line."""
    for index, character in enumerate(text[:_CHARACTERS]):
        if character.isascii():
            if not character.isprintable() and character not in _ORDINARY:
                yield character, "control"
        elif kind := _kind(text, index, first=first):
            yield character, kind


def _each(line: Line, *, is_code: bool) -> Iterator[tuple[str, str]]:
    text = line.text.removesuffix("\r")
    for character, kind in hidden(text, first=line.number == 1):
        if character == "\r":
            yield character, "return" if is_code else ""
        else:
            yield character, kind
    if len(text) > _CHARACTERS:
        yield "", "long"


def _is_utf8(content: bytes) -> bool:
    """A picture or an archive without zero bytes is no text: there the characters mean nothing."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _normal(text: str) -> str:
    return text.strip(" \t\r")


def _kind(text: str, index: int, *, first: bool) -> str:
    """What is wrong with one character that is not ASCII; empty where its neighbours explain it."""
    character = text[index]
    plain = _PLAIN_KINDS.get(character) or ("control" if unicodedata.category(character) == "Cc" else "")
    if plain:
        return plain
    if character in _JOINERS:
        explained = _is_joined(text, index)
    elif _is_selector(character):
        explained = _selects(text, index)
    elif 0xE0000 <= ord(character) <= 0xE007F:
        explained = _is_flag(text, index)
    elif unicodedata.category(character) == "Cf":
        of_a_script = unicodedata.name(character, "").startswith(("ARABIC", "SYRIAC", "KAITHI"))
        explained = of_a_script or (character == "\ufeff" and first and index == 0)
    else:
        explained = character not in _SPACELIKE
    return "" if explained else "invisible"


def _is_joined(text: str, index: int) -> bool:
    """Between letters of a script that joins, or between two emoji."""
    before, after = text[index - 1 : index], text[index + 1 : index + 2]
    if not before or not after:
        return bool(before) and _joins(before)
    return (_joins(before) and (_joins(after) or not after.isalnum())) or (
        _is_emoji(before) and _is_emoji(after)
    )


def _joins(character: str) -> bool:
    return unicodedata.name(character, "").startswith(_JOINED_SCRIPTS)


def _is_emoji(character: str) -> bool:
    return unicodedata.category(character) in {"So", "Sk"} or _is_selector(character) or character in "♀♂⚕⚖"


def _is_selector(character: str) -> bool:
    code = ord(character)
    return 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF or 0x180B <= code <= 0x180F


def _selects(text: str, index: int) -> bool:
    """One selector behind a character that can have variants; a row of them carries hidden bytes."""
    before = text[index - 1 : index]
    if not before or _is_selector(before):
        return False
    code = ord(text[index])
    if code in {0xFE0E, 0xFE0F}:
        return before in "0123456789#*" or unicodedata.category(before) in {
            "So",
            "Sm",
            "Po",
            "Sk",
            "Pd",
            "Nd",
            "Lo",
            "Ll",
        }
    name = unicodedata.name(before, "")
    return name.startswith(("CJK", "MONGOLIAN", "MYANMAR")) or unicodedata.category(before) == "Sm"


def _is_flag(text: str, index: int) -> bool:
    """The tags of a flag such as Scotland's: a black flag, at most six tags, the end tag."""
    start = text.rfind(_FLAG, max(0, index - _LONGEST_FLAG), index)
    end = text.find(_FLAG_END, index, index + _LONGEST_FLAG + 1)
    if start < 0 or end < 0 or end - start > _LONGEST_FLAG:
        return False
    return all(0xE0000 <= ord(character) <= 0xE007F for character in text[start + 1 : end])


def _level(kind: str, *, is_prose: bool, is_lenient: bool, is_code: bool) -> Level | None:
    if kind == "bidi":
        return "ask" if (is_prose or is_lenient) and not is_code else "block"
    if kind == "mark":
        return "ask" if is_code else None
    if kind in {"soft", "long"}:
        return "ask" if is_code else None
    if kind == "control" and not is_code:
        return "ask" if is_lenient else "block"
    if kind == "invisible" and (is_prose or is_lenient) and not is_code:
        return "ask"
    return "block" if kind else None


def _sign(line: Line, character: str, kind: str, level: Level) -> Sign:
    if kind == "long":
        message = "the line is too long to look for invisible characters in all of it: look at what stands at its end"
        return Sign("characters", line.number, visible_line(line.text[:200]), message, level)
    name = unicodedata.name(character, "control character")
    what = {
        "bidi": "turns the direction of the text",
        "control": "is obeyed by terminals",
        "return": "ends a line where no one sees it",
    }
    message = (
        f"U+{ord(character):04X} ({name.lower()}) {what.get(kind, 'cannot be seen')}: look at the line as it is written out here, "
        "and whether the character is needed"
    )
    return Sign(
        "characters", line.number, visible_line(line.text)[:200], message, level, detail=f"{ord(character):x}"
    )
