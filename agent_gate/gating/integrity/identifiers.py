"""Names that look like other names: letters of two scripts in one word, or letters that Python reads as others.

Source: Unicode Technical Standard 39, "Confusable Detection" (its table is large; these are the letters that are
the same to the eye in most fonts). Names wholly in one script are honest, and so are Greek letters of formulas.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterator

from agent_gate.domain.visible import quoted
from agent_gate.gating.diff import Line
from agent_gate.gating.integrity.sign import Sign
from agent_gate.gating.integrity.source import Source

RULE = "look-alike-name"
_LOOK_ALIKES = dict(
    zip(
        "аеорсухіјѕһԁԛԝӏАВЕКМНОРСТУХІЈЅԌԚԜονΑΒΕΖΗΙΚΜΝΟΡΤΥΧօսհոցԼՕՍꓐꓑꓒꓓ",
        "aeopcyxijshdqwlABEKMHOPCTYXIJSGQWovABEZHIKMNOPTYXouhngLOUBPDD",
        strict=True,
    )
)
_WORD = re.compile(r"[^\W\d_]+")


def python_signs(source: Source) -> Iterator[Sign]:
    """Names in Python source, as its own tokens say; strings and comments may hold anything."""
    if source.content.isascii():
        return
    plain = {name.text for name in source.identifiers if name.text.isascii()} | set(keyword.kwlist)
    for name in source.identifiers:
        if not name.text.isascii() and (why := _deceives(name.text, plain)):
            yield _sign(name.line, source.line(name.line), name.text, why)


def line_signs(lines: tuple[Line, ...]) -> Iterator[Sign]:
    """Words of other languages, where strings and comments cannot be told from names: mixed words only."""
    for line in lines:
        if line.text.isascii():
            continue
        for word in _WORD.findall(line.text[:10_000]):
            if not word.isascii() and _is_mixed(word):
                yield _sign(line.number, line.text, word, "mixes letters of two scripts that look alike")
                break


def _sign(line: int, text: str, name: str, why: str) -> Sign:
    letters = ", ".join(
        dict.fromkeys(f"U+{ord(c):04X} {unicodedata.name(c, '?').lower()}" for c in name if not c.isascii())
    )
    message = f"{quoted(name)} {why}: look at its letters one by one ({letters[:200]})"
    return Sign(RULE, line, text, message, detail=name)


def _deceives(name: str, plain: set[str]) -> str:
    normal = unicodedata.normalize("NFKC", name)
    if normal.isascii():
        return f"is read as {normal!r} by Python"
    if any(_is_mixed(word) for word in _WORD.findall(name)):
        return "mixes letters of two scripts that look alike"
    skeleton = "".join(_LOOK_ALIKES.get(character, character) for character in normal)
    if skeleton.isascii() and skeleton in plain:
        return f"looks like {skeleton!r}, which is another name"
    return ""


def _is_mixed(word: str) -> bool:
    """Latin letters, and among them one of another script that looks Latin."""
    return any(character in _LOOK_ALIKES for character in word) and any(
        character.isascii() or unicodedata.name(character, "").startswith("LATIN") for character in word
    )
