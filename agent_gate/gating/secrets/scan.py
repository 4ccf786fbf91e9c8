"""The secrets that a change adds: in the lines of its files, also of binary ones, and in their names."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from agent_gate.domain.secret import Secret, find_secrets, find_tokens
from agent_gate.domain.secret_place import place_of
from agent_gate.gating.diff import FileDiff
from agent_gate.gating.secrets.allowed import digest
from agent_gate.gating.secrets.spelled import Spelled, spelled_secrets
from agent_gate.gating.secrets.stores import key_store, stored_secrets


class Hit(NamedTuple):
    """A secret in a changed file. `line` is 0 where it is the file itself, or its name."""

    path: str
    line: int
    rule: str
    title: str
    shown: str
    introduced: bool


def added_secrets(diffs: Iterable[FileDiff], allowed: Iterable[str]) -> Iterator[Hit]:
    """What the change adds and the base does not allow; what it only moves is told, and is not new."""
    diffs = tuple(diffs)
    allow = frozenset(allowed)
    known = _Known(diffs)
    for diff in diffs:
        if diff.after is None or diff.after == diff.before or digest(diff.after) in allow:
            continue
        yield from _named(diff, allow)
        store = key_store(diff.path, diff.after)
        if store:
            shown = Secret(0, 0, "", "", diff.after.decode("latin-1")).shown
            yield Hit(diff.path, 0, "key-store", store, shown, introduced=True)
        for secret, line in _added(diff):
            if digest(secret.value.encode(errors="surrogatepass")) not in allow:
                yield Hit(
                    diff.path, line, secret.rule, secret.title, secret.shown,
                    introduced=secret.value not in known.values,
                )  # fmt: skip


def _named(diff: FileDiff, allow: frozenset[str]) -> Iterator[Hit]:
    if diff.path == diff.old_path:
        return
    for secret in find_tokens(diff.path):
        if digest(secret.value.encode(errors="surrogatepass")) not in allow:
            yield Hit(
                diff.path, 0, secret.rule, f"{secret.title} in the file's name", secret.shown, introduced=True
            )


def _added(diff: FileDiff) -> Iterator[tuple[Secret, int]]:
    """Each secret that stands, also in part, on an added line, with its first line."""
    assert diff.after is not None  # noqa: S101 - the caller looked
    seen: set[tuple[str, int]] = set()
    for text, secrets in _read(diff.path, diff.after):
        lines = _LineStarts(text)
        added = _AddedLines(diff)
        for secret in secrets:
            first, last = lines.number(secret.start), lines.number(max(secret.start, secret.end - 1))
            if added.touch(first, last) and (secret.value, first) not in seen:
                seen.add((secret.value, first))
                yield secret, first
    told, added = {value for value, _ in seen}, _AddedLines(diff)
    for spelled in _spelled(diff.path, diff.after):
        if added.touch(spelled.first, spelled.last) and spelled.secret.value not in told:
            told.add(spelled.secret.value)
            yield spelled.secret, spelled.first


def _read(path: str, content: bytes) -> Iterator[tuple[str, list[Secret]]]:
    """A file's text, and the secrets in it. Of a binary file also without zero bytes, which is what wide
    characters (UTF-16) come to.
    """
    if b"\0" in content:
        text = content.decode("latin-1")
        for each in (text, text.replace("\0", "")):
            yield each, find_tokens(each)
        return
    text = content.decode(errors="replace")
    place = place_of(path)
    found = find_secrets(text, place)
    if place == "secret file":
        found += stored_secrets(path, text)
    yield text, found


def _spelled(path: str, content: bytes) -> Iterator[Spelled]:
    """What a Python file puts together, which no line of it shows."""
    yield from spelled_secrets(path, content, place_of(path))


class _LineStarts:
    """Where the lines of a text begin."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _starts(self) -> list[int]:
        starts, position = [0], self._text.find("\n")
        while position >= 0:
            starts.append(position + 1)
            position = self._text.find("\n", position + 1)
        return starts

    def number(self, position: int) -> int:
        return bisect_right(self._starts, position)


class _AddedLines:
    """The lines that the change adds; all of them where the base has no such file."""

    def __init__(self, diff: FileDiff) -> None:
        self._all = diff.before is None
        self._spans = [(h.new_start, h.new_start + h.new_count - 1) for h in diff.hunks if h.new_count]
        self._starts = [first for first, _ in self._spans]

    def touch(self, first: int, last: int) -> bool:
        at = bisect_right(self._starts, last) - 1
        return self._all or (at >= 0 and self._spans[at][1] >= first)


def _all(path: str, content: bytes) -> Iterator[Secret]:
    for _, secrets in _read(path, content):
        yield from secrets
    yield from (spelled.secret for spelled in _spelled(path, content))


class _Known:
    """The secrets that the base's side of the changed files holds already; read only when asked for."""

    def __init__(self, diffs: Sequence[FileDiff]) -> None:
        self._diffs = diffs

    @cached_property
    def values(self) -> frozenset[str]:
        return frozenset(
            secret.value
            for diff in self._diffs
            if diff.before is not None
            for secret in _all(diff.old_path, diff.before)
        )
