"""The `mutation` gate: small faults are put into the changed lines, and the tests have to notice them.

A test that runs a line and asserts nothing about it leaves every tool green; only a fault in the line shows
that. Tests that clauses rest on and that the change itself writes have to notice at least one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from agent_gate.domain.gate import NOT_APPLICABLE, GateResult
from agent_gate.domain.pattern import matches
from agent_gate.domain.value import PlainData
from agent_gate.gating.checks.check import Check
from agent_gate.gating.checks.trees import is_test_side, make_trees
from agent_gate.gating.context import GateContext, errored, judged, skipped
from agent_gate.gating.diff import FileDiff
from agent_gate.gating.mutation.examine import Examination, Limits, Question, examine
from agent_gate.gating.mutation.findings import cases, findings, measures
from agent_gate.gating.mutation.harness import Harness, MutationError
from agent_gate.gating.mutation.mutant import Mutant, mutants
from agent_gate.gating.mutation.source import SourceError
from agent_gate.gating.request import CheckRequest


async def run_mutation(context: GateContext) -> GateResult:
    """Judges the tests by the faults that they notice; what cannot be believed is errored."""
    told = {"tool_version": context.environment.pytest, "sandbox": context.workplace.sandbox_name}
    diff = await context.diff()
    try:
        question = await asyncio.to_thread(_question, context, diff)
    except SourceError as error:
        return errored(
            context,
            str(error),
            "agent-gate reads it with the Python that it runs with itself: is that older?",
        )
    if not _has_work(question):
        return skipped(context.definition, NOT_APPLICABLE)
    if not context.environment.pytest:
        return errored(
            context,
            f"pytest is not installed in the environment of {context.environment.python}",
            "install it there, or name another interpreter: [environment] python in agent-gate.toml",
        )
    trees = await asyncio.to_thread(make_trees, context)
    try:
        examination = await examine(Harness(context, trees.candidate), question, _limits(context))
    except MutationError as error:
        return errored(context, error.reason, error.hint, output_sha256=error.output_sha256, **told)
    return _result(context, examination, told)


def _inputs(request: CheckRequest) -> PlainData:
    """The tests that clauses rest on, and whether all tests are asked or these alone.

    In a critical spec nothing that the change writes verifies, whatever it notices.
    """
    spec = request.spec
    verified_by = [v for clause in spec.clauses for v in clause.verified_by] if spec else []
    named = {v.target for v in verified_by if v.kind == "pytest"}
    verifiers = sorted(named) if spec and spec.risk != "critical" else []
    listed = {
        *request.policy.required_gates([file.path for file in request.changed]),
        *request.policy.gates.advisory,
        *(v.target for v in verified_by if v.kind == "gate"),
    }
    return {"verifiers": verifiers, "whole": not named or "mutation" in listed}


MUTATION = Check(run=run_mutation, inputs=_inputs)


def _question(context: GateContext, diff: Sequence[FileDiff]) -> Question:
    inputs = context.job.inputs
    changed = {
        file.path for file in diff if not file.is_deleted and is_test_side(file.path, context.definition)
    }
    return Question(
        mutants=tuple(_all_mutants(context, diff)),
        whole=bool(inputs["whole"]),
        verifiers=[name for name in inputs["verifiers"] if name.partition("::")[0] in changed],
    )


def _all_mutants(context: GateContext, diff: Sequence[FileDiff]) -> Iterator[Mutant]:
    """Of all changed source files, in turns: a short time still looks at each of them."""
    excluded = context.definition.options["excluded"]
    found: list[Mutant] = []
    for file in diff:
        if not file.path.endswith(".py") or file.after is None or not file.added:
            continue
        if is_test_side(file.path, context.definition) or matches(file.path, excluded):
            continue
        try:
            found.extend(mutants(file.path, file.after, {line.number for line in file.added}))
        except SourceError as error:
            raise SourceError(f"{file.path}: {error}") from None
    return iter(sorted(found, key=lambda mutant: (mutant.round, mutant.key)))


def _has_work(question: Question) -> bool:
    if question.whole and any(not mutant.quiet for mutant in question.mutants):
        return True
    return bool(question.mutants and question.verifiers)


def _limits(context: GateContext) -> Limits:
    options = context.definition.options
    return Limits(
        budget_s=context.job.timeout_s,
        trial_minimum_s=float(options["trial_minimum_s"]),
        trial_times=float(options["trial_times"]),
        verifier_tries=int(options["verifier_tries"]),
    )


def _result(context: GateContext, examination: Examination, told: dict[str, str]) -> GateResult:
    seen = examination.seen
    covered = sum(1 for tests in examination.tests_of.values() if tests)
    if doubtful := seen.count("doubtful"):
        named = ", ".join(sorted(seen.unsteady)[:3])
        return errored(
            context,
            f"{doubtful} mutants were noticed only by tests that fail also where nothing is changed: {named}",
            "such a test depends on chance, on other tests before it, or on the exact text of the source",
            **told,
        )
    if covered and seen.count("not run") == len(seen.outcomes):
        return errored(
            context,
            f"not one of {covered} mutants could be tried within {context.job.timeout_s} s",
            "give it more time: [gates.mutation] timeout_s in agent-gate.toml",
            **told,
        )
    return judged(
        context,
        findings(context.definition.id, examination),
        cases=cases(examination),
        measures=measures(examination),
        **told,
    )
