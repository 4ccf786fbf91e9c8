"""Drives a run from the command line: on as far as it goes, ask if there is somebody, say how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import click

from agent_gate.cli.output import at_a_terminal, dim, heading, marked, say, tell
from agent_gate.domain.visible import visible, visible_line
from agent_gate.engine.advance import advance
from agent_gate.engine.context import Context
from agent_gate.engine.decide import Means, approve, reject
from agent_gate.engine.next_command import next_command
from agent_gate.engine.recorder import Emit
from agent_gate.errors import ExitCode
from agent_gate.run.state import RunState, exit_code


def carry_on(
    context: Context,
    run_id: str,
    emit: Emit,
    *,
    interactive: bool,
    may_rebase: bool = False,
    quiet: bool = False,
) -> int:
    """Carries the run on; at a terminal asks for the decision. Returns the exit code.

    `quiet` leaves out the closing words, for output that a machine reads.
    """
    try:
        state = asyncio.run(advance(context, run_id, emit, may_rebase=may_rebase))
        if state.phase == "awaiting_approval" and interactive and at_a_terminal():
            state = _review(context, state, emit)
    except KeyboardInterrupt:
        tell(f"\ninterrupted; carry on with: agent-gate resume {run_id}")
        return int(ExitCode.INTERRUPTED)
    if not quiet:
        tell_outcome(context, state)
    return int(exit_code(state))


def decide_and_seal(
    context: Context, run_id: str, emit: Emit, *, reason: str, answers: Mapping[str, str], means: Means
) -> RunState:
    """Approves, and carries the run on to its seal."""
    approve(context, run_id, reason=reason, answers=answers, means=means, emit=emit)
    return asyncio.run(advance(context, run_id, emit))


def tell_outcome(context: Context, state: RunState) -> None:
    """How the run stands, and the exact next command."""
    match state.phase:
        case "sealed":
            _tell_sealed(context, state)
        case "awaiting_approval":
            _tell_parked(state)
        case "stale" | "proposing":
            say(next_command(state))
        case "blocked":
            tell(f"  look at it with: agent-gate show {state.run_id}")
        case "rejected" | "aborted":
            tell(f"  {state.phase}: {visible(state.end_message)}")
        case _:
            pass


def _tell_sealed(context: Context, state: RunState) -> None:
    assert state.sealed is not None  # noqa: S101 - the phase says so
    branch = state.sealed.ref.removeprefix("refs/heads/")
    tell(heading(f"sealed {state.sealed.commit[:10]} on {branch}"))
    if state.sealed.note:
        tell(f"  {visible(state.sealed.note)}")
    say(
        visible(
            context.repository.text(
                "show", "--no-patch", "--format=medium", "--no-color", state.sealed.commit
            )
        )
    )
    tell()
    tell("verify it, offline, now or in years:")
    say(next_command(state))


def _tell_parked(state: RunState) -> None:
    assert state.verdict is not None  # noqa: S101 - only a judged candidate is parked
    tell(marked("awaits a person", f"run {state.run_id} is parked: a person decides"))
    for clause in state.verdict.awaiting:
        for item in clause.evidence:
            if item.awaits_person:
                tell(f"    {clause.clause} waits for your word: {visible_line(item.verifier)}")
    tell(f"  look:    agent-gate show {state.run_id}      (or: agent-gate review {state.run_id})")
    tell(f"  refuse:  agent-gate reject {state.run_id} --reason '…'")
    say(next_command(state))


def _review(context: Context, state: RunState, emit: Emit) -> RunState:
    """The review in lines: what is signed, the questions, the decision. `v` opens the review screen."""
    tell_what_is_approved(state)
    while True:
        choice = click.prompt(
            "approve (a), reject (r), diff (d), review screen (v), later (l)",
            type=click.Choice(["a", "r", "d", "v", "l"]),
            show_choices=False,
            err=True,
        )
        if choice == "d":
            show_diff(context, state)
        elif choice == "v":
            from agent_gate.tui.app import run_review

            run_review(context, state.run_id)
            return context.runs.find(state.run_id).state()
        elif choice == "r":
            reason = click.prompt("why", err=True)
            return reject(context, state.run_id, reason=reason, emit=emit)
        elif choice == "a":
            answers = ask_answers(state)
            return decide_and_seal(context, state.run_id, emit, reason="", answers=answers, means="terminal")
        else:
            return state


def ask_answers(state: RunState) -> dict[str, str]:
    """Asks for a sentence on each clause that rests on a person."""
    answers: dict[str, str] = {}
    for clause in state.verdict.awaiting if state.verdict else ():
        tell(f"{clause.clause} {visible_line(clause.sentence)}")
        for item in clause.evidence:
            if item.awaits_person:
                tell(f"  {visible_line(item.verifier)}")
        answers[clause.clause] = click.prompt("  your sentence", err=True)
    return answers


def tell_binding(state: RunState) -> None:
    """Exactly what is being signed."""
    binding = state.binding
    assert binding is not None  # noqa: S101 - a parked run has one
    digests = {
        "spec": binding.spec_digest,
        "policy": binding.policy_digest,
        "verdict": binding.verdict_digest,
    }
    tell(heading("you sign"))
    tell(f"  tree {binding.tree[:10]} on {binding.base[:10]} for {binding.ref.removeprefix('refs/heads/')}")
    tell(
        "  " + ", ".join(f"{name} {digest.removeprefix('sha256:')[:10]}" for name, digest in digests.items())
    )


def tell_what_is_approved(state: RunState) -> None:
    """Everything that an approval says: what is signed, what is confirmed, what is accepted."""
    tell_binding(state)
    for clause in state.verdict.clauses if state.verdict else ():
        for item in clause.evidence:
            if item.model_written:
                tell(
                    f"  you confirm: {clause.clause} rests on {visible_line(item.verifier)}, written by the model"
                )
    for question in state.verdict.questions if state.verdict else ():
        tell(f"  you accept: {question.source}: {visible_line(question.message)}")


def show_diff(context: Context, state: RunState) -> None:
    """The candidate's diff, with signs and colours."""
    if state.candidate is None:
        return
    base_tree = context.repository.tree_of(state.base)
    for line in visible(context.repository.diff(base_tree, state.candidate.tree)).splitlines():
        if line.startswith("+") and not line.startswith("+++"):
            say(click.style(line, fg="green"))
        elif line.startswith("-") and not line.startswith("---"):
            say(click.style(line, fg="red"))
        else:
            say(dim(line) if line.startswith(("diff ", "index ", "---", "+++")) else line)
