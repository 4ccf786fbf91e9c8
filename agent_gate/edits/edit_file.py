"""Applies the edits of one file, in memory, and tells the model precisely what does not fit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from agent_gate.domain.gate import Finding
from agent_gate.edits.file_edit import FileEdit, Replacement, WholeFile
from agent_gate.edits.match import Missed, Passages, Step
from agent_gate.edits.problem import problem
from agent_gate.edits.text_file import Splice, TextFile, splice, split

MAX_FILE_BYTES = 1024 * 1024
EXPLAINED = 8
"""Problems for which similar lines are looked for; the others are told without."""

_ELISION = re.compile(
    r"[ \t]*(?:#|//|--|;|/?\*|<!--)[ \t]*"
    r"(?:(?:\.\.\.|…)|[\[(]?(?:the )?(?:rest of|existing|remaining|other) [^.]{0,60}(?:unchanged|same|as before|here))",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Edited:
    """The new content of one file, and the step of the ladder that placed its edits."""

    content: bytes
    step: Step


def edit_file(
    path: str, base: bytes | None, edits: Sequence[FileEdit], *, explain: bool
) -> Edited | list[Finding]:
    """The new content of one file; or everything that is wrong with its edits."""
    file = TextFile.decode(base or b"")
    if file is None:
        return [problem("not-text", path, f"{path} is not UTF-8 text; it cannot be edited here")]
    whole = [edit for edit in edits if isinstance(edit, WholeFile)]
    blocks = [edit for edit in edits if isinstance(edit, Replacement)]
    if whole:
        found = _whole(path, base, file, whole, blocks)
    elif base is None or not base.strip():
        found = _created(path, base, blocks)
    else:
        found = _replaced(path, file, blocks, explain=explain)
    if isinstance(found, Edited):
        return list(_content_problems(path, base, file, found.content)) or found
    return found


def _whole(
    path: str, base: bytes | None, file: TextFile, whole: Sequence[WholeFile], blocks: Sequence[Replacement]
) -> Edited | list[Finding]:
    if blocks or len({edit.content for edit in whole}) > 1:
        lines = ", ".join(
            str(line) for line in sorted([*(edit.line for edit in whole), *(edit.line for edit in blocks)])
        )
        message = (
            f"{path} is given whole and changed as well, or given twice (lines {lines} of the reply); "
            "give it whole once, or give search/replace blocks"
        )
        return [problem("mixed-formats", path, message)]
    change = splice(0, file.lines, split(whole[0].content))
    return _encoded(path, file, [change], "new-file" if base is None else "whole-file")


def _created(path: str, base: bytes | None, blocks: Sequence[Replacement]) -> Edited | list[Finding]:
    searching = [block for block in blocks if block.search.strip()]
    if searching:
        what = "does not exist in the base" if base is None else "is empty in the base"
        message = (
            f"{path} {what}, so the SEARCH part on line {searching[0].line} of the reply matches nothing; "
            "create the file with one block whose SEARCH part is empty, or correct the path"
        )
        return [problem("no-such-file", path, message)]
    if len(blocks) > 1:
        return [problem("mixed-formats", path, f"{path} is created {len(blocks)} times; give it once, whole")]
    return _encoded(path, TextFile(), [splice(0, (), split(blocks[0].replace))], "new-file")


def _replaced(
    path: str, file: TextFile, blocks: Sequence[Replacement], *, explain: bool
) -> Edited | list[Finding]:
    passages = Passages(file)
    splices: list[Splice] = []
    problems: list[Finding] = []
    step: Step = "exact"
    for order, block in enumerate(blocks):
        if not block.search.strip():
            message = (
                f"{path} exists and is not empty, so the empty SEARCH part on line {block.line} of the reply cannot "
                "create it; name in SEARCH the lines to change"
            )
            problems.append(problem("file-exists", path, message))
            continue
        found = passages.find(block.search)
        if isinstance(found, Missed):
            problems.append(
                _missed(path, block, found, passages, explain=explain and len(problems) < EXPLAINED)
            )
            continue
        if found.step != "exact":
            step = found.step
        splices.append(splice(found.start, split(block.search), split(block.replace), order))
    problems += _overlaps(path, blocks, splices)
    if problems:
        return [*problems[:-1], _with_sound_blocks(problems[-1], len(blocks) - len(problems))]
    return _encoded(path, file, splices, step)


def _missed(path: str, block: Replacement, missed: Missed, passages: Passages, *, explain: bool) -> Finding:
    where = f"{path}: the SEARCH part on line {block.line} of the reply"
    if missed.places:
        listed = ", ".join(str(place) for place in missed.places)
        message = f"{where} stands more than once in the file (lines {listed}); add lines around it until it stands once"
        return problem("ambiguous", path, message, line=missed.places[0])
    line, excerpt = passages.closest(block.search) if explain else (0, "")
    message = (
        f"{where} does not stand in the file as the base has it; copy the lines exactly, indentation included"
        + (", these are the closest" if excerpt else "")
    )
    return problem("no-match", path, message, line=line, excerpt=excerpt)


def _overlaps(path: str, blocks: Sequence[Replacement], splices: Sequence[Splice]) -> Iterable[Finding]:
    ordered = sorted(
        (s for s in splices if s.lines or s.start < s.end), key=lambda s: (s.start, s.end, s.order)
    )
    for one, other in pairwise(ordered):
        if other.start < one.end:
            lines = sorted((blocks[one.order].line, blocks[other.order].line))
            message = (
                f"{path}: the blocks on lines {lines[0]} and {lines[1]} of the reply change the same lines; "
                "every block is applied to the base: make one block of them"
            )
            yield problem("overlapping", path, message, line=other.start + 1)


def _with_sound_blocks(finding: Finding, count: int) -> Finding:
    if count <= 0:
        return finding
    note = f"; the other blocks for this file ({count}) are understood and need not be changed, only repeated"
    return finding.model_copy(update={"message": finding.message + note})


def _encoded(path: str, file: TextFile, splices: Sequence[Splice], step: Step) -> Edited | list[Finding]:
    try:
        return Edited(file.spliced(splices), step)
    except UnicodeEncodeError:
        return [
            problem(
                "not-text",
                path,
                f"{path}: the reply holds characters that UTF-8 cannot hold (lone surrogates)",
            )
        ]


def _content_problems(path: str, base: bytes | None, file: TextFile, content: bytes) -> Iterable[Finding]:
    if len(content) > MAX_FILE_BYTES:
        message = f"{path} would have {len(content)} bytes, more than the {MAX_FILE_BYTES} that are taken"
        yield problem("too-large", path, message)
        return
    after = TextFile.decode(content)
    if after is None:
        yield problem("not-text", path, f"{path} would hold NUL characters and be no text any more")
        return
    if base and not content.removeprefix(b"\xef\xbb\xbf").strip():
        yield problem(
            "empties-file", path, f"the edits would leave nothing of {path}; that is not taken for a change"
        )
    known = set(file.lines)
    elided = next(
        (i for i, line in enumerate(after.lines) if line not in known and _ELISION.match(line)), None
    )
    if elided is not None:
        line = after.lines[elided]
        message = (
            f"{path} would hold a placeholder for code that is left out; write the code, "
            "or use search/replace blocks for the parts that change"
        )
        yield problem("elided", path, message, line=elided + 1, excerpt=f"{elided + 1}: {line[:200]}")
