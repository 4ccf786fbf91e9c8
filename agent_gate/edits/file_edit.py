"""What a reply asks for: one edit of one file, as it was written."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Replacement:
    """One passage of a file becomes another; an empty `search` creates the file.

    Both texts are whole lines, each ended by a newline: no line at all is the empty string.
    """

    path: str
    search: str
    replace: str
    line: int = 0
    """The line of the reply on which the edit begins, from 1."""


@dataclass(frozen=True)
class WholeFile:
    """A file as it shall be, whole; its lines are ended by newlines."""

    path: str
    content: str
    line: int = 0


FileEdit = Replacement | WholeFile
