"""`spec new`, `spec check` and `spec schema`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent_gate import __version__
from agent_gate.cli.options import repo_option
from agent_gate.cli.output import dim, marked, say
from agent_gate.errors import ExitCode, SpecError

if TYPE_CHECKING:
    from agent_gate.spec.lint import Review
    from agent_gate.spec.remark import Remark


class _Lazy(click.Group):
    """`new` brings the form's questions along; who only checks does not pay for them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), "new"])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name != "new":
            return super().get_command(ctx, cmd_name)
        from agent_gate.cli.spec_new import new

        return new


@click.group(cls=_Lazy)
def spec() -> None:
    """Write and check specs, and print their JSON Schema."""


@spec.command("check")
@click.argument("paths", metavar="SPEC...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="Questions count as errors.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "sarif"]), default="text", show_default=True
)
@repo_option
@click.pass_context
def check_specs(
    click_context: click.Context, *, paths: tuple[Path, ...], strict: bool, form: str, directory: Path
) -> None:
    """Say where each SPEC is wrong, and what it leaves open.

    Errors make it no spec: exit 2. Questions block nothing; with --strict they do. A question that needs
    no answer is silenced under not_applicable, by its code and with a reason.
    """
    from agent_gate.spec import report

    reviews = [_review(path, directory) for path in paths]
    if form == "json":
        say(report.as_json(reviews))
    elif form == "sarif":
        say(report.as_sarif(reviews, __version__))
    else:
        for review in reviews:
            _tell(review)
    wrong = any(review.errors or (strict and review.questions) for review in reviews)
    click_context.exit(int(ExitCode.USAGE if wrong else ExitCode.DONE))


@spec.command("schema")
def print_schema() -> None:
    """Print the JSON Schema of specs, for editors."""
    from agent_gate.spec.grammar import SCHEMA_FILE

    say(SCHEMA_FILE.read_text(encoding="utf-8").rstrip())


def _review(path: Path, directory: Path) -> Review:
    """The spec is read against the repository that it lies in, else against the one that we stand in."""
    from agent_gate.spec.lint import Review, review_spec, unreadable
    from agent_gate.spec.reader import read_bytes
    from agent_gate.spec.surroundings import Surroundings

    try:
        data = read_bytes(path)
    except SpecError as error:
        return Review(str(path), (unreadable(error),))
    named = directory != Path()
    around = Surroundings.of(directory if named else path)
    return review_spec(data, str(path), around if around.tree or named else Surroundings.of(directory))


def _tell(review: Review) -> None:
    from agent_gate.spec.report import rests_on

    for remark in review.remarks:
        _tell_remark(review.path, remark)
    if review.errors:
        return
    machine, person = rests_on(review)
    outline = review.outline
    parts = [
        f"{outline.text('id')}, {outline.text('risk') or 'standard'}, {len(outline.clauses)} clauses",
        f"{machine} verified by a machine, {person} by a person",
        *([f"{len(review.questions)} open questions"] if review.questions else ()),
        *([f"{review.silenced} silenced"] if review.silenced else ()),
    ]
    say(marked("passed", f"{review.path}: {'; '.join(parts)}"))


def _tell_remark(path: str, remark: Remark) -> None:
    from agent_gate.domain.visible import visible_line
    from agent_gate.spec.codes import is_error

    place = f"{path}:{remark.place.line}:{remark.place.column}" if remark.place.line else path
    told = f"{remark.field}: {remark.message}" if remark.field else remark.message
    state = "failed" if is_error(remark.code) else "asked"
    say(marked(state, visible_line(f"{place}: {remark.code} {told}")))
    if remark.hint:
        say(dim(visible_line(f"    {remark.hint}")))
