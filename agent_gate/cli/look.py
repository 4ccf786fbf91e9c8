"""`runs` and `show`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from agent_gate.cli.carry_on import show_diff
from agent_gate.cli.lines import clause_lines, finding_line, gate_line
from agent_gate.cli.options import json_option, repo_option
from agent_gate.cli.output import heading, say
from agent_gate.domain.matrix import matrix
from agent_gate.domain.traceability import ClauseResult, carried_over
from agent_gate.domain.visible import visible, visible_line
from agent_gate.engine.context import Context
from agent_gate.engine.next_command import next_command
from agent_gate.errors import ExitCode, JournalError
from agent_gate.report.check_report import CheckReport
from agent_gate.report.html_page import html_report
from agent_gate.report.junit import as_junit
from agent_gate.report.markdown import as_markdown
from agent_gate.report.sarif import as_sarif
from agent_gate.run.state import RunState

Clauses = tuple[ClauseResult, ...]


@click.command()
@json_option
@repo_option
def runs(*, as_json: bool, directory: Path) -> None:
    """List the runs, those that wait for a person first."""
    context = Context.open(directory)
    states: list[RunState] = []
    for journal in context.runs.all():
        try:
            states.append(journal.state())
        except JournalError as error:
            click.echo(f"! {journal.run_id}: {visible(error.message)}", err=True)
    states.sort(key=lambda state: state.phase not in {"awaiting_approval", "stale"})
    if as_json:
        for state in states:
            say(json.dumps(summary(state)))
        return
    if not states:
        click.echo("no runs yet; start one with: agent-gate run SPEC", err=True)
    for state in states:
        say(
            f"{state.run_id}  {state.phase.replace('_', ' '):17}  {state.started.spec.id:24}  {next_command(state)}".rstrip()
        )


@click.command()
@click.argument("run_name", metavar="RUN", default="@")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown", "html", "sarif", "junit"]),
    default="text",
    show_default=True,
)
@click.option(
    "--spec",
    "spec_path",
    type=click.Path(path_type=Path),
    help="Which of the run's evidence still holds for SPEC as it is worded now.",
)
@repo_option
@click.pass_context
def show(
    click_context: click.Context, *, run_name: str, form: str, spec_path: Path | None, directory: Path
) -> None:
    """Show RUN: its attempts, what the gates said, what each clause rests on, and the diff."""
    context = Context.open(directory)
    state = context.runs.find(run_name).state()
    clauses = state.clauses
    if spec_path:
        from agent_gate.spec.reader import read_spec

        clauses = carried_over(read_spec(spec_path), clauses)
    _FORMATS[form](context, state, clauses)
    if state.phase in {"rejected", "aborted"}:
        click_context.exit(int(ExitCode.REJECTED))


def summary(state: RunState) -> dict[str, object]:
    """A run in a few fields; the names are promises."""
    verdict = state.verdict
    return {
        "schema": 1,
        "run": state.run_id,
        "phase": state.phase,
        "spec": state.started.spec.id,
        "spec_digest": state.started.spec.digest,
        "model": state.started.model,
        "base": state.base,
        "ref": state.started.ref,
        "attempts": len(state.attempts),
        "cost_microusd": state.cost_microusd,
        "tree": state.candidate.tree if state.candidate else None,
        "outcome": verdict.outcome if verdict else None,
        "verdict_digest": verdict.digest if verdict else None,
        "commit": state.sealed.commit if state.sealed else None,
        "next": next_command(state),
    }


def _show_json(_context: Context, state: RunState, clauses: Clauses) -> None:
    attempts = [
        {
            "attempt": attempt.number,
            "refused": [finding.model_dump(mode="json") for finding in attempt.refused],
            "candidate": attempt.candidate.model_dump(mode="json") if attempt.candidate else None,
            "results": [result.model_dump(mode="json") for result in attempt.results],
            "verdict": attempt.verdict.model_dump(mode="json") if attempt.verdict else None,
        }
        for attempt in state.attempts
    ]
    told = {"clauses": [clause.model_dump(mode="json") for clause in clauses], "details": attempts}
    say(json.dumps({**summary(state), **told}, indent=2))


def _show_text(context: Context, state: RunState, clauses: Clauses) -> None:
    spec = state.started.spec
    say(heading(f"{spec.id}: {visible_line(spec.title)}"))
    say(
        f"run {state.run_id} · {state.phase.replace('_', ' ')} · base {state.base[:10]} · {state.started.ref}"
    )
    for attempt in state.attempts:
        say()
        model = attempt.proposal.model_returned if attempt.proposal else "no reply yet"
        say(heading(f"attempt {attempt.number}") + f"  {visible_line(model)}")
        for finding in attempt.refused:
            say("  " + finding_line(finding, "block"))
        tree = attempt.candidate.tree if attempt.candidate else ""
        for gate in CheckReport(state.base, tree, attempt.results, attempt.verdict).gates:
            say("  " + gate_line(gate))
            for finding, effect in gate.findings:
                if effect in {"block", "ask"}:
                    say("      " + finding_line(finding, effect))
    _show_verdict(state, clauses)
    say()
    show_diff(context, state)
    if command := next_command(state):
        say(f"\nnext: {command}")


def _show_verdict(state: RunState, clauses: Clauses) -> None:
    if state.verdict is None:
        return
    say()
    say(heading("clauses"))
    for clause in matrix(clauses):
        for line in clause_lines(clause):
            say("  " + line)
    waved = state.started.spec.not_applicable
    if waved:
        say(heading("not applicable"))
    for name, why in waved.items():
        say(f"  {name.replace('_', ' ')}: {visible_line(why)}")
    for title, reasons in (("blocking", state.verdict.blocking), ("questions", state.verdict.questions)):
        if reasons:
            say(heading(title))
        for reason in reasons:
            say(f"  {reason.source}: {visible_line(reason.message)}")


def _written(writer: Callable[[CheckReport], str]) -> Callable[[Context, RunState, Clauses], None]:
    """A format that shows the newest candidate as a check is shown."""

    def show_as(_context: Context, state: RunState, clauses: Clauses) -> None:
        say(writer(CheckReport.of_run(state, clauses)))

    return show_as


def _show_html(context: Context, state: RunState, clauses: Clauses) -> None:
    diff = ""
    if state.candidate is not None:
        diff = context.repository.diff(context.repository.tree_of(state.base), state.candidate.tree)
    say(html_report(state, diff, clauses))


_FORMATS: Mapping[str, Callable[[Context, RunState, Clauses], None]] = {
    "text": _show_text,
    "json": _show_json,
    "markdown": _written(as_markdown),
    "html": _show_html,
    "sarif": _written(as_sarif),
    "junit": _written(as_junit),
}
