"""The `scope` gate: which paths a change may touch, and how large a trivial one may be."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Iterator, Sequence

from agent_gate.domain.gate import Finding, GateResult, Level
from agent_gate.domain.pattern import matches
from agent_gate.domain.spec import Paths
from agent_gate.domain.value import PlainData
from agent_gate.gating.checks.check import Check
from agent_gate.gating.checks.imports import imported_packages
from agent_gate.gating.context import GateContext, judged
from agent_gate.gating.diff import FileDiff
from agent_gate.gating.request import CheckRequest

_MODES = {"120000": "symlink", "160000": "submodule"}


async def run_scope(context: GateContext) -> GateResult:
    """Judges paths and modes alone; reads file contents only to hold a trivial change to its word."""
    diff = await context.diff()
    findings = await asyncio.to_thread(lambda: tuple(_findings(context, diff)))
    return judged(context, findings, measures={"files": len(diff)})


def _inputs(request: CheckRequest) -> PlainData:
    spec = request.spec
    return {
        "risk": spec.risk if spec else "",
        "paths": spec.paths.model_dump(mode="json") if spec else None,
        "protected": list(request.policy.paths.protected),
    }


SCOPE = Check(run=run_scope, inputs=_inputs)


def _findings(context: GateContext, diff: Sequence[FileDiff]) -> Iterator[Finding]:
    def finding(rule: str, path: str, message: str, level: Level = "block") -> Finding:
        return Finding(
            gate=context.definition.id, rule=rule, path=path, message=message, severity="high", level=level
        )

    inputs = context.job.inputs
    paths = Paths.model_validate(inputs["paths"]) if inputs["paths"] is not None else None
    trivial = inputs["risk"] == "trivial"
    if not diff:
        yield finding("empty", "", "the change is empty")
    for path in sorted({path for file in diff for path in (file.path, file.old_path) if path}):
        if paths is not None and not paths.permits(path):
            why = "is denied" if matches(path, paths.deny) else "is not allowed"
            yield finding("path", path, f"the spec's paths: {path!r} {why}")
        if matches(path, inputs["protected"]):
            yield finding("protected", path, f"{path!r} is a protected path", "block" if trivial else "ask")
    for file in diff:
        for rule, message in _shape(file):
            yield finding(rule, file.path, message)
    if trivial:
        for path, message in _beyond_trivial(context, diff):
            yield finding("not-trivial", path, message)


def _shape(file: FileDiff) -> Iterator[tuple[str, str]]:
    """What is wrong with a path, whatever the spec says."""
    path = file.path
    if any(unicodedata.category(character) in {"Cc", "Cf", "Cs"} for character in path):
        yield "characters", f"the name {path!a} holds control or invisible characters"
    if any(_is_git(part) for part in path.split("/")):
        yield "git-directory", f"{path!a} names a git directory"
    kind = _MODES.get(file.after_mode)
    if kind:
        yield kind, f"{path!r} is a {'symbolic link' if kind == 'symlink' else kind}"


def _is_git(part: str) -> bool:
    """`.git` as any file system may read it: case, trailing dots and spaces, streams, short names,
    ignored characters (git's own verify_dotfile, is_ntfs_dotgit and is_hfs_dotgit).
    """
    visible = "".join(
        c for c in unicodedata.normalize("NFKC", part) if unicodedata.category(c) not in {"Cc", "Cf"}
    )
    name = visible.casefold().split(":")[0].rstrip(". ")
    return name in {".git", "git~1"}


def _beyond_trivial(context: GateContext, diff: Sequence[FileDiff]) -> Iterator[tuple[str, str]]:
    options = context.definition.options
    limit = int(options["trivial_lines"])
    not_source = (*options["documentation"], *options["tests"])
    lines = sum(
        max(len(file.added), len(file.removed)) for file in diff if not matches(file.path, not_source)
    )
    if lines > limit:
        yield "", f"{lines} changed source lines; a trivial change has at most {limit}"
    for file in diff:
        if matches(file.path, options["dependencies"]):
            yield file.path, f"{file.path!r} declares dependencies; a trivial change leaves them alone"
    new = {
        file.path: imported_packages(file.after)
        for file in diff
        if file.after is not None and file.path.endswith(".py")
    }
    if any(new.values()):
        known = _known_packages(context)
        for path, packages in new.items():
            for package in sorted(packages - known):
                yield path, f"imports {package!r}, which nothing in the base imports; that is not trivial"


def _known_packages(context: GateContext) -> set[str]:
    """The top-level packages that the base imports, and those that either tree holds itself."""
    base = context.repository.entries(context.job.base_tree)
    sources = {path: e for path, e in base.items() if path.endswith(".py") and e.mode.startswith("100")}
    found: set[str] = set()
    for _, content in context.repository.blobs({entry.oid for entry in sources.values()}):
        found |= imported_packages(content)
    own = [*sources, *context.repository.entries(context.job.tree)]
    return found | {part.removesuffix(".py") for path in own if path.endswith(".py") for part in path.split("/")}
