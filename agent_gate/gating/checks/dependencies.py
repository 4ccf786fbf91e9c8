"""The `dependencies` gate: are the packages that a change asks for there, sound, and the ones that are meant?"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from agent_gate import process
from agent_gate.domain.digest import canonical_json, sha256
from agent_gate.domain.gate import Finding, GateResult
from agent_gate.domain.value import PlainData
from agent_gate.errors import SetupError
from agent_gate.gating.checks.check import Check
from agent_gate.gating.context import GateContext, errored, judged, together
from agent_gate.gating.dependencies import rules
from agent_gate.gating.dependencies.answer import Answer, PackageIndex
from agent_gate.gating.dependencies.change import DependencyChange, read_change, touches_dependencies
from agent_gate.gating.dependencies.npm_index import NpmIndex, find_npm
from agent_gate.gating.dependencies.pip_index import PipIndex, find_pip
from agent_gate.gating.dependencies.requirement import Ecosystem, Requirement, without_password
from agent_gate.gating.dependencies.vulnerability import Audit, audit, find_pip_audit
from agent_gate.gating.request import CheckRequest

_CONFIGURATION = (".config/pip/pip.conf", ".pip/pip.conf", ".npmrc")
"""Below the home folder; which index is asked depends on them."""


async def run_dependencies(context: GateContext) -> GateResult:
    """Reads the files of both trees, then asks the indexes; offline it is errored, with what it found so far."""
    change = await asyncio.to_thread(
        read_change,
        context.repository,
        context.job.base_tree,
        context.job.tree,
        context.definition.options["ignored"],
    )
    limits = _limits(context)
    findings = [*rules.of_files(limits, change), *rules.of_names(limits, change)]
    problems: list[SetupError] = []
    try:
        async with asyncio.timeout(context.job.timeout_s):
            findings += await _Enquiry(context, limits, change).findings(problems)
    except TimeoutError:
        problems.append(SetupError("the package indexes did not answer in time", hint="check again later"))
    counts = {"added": len(change.added), "changed": len(change.changed)}
    if problems:
        first = problems[0]
        return errored(context, first.message, first.hint, findings=tuple(findings), measures=counts)
    return judged(context, findings, measures=counts)


@dataclass(frozen=True)
class _Enquiry:
    """What is asked outside: the indexes, and pip-audit."""

    context: GateContext
    limits: rules.Limits
    change: DependencyChange

    async def findings(self, problems: list[SetupError]) -> list[Finding]:
        """What was told; `problems` gets what kept somebody from telling."""
        wanted = [r for r in (*self.change.added, *self.change.changed) if r.name and not r.source]
        most = int(self.context.definition.options["most_packages"])
        if len(wanted) > most:
            problems.append(
                SetupError(
                    f"{len(wanted)} packages are new or changed; at most {most} are looked up",
                    hint="split the change, or let a person judge it",
                )
            )
            wanted = []
        findings: list[Finding] = []
        answers: list[Answer] = []
        configured: set[str] = set()
        for ecosystem in sorted({r.ecosystem for r in wanted}):
            try:
                index = await self._index(ecosystem)
                configured |= await index.prove()
                asked = [r for r in wanted if r.ecosystem == ecosystem]
                answers += await together(*(index.ask(r, is_new=self._is_new(r)) for r in asked))
            except SetupError as problem:
                problems.append(problem)
        for answer in answers:
            findings += rules.of_answer(self.limits, answer, is_new=self._is_new(answer.requirement))
        findings += rules.of_ages(self.limits, (a for a in answers if self._is_new(a.requirement)))
        known = configured | {answer.origin for answer in answers}
        findings += rules.of_origins(self.limits, self.change, known)
        return [*findings, *await self._audited([a for a in answers if a.exists and a.version], problems)]

    def _is_new(self, requirement: Requirement) -> bool:
        return requirement in self.change.added

    async def _index(self, ecosystem: Ecosystem) -> PackageIndex:
        context, options = self.context, self.context.definition.options
        folder, slots = self._folder(), context.workplace.slots
        since = date.fromisoformat(str(context.job.inputs["day"])) - timedelta(
            days=self.limits.minimum_age_days
        )
        if ecosystem == "npm":
            return NpmIndex(find_npm(), folder, self._environment(), slots, since)
        pip = await find_pip(context.environment.python)
        return PipIndex(pip, folder, self._environment(), slots, since, dict(options["licence_names"]))

    def _folder(self) -> Path:
        return self.context.copies.new_folder()

    def _environment(self) -> Mapping[str, str]:
        return process.allowed_environment(self.context.definition.environment)

    async def _audited(self, answers: list[Answer], problems: list[SetupError]) -> list[Finding]:
        by_name = {a.requirement.name: a for a in answers if a.requirement.ecosystem == "pypi"}
        others = [a.requirement for a in answers if a.requirement.ecosystem != "pypi"]
        findings = [rules.not_audited(self.limits, others, "only Python packages are")] if others else []
        if not by_name:
            return findings
        command = find_pip_audit()
        if command is None:
            asked = [answer.requirement for answer in by_name.values()]
            return [*findings, rules.not_audited(self.limits, asked, "pip-audit is not installed")]
        versions = {(a.requirement.name, a.version) for a in answers if a.requirement.ecosystem == "pypi"}
        found = await audit(
            command, versions, self._folder(), self._environment(), self.context.workplace.slots
        )
        if found.problem:
            problems.append(_unaudited(found))
            return findings
        new = {r.name for r in self.change.added}
        return [*findings, *rules.of_audit(self.limits, found, by_name, new)]


def _unaudited(found: Audit) -> SetupError:
    return SetupError(
        without_password(f"pip-audit could not look for known vulnerabilities: {found.problem}"),
        hint="it asks a service of its own: can that be reached from here?",
    )


def _limits(context: GateContext) -> rules.Limits:
    stated, options = context.job.options, context.definition.options
    age = options["minimum_age_days"] if stated.minimum_age_days is None else stated.minimum_age_days
    return rules.Limits(
        gate=context.definition.id,
        minimum_age_days=int(age),
        fewest_releases=int(options["fewest_releases"]),
        licences=frozenset(options["licences"] if stated.licences is None else stated.licences),
        popular={"pypi": frozenset(options["popular_pypi"]), "npm": frozenset(options["popular_npm"])},
    )


def _inputs(request: CheckRequest) -> PlainData:
    """What an index says holds for a day; and which one is asked is told without anybody's password."""
    names = next((d.environment for d in request.definitions if d.check == "dependencies"), ())
    variables = {name: without_password(os.environ[name]) for name in names if name in os.environ}
    return {
        "day": datetime.now(UTC).date().isoformat(),
        "index": sha256(canonical_json([variables, list(_stamps())])),
        "pip_audit": find_pip_audit() is not None,
    }


def _stamps() -> Iterable[list[str | int]]:
    for name in _CONFIGURATION:
        path = Path.home() / name
        try:
            state = path.stat()
        except OSError:
            continue
        yield [name, state.st_mtime_ns, state.st_size]


def _applies(request: CheckRequest) -> bool:
    """Whether a dependency file changed, and asks for something that the base does not."""
    definition = next(d for d in request.definitions if d.check == "dependencies")
    ignored = definition.options["ignored"]
    trees = request.base_tree, request.tree
    changed = [file.path for file in request.changed]
    if not touches_dependencies(request.repository, trees, changed, ignored):
        return False
    return not read_change(request.repository, *trees, ignored).is_empty


DEPENDENCIES = Check(run=run_dependencies, inputs=_inputs, applies=_applies)
