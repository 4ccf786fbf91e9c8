"""The `scope` gate: which paths a change may touch, and how large a trivial one may be."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from agent_gate.domain.gate import Finding, GateDefinition, GateResult, Level
from agent_gate.domain.pattern import matches
from agent_gate.domain.value import canonical_json, sha256
from agent_gate.gating.checks.check import Check
from agent_gate.gating.checks.imports import imported_packages
from agent_gate.gating.context import GateContext
from agent_gate.gating.request import CheckRequest
from agent_gate.vcs.repo import Entry

_MODES = {"120000": "symlink", "160000": "submodule"}


async def run_scope(context: GateContext, definition: GateDefinition) -> GateResult:
    """Judges paths and modes alone; reads file contents only to hold a trivial change to its word."""
    findings = await asyncio.to_thread(lambda: tuple(_findings(context.request, definition)))
    blocks = [finding for finding in findings if finding.level == "block"]
    return GateResult(
        gate=definition.id,
        definition_digest=definition.digest,
        status="failed" if blocks else "passed",
        reason=blocks[0].message if blocks else "",
        findings=findings,
        verifies=definition.verifies,
        measures={"files": len(context.request.changed)},
    )


def _inputs(request: CheckRequest) -> Mapping[str, str]:
    spec = request.spec
    asked = [spec.risk, spec.paths.model_dump(mode="json")] if spec else []
    return {
        "spec": sha256(canonical_json(asked)),
        "protected": sha256(canonical_json(request.policy.paths.protected)),
    }


SCOPE = Check(run=run_scope, inputs=_inputs)


def _findings(request: CheckRequest, definition: GateDefinition) -> Iterator[Finding]:
    def finding(rule: str, path: str, message: str, level: Level = "block") -> Finding:
        return Finding(
            gate=definition.id, rule=rule, path=path, message=message, severity="high", level=level
        )

    spec = request.spec
    trivial = spec is not None and spec.risk == "trivial"
    if not request.changed:
        yield finding("empty", "", "the change is empty")
    entries = request.repository.entries(request.tree)
    for file in request.changed:
        path = file.path
        if spec is not None and not spec.paths.permits(path):
            why = "is denied" if matches(path, spec.paths.deny) else "is not allowed"
            yield finding("path", path, f"the spec's paths: {path!r} {why}")
        if matches(path, request.policy.paths.protected):
            yield finding("protected", path, f"{path!r} is a protected path", "block" if trivial else "ask")
        for rule, message in _shape(path, entries.get(path)):
            yield finding(rule, path, message)
    if trivial:
        for path, message in _beyond_trivial(request, definition):
            yield finding("not-trivial", path, message)


def _shape(path: str, entry: Entry | None) -> Iterator[tuple[str, str]]:
    """What is wrong with a path, whatever the spec says."""
    if any(unicodedata.category(character) in {"Cc", "Cf", "Cs"} for character in path):
        yield "characters", f"the name {path!a} holds control or invisible characters"
    if any(_is_git(part) for part in path.split("/")):
        yield "git-directory", f"{path!a} names a git directory"
    kind = _MODES.get(entry.mode) if entry else None
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


def _beyond_trivial(request: CheckRequest, definition: GateDefinition) -> Iterator[tuple[str, str]]:
    options = definition.options
    limit = int(options["trivial_lines"])
    not_source = (*options["documentation"], *options["tests"])
    lines = sum(
        max(file.added_lines, file.deleted_lines)
        for file in request.changed
        if not matches(file.path, not_source)
    )
    if lines > limit:
        yield "", f"{lines} changed source lines; a trivial change has at most {limit}"
    for file in request.changed:
        if matches(file.path, options["dependencies"]):
            yield file.path, f"{file.path!r} declares dependencies; a trivial change leaves them alone"
    changed = [
        file.path for file in request.changed if file.status != "deleted" and file.path.endswith(".py")
    ]
    new = {path: _imports(request, request.tree, [path]) for path in changed}
    if any(new.values()):
        known = _imports(request, request.base_tree, None)
        for path, packages in new.items():
            for package in sorted(packages - known):
                yield path, f"imports {package!r}, which nothing in the base imports; that is not trivial"


def _imports(request: CheckRequest, tree: str, paths: Iterable[str] | None) -> set[str]:
    """The top-level packages that files of a tree import, and those that the tree itself holds."""
    entries = request.repository.entries(tree)
    everything = [
        path for path, entry in entries.items() if path.endswith(".py") and entry.mode.startswith("100")
    ]
    wanted = {entries[path].oid for path in (everything if paths is None else paths) if path in entries}
    found: set[str] = set()
    for _, content in request.repository.blobs(wanted):
        found |= imported_packages(content)
    own = {part.removesuffix(".py") for path in everything for part in path.split("/")}
    return found - own if paths is not None else found | own
