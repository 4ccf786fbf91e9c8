"""The text of an issue as its parts: title, headings, and the items and sentences under each."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

_MOST_CHARACTERS = 100_000
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[@-Z\\^_a-z0-9=>()])?")
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})
_HTML_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_FENCE = re.compile(r"\s*(```+|~~~+)")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s+(?P<text>.*?)\s*#*\s*$")
_BOLD_HEADING = re.compile(r"\s*(?:\*\*|__)(?P<text>[^*_]{2,60})(?:\*\*|__)\s*:?\s*$")
_COLON_HEADING = re.compile(r"(?P<text>[A-Z][A-Za-z' ]{2,40}):\s*$")
_UNDERLINE = re.compile(r"\s{0,3}(=+|-{3,})\s*$")
_ITEM = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)])\s+(?P<task>\[[ xX]\]\s+)?(?P<text>\S.*)$")
_QUOTE = re.compile(r"(?:\s*>)+\s?")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9\"'`(“])")
_HEADER = re.compile(r"(?P<name>[a-z]+):\s*(?P<value>.*)")
_LONGEST_TITLE = 100
_FORM_HEADING = re.compile(
    r"(?:describe|description|summary|bug report|feature request|what|is your|problem|motivation|steps|expected|actual|environment|context|proposal|goal)\b",
    re.IGNORECASE,
)
"""Headings that a form gives, and that are no title."""


class Part(NamedTuple):
    """One item of a list, or one sentence."""

    text: str
    heading: str
    """The heading that it stands under; empty before the first."""
    is_item: bool = False
    is_task: bool = False


class Issue(NamedTuple):
    """An issue, in its own words."""

    title: str
    parts: tuple[Part, ...]


def read_issue(text: str) -> Issue:
    """Reads what a forge shows or its command line prints (`gh issue view`). Code blocks are passed over."""
    header, lines = _without_header(cleaned(text).split("\n"))
    title, lines = _titled(header.get("title", ""), lines)
    parts = tuple(_parts(lines))
    if not title and parts and len(parts[0].text) <= _LONGEST_TITLE:
        title = parts[0].text.rstrip(".")  # a form's text begins with a heading of the form
    return Issue(title, parts)


def cleaned(text: str) -> str:
    """Without escape sequences, invisible characters and comments that a template left."""
    text = text[:_MOST_CHARACTERS].replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    text = re.sub("[\u2028\u2029\x85\x0b\x0c]", "\n", _ESCAPE.sub("", text))
    kept = (c for c in text if c == "\n" or unicodedata.category(c) not in _HIDDEN)
    return _HTML_COMMENT.sub("", "".join(kept))


def _without_header(lines: list[str]) -> tuple[dict[str, str], list[str]]:
    """Leaves out the lines `title: …`, `state: …` up to `--`, with which gh begins."""
    end = next((at for at, line in enumerate(lines[:20]) if line.strip() == "--"), 0)
    found = [_HEADER.fullmatch(line.strip()) for line in lines[:end]]
    if not end or not all(found):
        return {}, lines
    return {match["name"]: match["value"].strip() for match in found if match}, lines[end + 1 :]


def _titled(title: str, lines: list[str]) -> tuple[str, list[str]]:
    """The title and the rest: a heading, or the first line that says something."""
    at = next((at for at, line in enumerate(lines) if line.strip()), -1)
    if title or at < 0 or _FENCE.match(lines[at]) or _ITEM.match(lines[at]):
        return title, lines
    heading = _HEADING.match(lines[at])
    if _heading(lines[at]) and _FORM_HEADING.match(_heading(lines[at])):
        return "", lines
    told = (heading["text"] if heading else lines[at]).strip()
    told = re.sub(r"^(?:title|subject)\s*:\s*(?=\S)", "", told, flags=re.IGNORECASE)
    rest = lines[at + 1 :]
    if rest and _UNDERLINE.match(rest[0]):
        rest = rest[1:]
    return told, rest


def _parts(lines: list[str]) -> Iterator[Part]:
    heading, fence = "", ""
    paragraph: list[str] = []
    open_item: Part | None = None

    def closed() -> Iterator[Part]:
        nonlocal open_item
        if open_item is not None:
            yield open_item._replace(text=" ".join([open_item.text, *paragraph]))
        elif paragraph:
            yield from (Part(each, heading) for each in _SENTENCE_END.split(" ".join(paragraph)))
        open_item = None
        paragraph.clear()

    for raw in lines:
        line = _QUOTE.sub("", raw, count=1) if raw.lstrip().startswith(">") else raw
        mark = _FENCE.match(line)
        if fence or mark:
            yield from closed()
            fence = _fence_after(fence, mark[1] if mark else "", line)
        elif found := _heading(line):
            yield from closed()
            heading = found
        elif item := _ITEM.match(line):
            yield from closed()
            open_item = Part(item["text"].strip(), heading, is_item=True, is_task=bool(item["task"]))
        elif not line.strip() or _UNDERLINE.match(line):
            yield from closed()
        else:
            paragraph.append(line.strip())
    yield from closed()


def _fence_after(fence: str, mark: str, line: str) -> str:
    """The fence that is open behind this line."""
    if not fence:
        return mark
    closes = mark[:1] == fence[:1] and len(mark) >= len(fence) and line.strip() == mark
    return "" if closes else fence


def _heading(line: str) -> str:
    for kind in (_HEADING, _BOLD_HEADING, _COLON_HEADING):
        if found := kind.match(line):
            return found["text"].strip(" :*_")
    return ""
