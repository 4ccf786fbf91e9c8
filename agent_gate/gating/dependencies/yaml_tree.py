"""YAML of others as plain mappings, lists and texts, from libyaml's events.

The usual constructor follows nesting by recursion in C, and a file of brackets alone ends the process.
"""

from __future__ import annotations

from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

_DEEPEST = 30
_LARGEST = 8 * 1024 * 1024
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Node = dict[str, Any] | list[Any]


def read_yaml(text: str) -> Any:
    """The first document, its scalars as texts; raises ValueError for what no lock file holds.

    That is: aliases, keys that are no texts or stand there twice, and nesting beyond 30 levels.
    """
    if len(text) > _LARGEST:
        raise ValueError(f"it is larger than {_LARGEST // (1024 * 1024)} MiB")
    tree = _Tree()
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            tree.take(event)
    except yaml.YAMLError as error:
        raise ValueError(str(error).splitlines()[0]) from None
    return tree.root[0] if tree.root else None


class _Tree:
    """What the events so far make; the containers that are still open lie in `_open`."""

    def __init__(self) -> None:
        self.root: list[Any] = []
        self._open: list[tuple[_Node, list[str]]] = [(self.root, [])]
        """Each with the key that waits for its value."""

    def take(self, event: Event) -> None:
        """Takes the next event."""
        if isinstance(event, AliasEvent):
            raise ValueError("it holds an alias")  # noqa: TRY004 - what a file says is no type error
        if isinstance(event, ScalarEvent):
            self._add(event.value)
        elif isinstance(event, MappingStartEvent | SequenceStartEvent):
            if len(self._open) > _DEEPEST:
                raise ValueError("it is nested too deep")
            node: _Node = {} if isinstance(event, MappingStartEvent) else []
            self._add(node)
            self._open.append((node, []))
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            self._open.pop()

    def _add(self, value: Any) -> None:
        node, waiting = self._open[-1]
        if isinstance(node, list):
            node.append(value)
        elif waiting:
            node[waiting.pop()] = value
        elif not isinstance(value, str) or value in node:
            raise ValueError(f"{str(value)[:80]!a} cannot be a key, or is one twice")
        else:
            waiting.append(value)
