"""Answers about git objects: an object's id says all of what it holds, so nobody has to ask twice."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sized
from threading import Lock
from typing import TypeVar, cast

T = TypeVar("T")
_HEX = frozenset("0123456789abcdef")
_LENGTHS = frozenset({40, 64})  # SHA-1, SHA-256


def is_object_id(name: str) -> bool:
    """Whether this names one object for ever: no branch, no abbreviation."""
    return len(name) in _LENGTHS and _HEX.issuperset(name)


class Answers:
    """The answers that were asked for last, up to a number of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: OrderedDict[Hashable, object] = OrderedDict()
        self._lock = Lock()

    def get(self, question: Hashable, ask: Callable[[], T], *, largest: int | None = None) -> T:
        """The answer to a question that has only one; kept, unless it is longer than the `largest` one.

        Two threads may ask at the same time.
        """
        with self._lock:
            if question in self._known:
                self._known.move_to_end(question)
                return cast("T", self._known[question])
        answer = ask()
        if largest is not None and isinstance(answer, Sized) and len(answer) > largest:
            return answer
        with self._lock:
            self._known[question] = answer
            while len(self._known) > self._most:
                self._known.popitem(last=False)
        return answer
