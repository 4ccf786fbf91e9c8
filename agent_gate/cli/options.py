"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def _chosen(context: click.Context, _parameter: click.Parameter, value: Path | None) -> Path:
    return value or context.find_root().obj or Path()


def repo_option(command: Command) -> Command:
    """`--repo DIR`, after the command's name as well as before it."""
    return click.option(
        "--repo",
        "directory",
        type=click.Path(path_type=Path, file_okay=False),
        callback=_chosen,
        help="The repository to work on.  [default: the one you stand in]",
    )(command)


def no_input_option(command: Command) -> Command:
    """`--no-input`: never ask, even at a terminal."""
    return click.option("--no-input", is_flag=True, help="Never ask; park instead.")(command)


def json_option(command: Command) -> Command:
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Machine-readable output on stdout.")(command)


def unsandboxed_option(command: Command) -> Command:
    """`--allow-unsandboxed`."""
    return click.option(
        "--allow-unsandboxed",
        is_flag=True,
        help="Run the candidate's code unconfined where no sandbox is available; the result says so.",
    )(command)
