"""The mutants of a change: at most two for each changed line, chosen by their content alone."""

from __future__ import annotations

import ast
import hashlib
from bisect import bisect_right
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from agent_gate.gating.mutation.operators import CRUDE, KINDS, QUIET, Edit, edits
from agent_gate.gating.mutation.site import Site, sites
from agent_gate.gating.mutation.source import Source, read_source

PER_LINE = 2
_MAX_LINE = 1000
"""Bytes. Whoever writes longer lines writes data."""
_MAX_SHOWN = 160


@dataclass(frozen=True)
class Mutant:
    """One small fault in one changed line."""

    path: str
    line: int
    """As git and an editor count."""
    edit: Edit
    """In the file's text as UTF-8."""
    neutral: Edit
    """A change near by that does nothing, which no test can rightly notice."""
    encoding: str
    """In which the file is written."""
    old: str
    new: str
    """The text of the line before and after."""
    lines: range
    """Of these lines, as Python counts, one is executed where the fault can matter."""
    round: int = 0
    """How many mutants of the same line come before it."""
    quiet: bool = False
    """Honest tests seldom notice it (the text of a log message, say): that it survives is not told."""

    @property
    def key(self) -> str:
        """A digest of its content; the number of the line is not part of it."""
        return hashlib.sha256(f"{self.path}\0{self.edit.kind}\0{self.old}\0{self.new}".encode()).hexdigest()


def mutants(path: str, content: bytes, changed: Collection[int]) -> tuple[Mutant, ...]:
    """The mutants of the changed lines of one file; the lines are numbered as git counts.

    The first ones of all lines come before the second ones, in an order that depends on the text alone.
    Raises SourceError for a file that cannot be read.
    """
    source = read_source(content)
    by_line: dict[int, list[tuple[Edit, Site]]] = {}
    for site in sites(source.tree):
        for edit in edits(source, site.node):
            line = source.line_at(edit.start)
            if line in changed:
                by_line.setdefault(line, []).append((edit, site))
    neutral = _Neutral(source)
    chosen: list[Mutant] = []
    for line, found in by_line.items():
        if source.line_length(line) > _MAX_LINE:
            continue
        for number, (edit, site) in enumerate(_chosen(source, found)):
            old, new = _shown(source, edit)
            chosen.append(
                Mutant(
                    path=path,
                    line=line,
                    edit=edit,
                    neutral=neutral.near(edit.start),
                    encoding=source.encoding,
                    old=old,
                    new=new,
                    lines=site.lines,
                    round=number,
                    quiet=_is_quiet(edit, site),
                )
            )
    return tuple(sorted(chosen, key=lambda mutant: (mutant.round, mutant.key)))


def _chosen(source: Source, found: Iterable[tuple[Edit, Site]]) -> list[tuple[Edit, Site]]:
    """The most telling faults of one line, of different kinds where there are such."""

    def order(item: tuple[Edit, Site]) -> tuple[bool, int, str]:
        edit = item[0]
        text = b"\0".join((source.data[edit.start : edit.end], edit.text))
        return _is_quiet(*item), KINDS.index(edit.kind), hashlib.sha256(text).hexdigest()

    ordered = sorted(found, key=order)
    kinds: set[str] = set()
    fresh: list[tuple[Edit, Site]] = []
    more: list[tuple[Edit, Site]] = []
    for item in ordered:
        (more if item[0].kind in kinds else fresh).append(item)
        kinds.add(item[0].kind)
    chosen = sorted([*fresh, *more], key=lambda item: _is_quiet(*item))
    return [item for item in chosen if item[0].kind != CRUDE or item is chosen[0]][:PER_LINE]


def _is_quiet(edit: Edit, site: Site) -> bool:
    return site.quiet or edit.kind in QUIET


def _shown(source: Source, edit: Edit) -> tuple[str, str]:
    """The whole lines around an edit, before and after, in one line each."""
    first, last = source.around(edit.start, edit.end)
    before, after = source.data[first : edit.start].decode(), source.data[edit.end : last].decode()
    if len(before) > _MAX_SHOWN:
        before = f"…{before[-_MAX_SHOWN // 2 :]}"
    if len(after) > _MAX_SHOWN:
        after = f"{after[: _MAX_SHOWN // 2]}…"
    old, new = source.data[edit.start : edit.end].decode(), edit.text.decode()
    return _in_one_line(before, old, after), _in_one_line(before, new, after)


def _in_one_line(before: str, own: str, after: str) -> str:
    if len(own) > _MAX_SHOWN:
        own = f"{own[: _MAX_SHOWN // 2]}…{own[-_MAX_SHOWN // 4 :]}"
    return " ".join(f"{before}{own}{after}".split())


class _Neutral:
    """Places for a statement that has no effect: before each one that has no body."""

    def __init__(self, source: Source) -> None:
        statements = (site.node for site in sites(source.tree) if site.is_simple)
        self._spans = sorted(source.span(node) for node in statements if isinstance(node, ast.stmt))
        self._end = len(source.data)

    def near(self, offset: int) -> Edit:
        """Before the statement that holds an offset, or the one after it; `[]` is what no compiler drops."""
        after = bisect_right(self._spans, (offset, self._end))
        if after and self._spans[after - 1][1] > offset:
            after -= 1
        if not self._spans:
            return Edit("neutral", self._end, self._end, b"\n[]\n")
        start = self._spans[min(after, len(self._spans) - 1)][0]
        return Edit("neutral", start, start, b"[]; ")
