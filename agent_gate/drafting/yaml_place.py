"""Changes a YAML file in place: each new key where a reader looks for it, each comment where it was."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

import yaml
from ruamel.yaml.comments import CommentedMap, CommentedSeq

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def insert(mapping: CommentedMap, name: str, value: Any, order: Sequence[str], lines: Sequence[str]) -> None:
    """Puts a new key before the first one that comes later in the `order`.

    Not between a key and the comment above it: ruamel keeps such a comment with the key before, and the
    new key would come to stand under it. `lines` are those of the file that the mapping was read from.
    """
    later = frozenset(order[order.index(name) + 1 :])
    places = (
        at for at, key in enumerate(mapping) if key in later and not _has_comment_above(mapping, key, lines)
    )
    mapping.insert(next(places, len(mapping)), name, value)


def replace_items(before: CommentedSeq, items: Sequence[Any]) -> None:
    """Gives a list other items and keeps its style, and the quotes and comments of what stays."""
    old = list(before)
    if old == list(items):
        return
    steps = SequenceMatcher(None, list(map(repr, old)), list(map(repr, items)), autojunk=False).get_opcodes()
    for _, first, last, start, end in reversed([step for step in steps if step[0] != "equal"]):
        shared = min(last - first, end - start)
        for offset in range(shared):
            before[first + offset] = items[start + offset]
        for at in range(last - 1, first + shared - 1, -1):
            del before[at]
        for offset in range(shared, end - start):
            before.insert(first + offset, items[start + offset])


def replace_keys(before: CommentedMap, table: CommentedMap) -> None:
    """Gives a table other keys, in their order, and keeps the comments of those that stay."""
    for name in [name for name in before if name not in table]:
        del before[name]
    for at, (name, value) in enumerate(table.items()):
        if name not in before:
            before.insert(at, name, value)
        elif before[name] != value:
            before[name] = value
    if list(before) != list(table):
        for name, value in [(name, before[name]) for name in table]:
            del before[name]
            before[name] = value


def with_comments_above(text: str, before: str) -> str:
    """Puts back comments that went with a removed neighbour, above the lines that they stood above.

    ruamel keeps the comment above a key with the value before it, and loses it with that value. `before` is
    the file as it was, `text` the new one. What the file means is not changed by that; where ruamel wrote
    something that is no YAML, the result is empty.
    """
    if not before.strip():
        return text
    means = _meaning(text)
    commented = _commented(text, before)
    return "" if means is None else commented if _meaning(commented) == means else text


def _meaning(text: str) -> object:
    """Keys and values, all as texts; None where it is no YAML."""
    try:
        return yaml.load(text, Loader=_PLAIN_LOADER)  # noqa: S506 - BaseLoader makes texts, lists and tables only
    except yaml.YAMLError:
        return None


def _commented(text: str, before: str) -> str:
    lines, written = before.split("\n"), text.split("\n")
    comments = _comment_lines(before, lines)
    block: list[str] = []
    for at, line in enumerate(lines):
        if at in comments:
            block.append(line)
            continue
        if line.strip() and line in written:
            place = written.index(line)
            written[place:place] = [above for above in block if above not in written]
        block = block if block and not line.strip() and at == len(lines) - 1 else []
    end = len(written) - (not written[-1])
    written[end:end] = [above for above in block if above not in written]
    return "\n".join(written)


def _comment_lines(text: str, lines: Sequence[str]) -> frozenset[int]:
    """The lines that are nothing but a comment; a `#` in a text of several lines begins none."""
    found = {at for at, line in enumerate(lines) if line.lstrip().startswith("#")}
    if not found:
        return frozenset()
    for token in yaml.scan(text, Loader=_LOADER):
        if isinstance(token, yaml.ScalarToken):
            found.difference_update(range(token.start_mark.line + 1, token.end_mark.line))
    return frozenset(found)


def _has_comment_above(mapping: CommentedMap, key: str, lines: Sequence[str]) -> bool:
    known = mapping.lc.data or {}
    line = known[key][0] if key in known else 0
    return 0 < line <= len(lines) and lines[line - 1].lstrip().startswith("#")
