"""`demo`: the whole loop on a sample repository, with recorded replies: no key, no network."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import click

from agent_gate.cli.carry_on import carry_on, decide_and_seal, tell_binding, tell_outcome
from agent_gate.cli.options import unsandboxed_option
from agent_gate.cli.output import heading, marked, tell
from agent_gate.cli.reporter import Reporter
from agent_gate.demo import replies_path, spec_bytes
from agent_gate.domain.visible import visible_line
from agent_gate.engine.advance import advance
from agent_gate.engine.context import Context
from agent_gate.engine.sample_repository import make_sample_repository
from agent_gate.engine.start import RunOptions, start_run
from agent_gate.run.state import exit_code
from agent_gate.sandbox.find import find_sandbox
from agent_gate.spec.reader import parse_spec

_WORD = "approved with --yes; nobody looked"


@click.command()
@click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the sample is made: a new or empty folder.  [default: a temporary one]",
)
@click.option("--yes", is_flag=True, help="Approve as the git user, and say so.")
@unsandboxed_option
@click.pass_context
def demo(click_context: click.Context, *, directory: Path | None, yes: bool, allow_unsandboxed: bool) -> None:
    """Run the whole loop on a small sample repository: no key, no network.

    The model's replies are recorded. The first one fails a gate, its findings go back, the second one
    passes. Then you are asked to approve; with no terminal the run parks, unless --yes is given.
    """
    sample = make_sample_repository(directory or Path(tempfile.mkdtemp(prefix="agent-gate-demo-")))
    tell(heading("an order service with tests, in a new git repository"))
    tell(f"  {sample.root}")
    if sample.invented_identity:
        tell(f"  git does not know you; in this repository you are {sample.invented_identity}")
    unconfined = _accept_no_sandbox(allow_unsandboxed)
    context = Context.open(sample.root, tell=tell)
    options = RunOptions(model=f"replay:{replies_path()}", allow_unsandboxed=unconfined)
    reporter = Reporter()
    journal = asyncio.run(start_run(context, parse_spec(spec_bytes(), "demo/spec.yaml"), options))
    for event in journal.events():
        reporter(event)
    if yes:
        click_context.exit(_approve_as_git_user(context, journal.run_id, reporter))
    code = carry_on(context, journal.run_id, reporter, interactive=True)
    tell(f"  the repository: cd {sample.root}")
    click_context.exit(code)


def _accept_no_sandbox(allowed: bool) -> bool:
    """The demo runs only code that ships with the program, so it goes on without a sandbox, loudly."""
    probe = asyncio.run(find_sandbox())
    if probe.sandbox is not None:
        return allowed
    tell(marked("errored", f"NO SANDBOX: {visible_line(probe.reason)}"))
    tell(f"  hint: {visible_line(probe.hint)}")
    tell("  the demo's own recorded code now runs unconfined; a run on your code would stop here (exit 7)")
    return True


def _approve_as_git_user(context: Context, run_id: str, reporter: Reporter) -> int:
    state = asyncio.run(advance(context, run_id, reporter))
    if state.phase == "awaiting_approval" and state.verdict is not None:
        tell_binding(state)
        answers = {clause.clause: _WORD for clause in state.verdict.awaiting}
        for clause in answers:
            tell(f"  {clause} rests on your word; --yes answers: {_WORD}")
        state = decide_and_seal(context, run_id, reporter, reason="", answers=answers, means="yes")
    tell_outcome(context, state)
    if state.phase == "sealed":
        tell(f"  (in the repository: cd {context.repository.root})")
    return int(exit_code(state))
