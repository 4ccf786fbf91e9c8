"""Path patterns in the gitignore style, relative to the repository's root.

Source: gitignore(5), "PATTERN FORMAT", and git's wildmatch.c for what the page leaves open; without
negation, a leading `/`, `..`, escapes and named character classes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator

_BRACKET = re.compile(r"\[[!^]?+\]?+[^\]]*\]")
"""A bracket expression; a `]` that stands first in it is an ordinary character."""


def pattern_problem(pattern: str) -> str:
    """Why the pattern is refused, or an empty string."""
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


def _check(pattern: str) -> str:
    if problem := pattern_problem(pattern):
        raise ValueError(f"{pattern!r}: {problem}")
    return pattern


Pattern = Annotated[str, AfterValidator(_check)]
"""A pattern as a field of a value: refused with its problem where it is none."""


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Whether any pattern covers the file; a pattern that names a folder covers all below it."""
    return any(_compiled(pattern).fullmatch(path) for pattern in patterns)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    body = pattern.removesuffix("/")
    parts = ["" if "/" in body else "(?:.*/)?"]
    position = 0
    while position < len(body):
        if body[position] == "*":
            expression, position = _stars(body, position)
        elif bracket := _BRACKET.match(body, position):
            expression, position = _one_of(bracket.group()[1:-1]), bracket.end()
        else:
            expression = "[^/]" if body[position] == "?" else re.escape(body[position])
            position += 1
        parts.append(expression)
    # With a slash at its end a pattern names a folder, so something must lie below it.
    below = "/.*" if pattern.endswith("/") else "(?:/.*)?"
    return re.compile("".join(parts) + below, re.DOTALL)


def _stars(body: str, start: int) -> tuple[str, int]:
    """A run of stars: two or more cross folders, but only where they fill the space between slashes."""
    end = start
    while end < len(body) and body[end] == "*":
        end += 1
    opens = start == 0 or body[start - 1] == "/"
    if end - start == 1 or not opens or body[end : end + 1] not in {"", "/"}:
        return "[^/]*", end
    return (".*", end) if end == len(body) else ("(?:.*/)?", end + 1)


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
