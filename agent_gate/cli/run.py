"""`run` and `resume`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click

from agent_gate.cli.carry_on import carry_on
from agent_gate.cli.options import json_option, no_input_option, repo_option, unsandboxed_option
from agent_gate.cli.output import dim, say, tell
from agent_gate.cli.reporter import JsonReporter, Reporter
from agent_gate.cli.unsandboxed import may_run_unsandboxed
from agent_gate.errors import UsageError


@click.command()
@click.argument("spec", required=False, type=click.Path(path_type=Path))
@click.option("--model", default="", help="Any LiteLLM model name, or replay:PATH.")
@click.option("--attempts", type=click.IntRange(1, 20), help="How often the model may try.")
@click.option("--budget-usd", type=click.FloatRange(min=0), help="What the run may cost.")
@click.option("--base", default="", metavar="REV", help="The commit to change.  [default: the branch's tip]")
@click.option(
    "--branch", default="", metavar="NAME", help="The branch to land on.  [default: the current one]"
)
@click.option("--goal", default="", metavar="TEXT", help="A trivial change, without a spec file.")
@click.option("--allow", multiple=True, metavar="PATTERN", help="With --goal: the files it may touch.")
@click.option("--dry-run", is_flag=True, help="Print the prompt that would be sent, and stop.")
@json_option
@no_input_option
@unsandboxed_option
@repo_option
@click.pass_context
def run(
    click_context: click.Context,
    *,
    spec: Path | None,
    model: str,
    attempts: int | None,
    budget_usd: float | None,
    base: str,
    branch: str,
    goal: str,
    allow: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
    no_input: bool,
    allow_unsandboxed: bool,
    directory: Path,
) -> None:
    """Propose a change for SPEC, gate it, repair it, and park it for approval.

    At a terminal the review follows at once; without one the run parks (exit 3) and the next command
    is printed.
    """
    from agent_gate.engine.context import Context
    from agent_gate.engine.prompt import first_prompt
    from agent_gate.engine.start import RunOptions, find_ground, start_run, trivial_spec
    from agent_gate.spec.reader import read_spec

    if bool(spec) == bool(goal):
        raise UsageError(
            "name a SPEC file, or give --goal TEXT with --allow PATTERN", hint="agent-gate run --help"
        )
    if goal and not allow:
        raise UsageError("--goal needs --allow PATTERN: the files that the change may touch")
    read = read_spec(spec) if spec else trivial_spec(goal, allow)
    context = Context.open(directory, tell=tell)
    if spec:
        _tell_questions(spec, context.repository.root)
    options = RunOptions(
        model=model,
        attempts=attempts,
        base=base,
        branch=branch,
        allow_unsandboxed=may_run_unsandboxed(allow_unsandboxed, ask=not (no_input or as_json)),
        budget_microusd=None if budget_usd is None else round(budget_usd * 1_000_000),
    )
    if dry_run:
        ground = find_ground(context, options)
        for message in first_prompt(context, read, ground.policy, ground.base).messages:
            say(f"=== {message.role} ===\n{message.content}")
        return
    reporter = JsonReporter() if as_json else Reporter(stream_model=sys.stderr.isatty())
    journal = asyncio.run(start_run(context, read, options))
    for event in journal.events():
        reporter(event)
    click_context.exit(carry_on(context, journal.run_id, reporter, interactive=not (no_input or as_json)))


def _tell_questions(spec: Path, root: Path) -> None:
    """Questions block nothing, but who starts a run may want to know that there are some."""
    from agent_gate.spec.lint import review_spec
    from agent_gate.spec.reader import read_bytes
    from agent_gate.spec.surroundings import Surroundings

    open_ = review_spec(read_bytes(spec), str(spec), Surroundings.of(root)).questions
    if open_:
        count = "one open question" if len(open_) == 1 else f"{len(open_)} open questions"
        tell(dim(f"{count} in the spec: agent-gate spec check {spec}"))


@click.command()
@click.argument("run_name", metavar="RUN", default="@")
@json_option
@no_input_option
@repo_option
@click.pass_context
def resume(
    click_context: click.Context, *, run_name: str, as_json: bool, no_input: bool, directory: Path
) -> None:
    """Carry RUN on from wherever it stands. Where its base has moved, gate it again on the new one."""
    from agent_gate.engine.context import Context

    context = Context.open(directory, tell=tell)
    journal = context.runs.find(run_name)
    reporter = (
        JsonReporter() if as_json else Reporter(stream_model=sys.stderr.isatty(), state=journal.state())
    )
    click_context.exit(
        carry_on(context, journal.run_id, reporter, interactive=not (no_input or as_json), may_rebase=True)
    )
