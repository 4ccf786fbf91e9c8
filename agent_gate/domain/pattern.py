"""Path patterns in the gitignore style, relative to the repository's root.

Source: gitignore(5), "PATTERN FORMAT", and git's wildmatch.c for what the page leaves open; without
negation, a leading `/`, `..`, escapes and named character classes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from agent_gate.domain.visible import quoted

MAX_LENGTH = 1000
_BRACKET = re.compile(r"\[[!^]?+\]?+[^\]]*\]")
"""A bracket expression; a `]` that stands first in it is an ordinary character."""


def pattern_problem(pattern: str) -> str:
    """Why the pattern is refused, or an empty string."""
    if len(pattern) > MAX_LENGTH:
        return f"a pattern has at most {MAX_LENGTH} characters"
    parts = pattern.removesuffix("/").split("/")
    problems = {
        "a pattern must not be empty": not pattern.strip(),
        "a pattern must not begin or end with a space": pattern != pattern.strip(),
        "patterns are relative: drop the leading '/'": pattern.startswith("/"),
        "negated patterns are not supported: use paths.deny": pattern.startswith("!"),
        "a pattern must not begin with '#', which gitignore reads as a comment": pattern.startswith("#"),
        "a pattern must not leave the repository with '..'": ".." in parts,
        "it can match nothing: drop the './' or the doubled '/'": "." in parts or "" in parts,
        "patterns are written with '/' and without escapes": "\\" in pattern,
        "a pattern holds no control characters": any(ord(c) < ord(" ") for c in pattern),
        "character classes such as [:alpha:] are not supported": bool(re.search(r"\[[:.=]", pattern)),
        "a '[' is never closed": "[" in _BRACKET.sub("", pattern),
    }
    return next((problem for problem, found in problems.items() if found), "")


def checked_pattern(pattern: str) -> str:
    """The pattern itself; raises ValueError with its problem where it is none."""
    if problem := pattern_problem(pattern):
        raise ValueError(f"{quoted(pattern)}: {problem}")
    return pattern


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Whether any pattern covers the file; a pattern that names a folder covers all below it."""
    return any(_compiled(pattern).fullmatch(path) for pattern in patterns)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    """The pattern as an expression that takes time in proportion to path and pattern.

    A `**` takes as few folders as it can, a `*` as few characters, and what they took is never tried again:
    whatever follows could not match better with more of it. Only the last of each may try all lengths.
    """
    body = pattern.removesuffix("/")
    anywhere = "/" not in body
    groups: list[list[str]] = [[]]
    *parents, last = _SEGMENT.findall(body)
    for segment in parents:
        if _CROSSES.fullmatch(segment):
            groups.append([])
        else:
            groups[-1].append(_segment(segment))
    groups[-1].append(".*" if _CROSSES.fullmatch(last) else _segment(last))
    first, *rest = ("/".join(group) for group in groups)
    if anywhere:
        first, rest = "", [first]
    expression = f"{first}/" if first and rest else first
    for number, group in enumerate(rest, start=1):
        if group and number < len(rest):
            expression += f"(?>{_FOLDERS}?{group}/)"
        elif group:
            expression += f"{_FOLDERS}{group}"
    # With a slash at its end a pattern names a folder, so something must lie below it.
    below = "/.*" if pattern.endswith("/") else "(?:/.*)?"
    return re.compile(expression + below, re.DOTALL)


_SEGMENT = re.compile(rf"(?:{_BRACKET.pattern}|[^/])+")
"""What stands between two slashes; a slash in brackets is none."""
_CROSSES = re.compile(r"\*{2,}")
"""As a whole segment, two or more stars stand for any number of folders."""
_FOLDERS = r"(?:[^/]*/)*"


def _segment(text: str) -> str:
    """What stands between two slashes; two stars beside anything else are as good as one."""
    pieces = [""]
    position = 0
    while position < len(text):
        if text[position] == "*":
            if pieces[-1] or len(pieces) == 1:
                pieces.append("")
            position += 1
        elif bracket := _BRACKET.match(text, position):
            pieces[-1] += _one_of(bracket.group()[1:-1])
            position = bracket.end()
        else:
            pieces[-1] += "[^/]" if text[position] == "?" else re.escape(text[position])
            position += 1
    first, *rest = pieces
    if not rest:
        return first
    *middle, last = rest
    return first + "".join(f"(?>[^/]*?{piece})" for piece in middle) + f"[^/]*{last}"


def _one_of(content: str) -> str:
    """A bracket expression's content: characters and ranges, perhaps negated; never a slash."""
    negated = content[0] in "!^"
    rest = content[1:] if negated else content
    items: list[str] = []
    position = 0
    previous = ""
    while position < len(rest):
        character = rest[position]
        if character == "-" and previous and position + 1 < len(rest):
            last = rest[position + 1]
            if previous <= last:  # a range that runs backwards holds nothing
                items.append(f"{re.escape(previous)}-{re.escape(last)}")
            previous = ""
            position += 2
        else:
            items.append(re.escape(character))
            previous = character
            position += 1
    if not items:
        return "[^/]" if negated else "(?!)"
    return f"(?!/)[{'^' if negated else ''}{''.join(items)}]"
