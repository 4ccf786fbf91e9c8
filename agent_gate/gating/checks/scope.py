"""The `scope` gate: which paths a change may touch, what kinds of files it brings, and how large it is."""

from __future__ import annotations

import asyncio
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
from agent_gate.gating.scope.files import file_remarks
from agent_gate.gating.scope.names import name_remarks
from agent_gate.gating.scope.remark import Remark, few_questions
from agent_gate.gating.scope.shadows import shadow_remarks
from agent_gate.gating.scope.size import size_remarks, source_lines


async def run_scope(context: GateContext) -> GateResult:
    """Judges what is touched and how much of it; what is written there is for other gates."""
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
    for remark in few_questions(_remarks(context, diff)):
        yield Finding(
            gate=context.definition.id, rule=remark.rule, path=remark.path, message=remark.message,
            severity="high" if remark.level == "block" else "medium", level=remark.level,
        )  # fmt: skip


def _remarks(context: GateContext, diff: Sequence[FileDiff]) -> Iterator[Remark]:
    options, job = context.definition.options, context.job
    if not diff:
        yield Remark("empty", "", "the change is empty")
    yield from _path_remarks(job.inputs, diff)
    yield from name_remarks(diff, lambda: context.repository.entries(job.tree))
    yield from file_remarks(diff, options, lambda: context.repository.entries(job.base_tree))
    yield from shadow_remarks(diff, lambda: context.repository.entries(job.base_tree))
    yield from size_remarks(diff, options)
    if job.inputs["risk"] == "trivial":
        for path, message in _beyond_trivial(context, diff):
            yield Remark("not-trivial", path, message)


def _path_remarks(inputs: PlainData, diff: Sequence[FileDiff]) -> Iterator[Remark]:
    """What the spec does not allow, and what the policy protects; of a renamed file both names count."""
    paths = Paths.model_validate(inputs["paths"]) if inputs["paths"] is not None else None
    level: Level = "block" if inputs["risk"] == "trivial" else "ask"
    for path in sorted({path for file in diff for path in (file.path, file.old_path) if path}):
        if paths is not None and not paths.permits(path):
            why = "is denied" if matches(path, paths.deny) else "is not allowed"
            yield Remark("path", path, f"the spec's paths: {path!r} {why}")
        if matches(path, inputs["protected"]):
            yield Remark("protected", path, f"{path!r} is a protected path", level)


def _beyond_trivial(context: GateContext, diff: Sequence[FileDiff]) -> Iterator[tuple[str, str]]:
    options = context.definition.options
    limit = int(options["trivial_lines"])
    lines = source_lines(diff, options)
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
    return found | {
        part.removesuffix(".py") for path in own if path.endswith(".py") for part in path.split("/")
    }
