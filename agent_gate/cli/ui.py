"""Opens the terminal UI; the only module of the command line that imports it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent_gate.cli.options import repo_option
from agent_gate.cli.output import at_a_terminal
from agent_gate.engine.context import Context
from agent_gate.errors import UsageError
from agent_gate.run.state import exit_code

if TYPE_CHECKING:
    from agent_gate.drafting.draft import SpecDraft


@click.command()
@click.argument("run_name", metavar="RUN", default="@")
@repo_option
@click.pass_context
def review(click_context: click.Context, *, run_name: str, directory: Path) -> None:
    """Open the review screen of RUN; the newest one by default."""
    from agent_gate.tui.app import run_review

    if not at_a_terminal():
        raise UsageError("review needs a terminal", hint="agent-gate show RUN prints the same things")
    context = Context.open(directory)
    journal = context.runs.find(run_name)
    run_review(context, journal.run_id)
    click_context.exit(int(exit_code(journal.state())))


def open_home(directory: Path) -> int:
    """The home screen of the repository."""
    from agent_gate.tui.app import run_home

    return run_home(Context.open(directory))


def open_spec(directory: Path, path: str, draft: SpecDraft | None = None) -> int:
    """The form, on a spec of the repository or on a new one (`draft`); `path` is relative to the root."""
    from agent_gate.tui.app import run_spec

    return run_spec(Context.open(directory), path, draft)
