"""Finds the path that a reply gives to a code block: a line before it, in it, or its info string."""

from __future__ import annotations

import re

_LONGEST = 300
_LIST_OR_HEADING = re.compile(r"(?:#{1,6}|[-*+]|\d{1,3}[.)])[ \t]+")
_NAMED = re.compile(
    r"(?:new file|updated file|full file|file ?name|file ?path|file|path|create|update|modify|edit)[ \t]*[:=][ \t]*",
    re.IGNORECASE,
)
_REMARK = re.compile(r"[ \t]+\([A-Za-z ,]{1,40}\)$")
_EXTENSION = re.compile(r"\.[A-Za-z][A-Za-z0-9_+-]{0,11}$")
_USUAL_EXTENSION = re.compile(
    r"\.(?:c|cfg|conf|cpp|cs|css|csv|go|h|hpp|html|ini|java|js|json|jsx|kt|lock|md|php|pyi?|rb|rs|rst|scss|sh|sql"
    r"|swift|toml|ts|tsx|txt|xml|ya?ml)$"
)
_NOT_IN_PLAIN_PATH = frozenset("<>|\"*?;,()=`'")
_QUOTED = re.compile(r"`([^`]{1,300})`")
_COMMENT = re.compile(r"(?:#|//|--|;|/\*|<!--)[ \t]*(?P<text>[^\s].*?)[ \t]*(?:\*/|-->)?$")
_WRAPPERS = "*`\"' \t:"


def path_label(line: str) -> str | None:
    """The path, where the line says a path and nothing else.

    Headings, bullets, numbers, bold, backticks, `File:`, a final colon and `(new file)` may stand
    around it.
    """
    text = line.strip()
    if not text or len(text) > _LONGEST:
        return None
    while match := _LIST_OR_HEADING.match(text):
        text = text[match.end() :].lstrip()
    text = _REMARK.sub("", text.strip("* \t").rstrip(":"))
    bare = text.strip(_WRAPPERS)
    named = _NAMED.match(bare)
    if named:
        bare = _REMARK.sub("", bare[named.end() :]).strip(_WRAPPERS)
    explicit = named is not None or _QUOTED.fullmatch(text.strip("* \t:")) is not None
    return bare if _looks_like_path(bare, explicit=explicit) else None


def comment_label(line: str) -> str | None:
    """The path that the first line of a code block says in a comment, or bare."""
    match = _COMMENT.match(line.strip()[:_LONGEST])
    return path_label(match["text"]) if match else path_label(line)


def mentioned_path(line: str) -> str | None:
    """The one path that a sentence speaks of; None where it speaks of none, or of several."""
    if len(line) > _LONGEST:
        return None
    found = {text for text in _QUOTED.findall(line) if _is_usual_path(text)}
    if not found:
        words = (word.strip("*\"'():,;.") for word in line.replace("`", " ").split())
        found = {word for word in words if "/" in word and _is_usual_path(word)}
    return found.pop() if len(found) == 1 else None


def info_path(info: str) -> str | None:
    """The path in the info string of a fence: `python a/b.py`, `python:a/b.py`, `py title="b.py"`."""
    for position, token in enumerate(info.strip().strip("{}").split()[:8]):
        text = token.partition("=")[2] if "=" in token else token
        text = text.strip("\"'`")
        language, colon, rest = text.partition(":")
        if colon and language.isalnum():
            text = rest
        if _is_usual_path(text) and ("/" in text or colon or position or "=" in token):
            return text
    return None


def _is_usual_path(text: str) -> bool:
    """Stricter than a label: what stands in a sentence is a path only with a usual extension."""
    return _looks_like_path(text) and _USUAL_EXTENSION.search(text) is not None


def _looks_like_path(text: str, *, explicit: bool = False) -> bool:
    if not text or "://" in text or "::" in text or text.endswith("/"):
        return False
    if explicit:
        return "/" in text or len(text.split()) == 1
    if any(char in _NOT_IN_PLAIN_PATH or char.isspace() for char in text):
        return False
    return "/" in text or _EXTENSION.search(text) is not None
