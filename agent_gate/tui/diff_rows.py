"""A unified diff as rows of a screen, with what the gates found under the lines that it is about.

Everything that a row shows went through `visible`: neither a file's name nor its content can move the
cursor, hide a character or change the order of the text.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from agent_gate.domain.proposal import ChangedFile
from agent_gate.domain.visible import visible, visible_line
from agent_gate.report.check_report import Effect, ShownFinding

TAB_WIDTH = 4
Kind = Literal["file", "hunk", "added", "deleted", "context", "note", "block", "ask", "told"]
"""`block`, `ask` and `told` are findings; `note` is what git says about a file (binary, mode)."""

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@(.*)")
_ESCAPE = re.compile(r"\\([0-7]{3}|.)")
_LETTER_ESCAPES = {"a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r"}
_TELLING = ("Binary files", "GIT binary", "old mode", "new mode", "new file mode")
"""What git says about a file outside its hunks, where a reviewer has to know it."""
_EFFECTS: Mapping[Effect, Kind] = {"block": "block", "ask": "ask", "note": "told", "none": "told"}
_LETTERS = {"added": "A", "modified": "M", "deleted": "D"}


@dataclass(frozen=True)
class Row:
    """One line of the review. Line numbers are 0 where the side has no such line."""

    kind: Kind
    text: str
    path: str
    old: int = 0
    new: int = 0
    first: bool = True
    """False in the continuation lines of a wrapped finding."""

    @property
    def is_stop(self) -> bool:
        """Whether `n` and `p` stop here."""
        return self.first and self.kind in {"file", "block", "ask"}


def diff_rows(diff: str, files: Sequence[ChangedFile], findings: Iterable[ShownFinding]) -> tuple[Row, ...]:
    """The rows of a diff as `git diff-tree -p --no-renames` prints it.

    Findings stand under their line; those without one, or whose line is not shown, under the file's head.
    Every section of the diff is shown, also one that belongs to none of the `files`.
    """
    by_path: dict[str, list[ShownFinding]] = {}
    for shown in findings:
        by_path.setdefault(shown.finding.path, []).append(shown)
    sections = _sections(diff)
    rows: list[Row] = []
    for file in files:
        rows.extend(_file_rows(file, sections.pop(file.path, []), by_path.pop(file.path, [])))
    for path, section in sections.items():
        rows.append(Row("file", visible_line(path), path))
        rows.extend(_body(section, path))
    for path, left in sorted(by_path.items()):
        rows.append(Row("file", visible_line(path) or "the change as a whole", path))
        rows.extend(_finding_row(finding, path) for finding in left)
    return tuple(rows)


def wrapped(rows: Iterable[Row], width: int) -> tuple[Row, ...]:
    """The rows with their findings broken to the width, so that no word of one is out of sight."""
    result: list[Row] = []
    for row in rows:
        if row.kind in {"block", "ask", "told"} and len(row.text) > width:
            pieces = textwrap.wrap(row.text, max(width, 10), break_long_words=True) or [""]
            result.extend(
                Row(row.kind, piece, row.path, row.old, row.new, first=number == 0)
                for number, piece in enumerate(pieces)
            )
        else:
            result.append(row)
    return tuple(result)


def _sections(diff: str) -> dict[str, list[str]]:
    """The lines of the diff by path; a change of type is two sections of one path."""
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in diff.removesuffix("\n").split("\n"):
        if line.startswith("diff --git "):
            current = sections.setdefault(_path(line.removeprefix("diff --git ")), [])
        current.append(line)
    return sections


def _path(names: str) -> str:
    """The path in `a/PATH b/PATH`: both halves are equally long, and quoted together or not at all."""
    half = names[: (len(names) - 1) // 2]
    if not half.startswith('"'):
        return half.removeprefix("a/")
    return _unquoted(half[1:-1]).removeprefix("a/")


def _unquoted(text: str) -> str:
    """A name without git's C-style quoting (git-config(1), core.quotePath)."""
    raw = _ESCAPE.sub(lambda found: _escaped(found[1]), text)
    return raw.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")


def _escaped(code: str) -> str:
    if code.isdigit():
        return bytes([int(code, 8)]).decode("utf-8", "surrogateescape")
    return _LETTER_ESCAPES.get(code, code)


def _file_rows(file: ChangedFile, section: list[str], findings: list[ShownFinding]) -> list[Row]:
    title = f"{_LETTERS[file.status]} {visible_line(file.path)}  +{file.added_lines} −{file.deleted_lines}"
    body = _body(section, file.path)
    shown = {row.new for row in body if row.new}
    by_line: dict[int, list[ShownFinding]] = {}
    for found in findings:
        line = found.finding.line
        by_line.setdefault(line if line in shown else 0, []).append(found)
    rows = [Row("file", title, file.path), *(_finding_row(f, file.path) for f in by_line.pop(0, []))]
    for row in body:
        rows.append(row)
        rows.extend(
            _finding_row(f, file.path, row.new) for f in (by_line.get(row.new, []) if row.new else [])
        )
    return rows


def _finding_row(shown: ShownFinding, path: str, line: int = 0) -> Row:
    finding, effect = shown
    place = f"line {finding.line}: " if finding.line and not line else ""
    muted = " (suppressed in the code)" if finding.suppressed else ""
    text = visible_line(f"{place}{finding.gate} {finding.rule}  {finding.message}{muted}")
    return Row(_EFFECTS[effect], text, path, new=line)


def _body(section: list[str], path: str) -> list[Row]:
    rows: list[Row] = []
    old = new = old_left = new_left = 0
    for line in section:
        if old_left > 0 or new_left > 0 or line.startswith("\\"):
            sign, text = line[:1], _code(line[1:])
            if sign == "+":
                rows.append(Row("added", text, path, new=new))
                new, new_left = new + 1, new_left - 1
            elif sign == "-":
                rows.append(Row("deleted", text, path, old=old))
                old, old_left = old + 1, old_left - 1
            elif sign == "\\":
                rows.append(Row("note", text.strip(), path))
            else:
                rows.append(Row("context", text, path, old=old, new=new))
                old, new, old_left, new_left = old + 1, new + 1, old_left - 1, new_left - 1
        elif found := _HUNK.match(line):
            old, new = int(found[1]), int(found[3])
            old_left, new_left = int(found[2] or 1), int(found[4] or 1)
            rows.append(Row("hunk", _code(found[5].strip()), path, old=old, new=new))
        elif line.startswith(_TELLING) and not line.endswith(" 100644"):
            rows.append(Row("note", visible_line(line), path))
    return rows


def _code(text: str) -> str:
    return visible(text.expandtabs(TAB_WIDTH))
