"""Turns the edits of a reply into new file contents, in memory: all of them, or none.

Every edit is matched against the base as the prompt showed it, never against what an earlier edit of
the same reply made of it: so the order of the blocks means nothing, and each can be checked alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from agent_gate.domain.gate import Finding
from agent_gate.domain.spec import Paths
from agent_gate.edits.edit_file import EXPLAINED, Edited, edit_file
from agent_gate.edits.file_edit import FileEdit
from agent_gate.edits.match import Step
from agent_gate.edits.problem import printable, problem
from agent_gate.edits.reply import parse_reply
from agent_gate.edits.safe_path import path_problem
from agent_gate.edits.search_replace import FORM

ReadBase = Callable[[str], bytes | None]
"""The content of a file in the base, or None where there is no such path."""

MAX_FILES = 200
MAX_EDITS = 1000


@dataclass(frozen=True)
class Applied:
    """The new contents by path (None: deleted), and the step of the ladder that placed each file's edits."""

    contents: Mapping[str, bytes | None]
    steps: Mapping[str, Step]


@dataclass(frozen=True)
class Refused:
    """Nothing was applied, and why."""

    problems: tuple[Finding, ...]


def apply_reply(text: str, read_base: ReadBase, paths: Paths | None) -> Applied | Refused:
    """Reads a reply and applies its edits; what is wrong anywhere in it refuses the whole."""
    parsed = parse_reply(text)
    applied = (
        apply_edits(parsed.edits, read_base, paths) if parsed.edits or not parsed.problems else Refused(())
    )
    if not parsed.problems:
        return applied
    return _refused(
        (*parsed.problems, *(applied.problems if isinstance(applied, Refused) else ())), parsed.edits
    )


def apply_edits(edits: Sequence[FileEdit], read_base: ReadBase, paths: Paths | None) -> Applied | Refused:
    """The contents of the candidate's changed files.

    `read_base` must give the content of whatever stands at a path, symbolic links included, so that
    nothing is written below a file. `paths` is what the spec allows; None allows all of the
    repository. Files that come out as they were are left out; if all do, the reply is refused.
    """
    by_path: dict[str, list[FileEdit]] = {}
    for edit in edits:
        by_path.setdefault(edit.path, []).append(edit)
    problems = [*_cap_problems(edits, by_path), *_path_problems(by_path, read_base, paths)]
    if problems:
        return _refused(problems, edits)
    results: dict[str, Edited] = {}
    changed: dict[str, Edited] = {}
    for path, group in by_path.items():
        base = read_base(path)
        found = edit_file(path, base, group, explain=len(problems) < EXPLAINED)
        if isinstance(found, Edited):
            results[path] = found
            if found.content != base:
                changed[path] = found
        else:
            problems += found
    if not problems and not changed:
        problems.append(
            problem("empty-change", "", "the reply changes nothing: each file comes out as it is in the base")
        )
    if problems:
        return _refused(problems, edits)
    return Applied(
        contents={path: changed[path].content for path in sorted(changed)},
        steps={path: changed[path].step for path in sorted(changed)},
    )


def _refused(problems: Iterable[Finding], edits: Sequence[FileEdit]) -> Refused:
    """The problems; the last one tells what became of the edits that are not to blame."""
    listed = tuple(problems)
    blamed = {finding.path for finding in listed}
    sound = sum(1 for edit in edits if printable(edit.path) not in blamed)
    if listed and sound:
        note = (
            f"; the edits of other files ({sound}) are understood and need not be changed, but nothing is applied "
            "until all are: repeat them as they are"
        )
        listed = (*listed[:-1], listed[-1].model_copy(update={"message": listed[-1].message + note}))
    return Refused(listed)


def _cap_problems(edits: Sequence[FileEdit], by_path: Mapping[str, Sequence[FileEdit]]) -> Iterable[Finding]:
    if not edits:
        yield problem("no-edits", "", f"the reply holds no edit that could be read: {FORM}")
    if len(by_path) > MAX_FILES or len(edits) > MAX_EDITS:
        message = f"the reply makes {len(edits)} edits in {len(by_path)} files; at most {MAX_EDITS} in {MAX_FILES} are taken"
        yield problem("too-large", "", message)


def _path_problems(
    by_path: Mapping[str, object], read_base: ReadBase, paths: Paths | None
) -> Iterable[Finding]:
    for path in by_path:
        reason = path_problem(path)
        if not reason and paths is not None and not paths.permits(path):
            allowed = ", ".join(paths.allow) + (f", except {', '.join(paths.deny)}" if paths.deny else "")
            reason = f"the spec does not allow this change to touch it; allowed is {allowed}"
        if not reason:
            above = next((p for p in _parents(path) if p in by_path or read_base(p) is not None), None)
            reason = f"{above!r} is a file, so nothing can stand below it" if above else ""
        if reason:
            yield problem("path-not-allowed", path, f"{printable(path)}: {reason}")


def _parents(path: str) -> Iterable[str]:
    parts = path.split("/")
    return ("/".join(parts[:count]) for count in range(1, len(parts)))
