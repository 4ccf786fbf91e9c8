"""`spec check` and `spec schema`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from agent_gate.cli.output import marked, say, tell_error
from agent_gate.errors import ExitCode, SpecError


@click.group()
def spec() -> None:
    """Check specs, and print their JSON Schema."""


@spec.command("check")
@click.argument("paths", metavar="SPEC...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.pass_context
def check_specs(click_context: click.Context, *, paths: tuple[Path, ...]) -> None:
    """Read each SPEC and say where it is wrong: file, line, field. Exit 2 where any is."""
    from agent_gate.spec_file import read_spec

    wrong = False
    for path in paths:
        try:
            read = read_spec(path)
        except SpecError as error:
            tell_error(error)
            wrong = True
            continue
        verifiers = [verifier for clause in read.clauses for verifier in clause.verified_by]
        by_person = sum(verifier.kind == "manual" for verifier in verifiers)
        say(
            marked(
                "passed",
                f"{path}: {read.id}, {read.risk}, {len(read.clauses)} clauses; "
                f"{len(verifiers) - by_person} verified by a machine, {by_person} by a person",
            )
        )
    click_context.exit(int(ExitCode.USAGE if wrong else ExitCode.DONE))


@spec.command("schema")
def print_schema() -> None:
    """Print the JSON Schema of specs, for editors."""
    from agent_gate.domain.spec_schema import spec_schema

    say(json.dumps(spec_schema(), indent=2))
