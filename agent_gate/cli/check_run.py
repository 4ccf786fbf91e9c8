"""A check that was not made before: runs the gates, says what they say, and keeps it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from agent_gate.cli.check_options import CheckOptions
from agent_gate.cli.output import recorded, say, tell
from agent_gate.cli.remembered import CheckMemory, Said
from agent_gate.cli.unsandboxed import may_run_unsandboxed
from agent_gate.domain.gate import GateResult
from agent_gate.engine.check_change import CheckOutcome, check_change
from agent_gate.engine.context import Context
from agent_gate.vcs.repo import Repository

if TYPE_CHECKING:
    from agent_gate.domain.spec import Spec
    from agent_gate.report.check_report import CheckReport, GateReport


def run_check(
    repository: Repository, base: str, tree: str, options: CheckOptions, memory: CheckMemory
) -> int:
    """Runs the gates on the change, says the outcome, and gives the exit code."""
    spec = _spec(options.spec_path) if options.spec_path else None
    outcome = asyncio.run(
        check_change(
            Context(repository, use_cache=memory.enabled, tell=tell),
            base,
            tree,
            policy_from=options.policy_from,
            spec=spec,
            allow_unsandboxed=may_run_unsandboxed(options.allow_unsandboxed, ask=options.form == "text"),
            run_all=options.run_all,
            on_finished=_tell_gate if options.form == "text" else lambda _: None,
        )
    )
    _say(outcome, spec, options.form)
    _keep(memory, outcome, spec, options.form)
    return int(outcome.exit_code)


def _spec(path: Path) -> Spec:
    from agent_gate.spec.reader import read_spec  # most checks have none

    return read_spec(path)


def _say(outcome: CheckOutcome, spec: Spec | None, form: str) -> None:
    report = _report(outcome, spec)
    if form == "text":
        from agent_gate.cli.check_text import say_check

        say_check(report)
    elif form == "json":
        from agent_gate.report.plain import as_json

        say(as_json(report, outcome.exit_code))
    elif text := _writer(form)(report):
        say(text)


def _writer(form: str) -> Callable[[CheckReport], str]:
    """Imported when it is asked for: a check has one form."""
    write: Callable[[CheckReport], str] = getattr(import_module(f"agent_gate.report.{form}"), f"as_{form}")
    return write


def _report(outcome: CheckOutcome, spec: Spec | None) -> CheckReport:
    from agent_gate.report.check_report import CheckReport

    verdict = outcome.verdict
    clauses = verdict.clauses if verdict else ()
    return CheckReport(outcome.base, outcome.tree, outcome.results, verdict, clauses, spec)


def _keep(memory: CheckMemory, outcome: CheckOutcome, spec: Spec | None, form: str) -> None:
    """Keeps what the next check of the same tree says: the same, out of the cache."""
    if outcome.rests_on is None:
        return
    again = replace(outcome, results=tuple(_from_cache(outcome.results)))
    with recorded() as lines:
        if form == "text":
            for gate in _report(again, spec).gates:
                _tell_gate(gate)
        _say(again, spec, form)
    memory.keep(Said(tuple(lines), int(outcome.exit_code)), outcome.rests_on)


def _from_cache(results: Iterable[GateResult]) -> Iterable[GateResult]:
    for result in results:
        looked = result.status in {"passed", "failed"}
        yield result.model_copy(update={"cached": looked, "duration_ms": 0})


def _tell_gate(gate: GateReport) -> None:
    from agent_gate.cli.lines import gate_line  # the gates are on their way by now

    tell(gate_line(gate))
