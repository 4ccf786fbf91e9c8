"""`spec new`: the form, or the same questions line by line."""

from __future__ import annotations

from pathlib import Path

import click

from agent_gate.cli.options import repo_option
from agent_gate.cli.output import at_a_terminal
from agent_gate.errors import UsageError


@click.command("new")
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option(
    "--from", "source", metavar="FILE", type=click.Path(path_type=Path),
    help="Begin with a spec that is there, or with the text of an issue.",
)  # fmt: skip
@click.option(
    "--preset",
    "preset_name",
    default="",
    metavar="NAME",
    help="Begin with a preset: crud-endpoint, background-job, library-function, command-line, data-migration, trivial, blank.",
)
@click.option("--blank", is_flag=True, help="Begin with nothing but the questions.")
@click.option(
    "--no-ui", is_flag=True, help="Ask line by line; without a terminal, answers are read from stdin."
)
@repo_option
@click.pass_context
def new(
    click_context: click.Context,
    *,
    path: Path | None,
    source: Path | None,
    preset_name: str,
    blank: bool,
    no_ui: bool,
    directory: Path,
) -> None:
    """Write a new spec into PATH, by default specs/ID.yaml.

    Nothing is overwritten unasked, and each answer is kept: what was interrupted goes on the next time.
    """
    from agent_gate.drafting.preset import preset
    from agent_gate.drafting.source import draft_from_file
    from agent_gate.drafting.store import DraftStore
    from agent_gate.vcs.repo import Repository

    if sum((source is not None, bool(preset_name), blank)) > 1:
        raise UsageError("--from, --preset and --blank are three ways to begin", hint="choose one of them")
    if not no_ui and not at_a_terminal():
        raise UsageError("the form needs a terminal", hint="--no-ui reads the answers from standard input")
    repository = Repository.open(directory)
    place = _relative(path, repository.root) if path else ""
    if no_ui and place and (repository.root / place).exists():
        hint = f"name another file, or edit this one in the form: agent-gate spec new {path}"
        raise UsageError(f"{path} is there already", hint=hint)
    draft = None
    if preset_name or blank:
        draft = preset(preset_name or "blank")
    elif source:
        draft = draft_from_file(source)
    store = DraftStore(repository.common_directory)
    if no_ui:
        from agent_gate.cli.spec_interview import hold

        click_context.exit(hold(repository.root, store, draft, place))
    from agent_gate.cli.ui import open_spec

    click_context.exit(open_spec(directory, place, draft))


def _relative(path: Path, root: Path) -> str:
    """The path below the repository's root."""
    absolute = (Path.cwd() / path).resolve()
    if not absolute.is_relative_to(root.resolve()):
        raise UsageError(f"{path} lies outside of the repository {root}", hint="name a file inside of it")
    return absolute.relative_to(root.resolve()).as_posix()
