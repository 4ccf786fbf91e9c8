"""`check`: the gates alone."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from agent_gate.cli.check_options import CheckOptions
from agent_gate.cli.options import repo_option, unsandboxed_option
from agent_gate.cli.output import repeat
from agent_gate.cli.remembered import CheckMemory
from agent_gate.domain.digest import sha256
from agent_gate.errors import UsageError
from agent_gate.vcs.change_source import ChangeSource, locate_change
from agent_gate.vcs.repo import Repository

_FORMATS = ("text", "json", "sarif", "junit", "github", "markdown")


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
@click.option("--format", "form", type=click.Choice(_FORMATS), default="text", show_default=True)
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
    repository = Repository.open(directory)
    source = ChangeSource(range=revisions, staged=staged, patch=_read_patch(patch), policy_from=policy_from)
    base, tree = locate_change(repository, source)
    asked = [tree, policy_from and repository.resolve(policy_from), _digest(spec_path)]
    flags = [form, str(run_all), str(allow_unsandboxed)]
    memory = CheckMemory(repository, base, [*asked, *flags], enabled=not no_cache)
    said = memory.recall()
    if said is not None:
        repeat(said.lines)
        click_context.exit(said.exit_code)
    from agent_gate.cli.check_run import run_check  # what a check that was made already does not load

    asks = CheckOptions(policy_from, spec_path, run_all, allow_unsandboxed, form)
    click_context.exit(run_check(repository, base, tree, asks, memory))


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


def _digest(path: Path | None) -> str:
    """Of the spec's bytes; one that cannot be read is told of where it is read."""
    try:
        return sha256(path.read_bytes()) if path else ""
    except OSError:
        return ""
