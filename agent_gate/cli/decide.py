"""`approve` and `reject`: the decision without the UI."""

from __future__ import annotations

from pathlib import Path

import click

from agent_gate.cli.carry_on import decide_and_seal, tell_outcome, tell_what_is_approved
from agent_gate.cli.options import json_option, repo_option
from agent_gate.cli.reporter import JsonReporter, Reporter
from agent_gate.engine.context import Context
from agent_gate.engine.decide import reject as reject_run
from agent_gate.errors import UsageError
from agent_gate.run.state import exit_code


@click.command()
@click.argument("run_name", metavar="RUN")
@click.option("--reason", default="", help="Why, in a sentence; it becomes part of the evidence.")
@click.option(
    "--answer",
    "answers",
    multiple=True,
    metavar="CLAUSE=TEXT",
    help="Your sentence on a clause that rests on you.",
)
@json_option
@repo_option
@click.pass_context
def approve(
    click_context: click.Context,
    *,
    run_name: str,
    reason: str,
    answers: tuple[str, ...],
    as_json: bool,
    directory: Path,
) -> None:
    """Approve exactly what RUN parked, and seal it.

    A run that is rejected, blocked or already sealed is not touched.
    """
    context = Context.open(directory)
    state = context.runs.find(run_name).state()
    given = dict(_answer(text) for text in answers)
    if state.phase == "awaiting_approval" and not as_json:
        tell_what_is_approved(state)
    emit = JsonReporter() if as_json else Reporter()
    state = decide_and_seal(context, state.run_id, emit, reason=reason, answers=given, means="command")
    if not as_json:
        tell_outcome(context, state)
    click_context.exit(int(exit_code(state)))


@click.command()
@click.argument("run_name", metavar="RUN")
@click.option("--reason", required=True, help="Why, in a sentence.")
@json_option
@repo_option
def reject(*, run_name: str, reason: str, as_json: bool, directory: Path) -> None:
    """Reject RUN. It ends; nothing lands."""
    context = Context.open(directory)
    run_id = context.runs.find(run_name).run_id
    reject_run(context, run_id, reason=reason, emit=JsonReporter() if as_json else Reporter())


def _answer(text: str) -> tuple[str, str]:
    clause, separator, sentence = text.partition("=")
    if not separator or not sentence.strip():
        raise UsageError(
            f"--answer {text!r} has no sentence", hint="--answer DEC-1='the lock is taken first'"
        )
    return clause.strip(), sentence
