"""Python source as bytes and as a tree at the same time, so that a part of it can be replaced exactly."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from bisect import bisect_right
from dataclasses import dataclass

from agent_gate.syntax import parse_python

MAX_BYTES = 1024 * 1024
_LINE_END = re.compile(rb"\r\n|\r|\n")
_ENCODINGS = re.compile(r"(utf-8|utf-8-sig|ascii|us-ascii|iso-8859-\d+|iso-8859-\d+-\w+|latin-1|cp125\d)\Z")
"""Encodings in which a line feed is a line feed and nothing else is."""


class SourceError(ValueError):
    """The file cannot be read as Python; the message says why."""


@dataclass(frozen=True)
class Source:
    """One module: its text in UTF-8, its tree, and where each line of the tree begins."""

    data: bytes
    encoding: str
    tree: ast.Module
    starts: tuple[int, ...]
    """The offset in `data` of each line as Python counts them: a lone carriage return ends one too."""
    feeds: tuple[int, ...]
    """The offsets of the line feeds: git counts these alone."""

    def offset(self, line: int, column: int) -> int:
        """Where a position of the tree lies in `data`."""
        return self.starts[line - 1] + column

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Where a node begins and ends in `data`."""
        if node.end_lineno is None or node.end_col_offset is None:
            raise SourceError("the tree has no end positions")
        return self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno, node.end_col_offset)

    def line_at(self, offset: int) -> int:
        """The number of the line that holds an offset, as git and an editor count."""
        return bisect_right(self.feeds, offset - 1) + 1

    def line_length(self, line: int) -> int:
        """How many bytes a line has, as git counts lines."""
        start = self.feeds[line - 2] + 1 if line > 1 else 0
        return (self.feeds[line - 1] if line <= len(self.feeds) else len(self.data)) - start

    def around(self, start: int, end: int) -> tuple[int, int]:
        """Where the whole lines begin and end that hold a span."""
        last = self.data.find(b"\n", end)
        return self.data.rfind(b"\n", 0, start) + 1, len(self.data) if last < 0 else last


def read_source(content: bytes) -> Source:
    """Reads a module. Raises SourceError for what this Python cannot parse, or what is too large."""
    if len(content) > MAX_BYTES:
        raise SourceError(f"it has more than {MAX_BYTES // 1024 // 1024} MiB")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        text = content.decode(encoding)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape in the candidate is not our warning
            tree = parse_python(text)
    except SyntaxError as error:
        raise SourceError(f"it cannot be parsed: {error.msg} (line {error.lineno or 0})") from None
    except (ValueError, LookupError, RecursionError, MemoryError) as error:
        raise SourceError(f"it cannot be parsed: {type(error).__name__}") from None
    if not _ENCODINGS.match(encoding.lower()):
        raise SourceError(f"its encoding is {encoding[:40]}")
    data = text.encode()
    return Source(
        data=data,
        encoding=encoding,
        tree=tree,
        starts=(0, *(found.end() for found in _LINE_END.finditer(data))),
        feeds=tuple(found.start() for found in re.finditer(rb"\n", data)),
    )
