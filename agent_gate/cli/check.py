"""`check`: the gates alone."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click

from agent_gate.cli.check_json import outcome_json
from agent_gate.cli.options import repo_option, unsandboxed_option
from agent_gate.cli.output import dim, marked, say, tell
from agent_gate.cli.reporter import clause_lines, finding_line, gate_line
from agent_gate.cli.unsandboxed import may_run_unsandboxed
from agent_gate.domain.gate import GateResult
from agent_gate.domain.matrix import matrix
from agent_gate.domain.visible import visible_line
from agent_gate.engine.check_change import ChangeSource, CheckOutcome, check_change
from agent_gate.engine.context import Context
from agent_gate.errors import UsageError
from agent_gate.spec.reader import read_spec


@click.command()
@click.argument("revisions", metavar="[RANGE]", default="")
@click.option("--staged", is_flag=True, help="Judge the index instead of the work tree.")
@click.option(
    "--patch", type=click.Path(path_type=Path, allow_dash=True), help="Judge a patch on HEAD; - reads stdin."
)
@click.option("--spec", "spec_path", type=click.Path(path_type=Path), help="Bind the clauses of this spec.")
@click.option(
    "--policy-from", default="", metavar="REV", help="Read the policy from here instead of the base."
)
@click.option("--all", "run_all", is_flag=True, help="Run the later gates also where an earlier one blocks.")
@click.option("--no-cache", is_flag=True, help="Make every result anew.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@unsandboxed_option
@repo_option
@click.pass_context
def check(
    click_context: click.Context,
    *,
    revisions: str,
    staged: bool,
    patch: Path | None,
    spec_path: Path | None,
    policy_from: str,
    run_all: bool,
    no_cache: bool,
    form: str,
    allow_unsandboxed: bool,
    directory: Path,
) -> None:
    """Run the gates on a change that is already there.

    By default the work tree against HEAD, untracked files included. A..B has base A, A...B the merge
    base, one REV means REV^..REV. Exit 0 passed, 1 blocked, 3 only questions for a person are left.
    """
    context = Context.open(directory, use_cache=not no_cache)
    source = ChangeSource(range=revisions, staged=staged, patch=_read_patch(patch), policy_from=policy_from)
    outcome = asyncio.run(
        check_change(
            context,
            source,
            spec=read_spec(spec_path) if spec_path else None,
            allow_unsandboxed=may_run_unsandboxed(allow_unsandboxed, ask=form == "text"),
            run_all=run_all,
            on_finished=_tell_gate if form == "text" else lambda _: None,
        )
    )
    if form == "json":
        say(outcome_json(outcome))
    else:
        _say_outcome(outcome)
    click_context.exit(int(outcome.exit_code))


def _read_patch(path: Path | None) -> bytes | None:
    if path is None:
        return None
    if str(path) == "-":
        return sys.stdin.buffer.read()
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path}: {error.strerror}", hint="name an existing patch file, or - for stdin"
        ) from None


def _tell_gate(result: GateResult) -> None:
    tell(gate_line(result))


def _say_outcome(outcome: CheckOutcome) -> None:
    verdict = outcome.verdict
    if verdict is None:
        say(marked("passed", "nothing changed: nothing to judge"))
        return
    for result in outcome.results:
        _say_findings(result)
    for clause in matrix(verdict.clauses):
        for line in clause_lines(clause):
            say(line)
    shown = {finding.fingerprint for result in outcome.results for finding in result.findings}
    reasons = [("✗", reason) for reason in verdict.blocking] + [("?", reason) for reason in verdict.questions]
    for sign, reason in reasons:
        if reason.fingerprint not in shown:
            say(f"{sign} {reason.source}: {visible_line(reason.message)}")
    blocked = verdict.outcome == "blocked"
    questions = len(verdict.questions) + len(verdict.awaiting)
    told = (
        "blocked"
        if blocked
        else f"passed, with {questions} questions for a person"
        if questions
        else "passed"
    )
    unconfined = "; unsandboxed" if verdict.unsandboxed else ""
    say(marked("blocked" if blocked else "passed", f"{told}{unconfined}"))


def _say_findings(result: GateResult) -> None:
    for finding in result.findings:
        if finding.introduced and finding.level != "note":
            say(finding_line(finding))
            for line in finding.excerpt.splitlines()[:5]:
                say(dim(f"    {visible_line(line)}"))
