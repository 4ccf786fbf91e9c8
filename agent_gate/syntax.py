"""Python's syntax trees, made by one thread at a time."""

from __future__ import annotations

import ast
import threading

_turn = threading.Lock()


def parse_python(source: str | bytes) -> ast.Module:
    """`ast.parse` for several threads.

    Until Python 3.13 all of them count their depth in the same place, and one that another one interrupts
    can fail with a SystemError about nothing in the source (CPython issue 106905). Raises what `ast.parse`
    raises: SyntaxError, ValueError, RecursionError, MemoryError.
    """
    with _turn:
        return ast.parse(source)
