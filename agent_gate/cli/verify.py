"""`verify`: recomputes the evidence of commits. Needs git and nothing else: no network, no model."""

from __future__ import annotations

import json
from pathlib import Path

import click

from agent_gate.audit.verify import CommitReport, Require, verify_range
from agent_gate.cli.options import json_option, repo_option
from agent_gate.cli.output import marked, say, tell
from agent_gate.domain.visible import visible_line
from agent_gate.errors import ExitCode
from agent_gate.vcs.repo import Repository


@click.command()
@click.argument("revisions", metavar="[RANGE]", default="HEAD")
@click.option(
    "--require",
    type=click.Choice(["assisted", "all"]),
    default="assisted",
    show_default=True,
    help="Which commits must have evidence: those that say a model took part, or all.",
)
@json_option
@repo_option
@click.pass_context
def verify(
    click_context: click.Context, *, revisions: str, require: Require, as_json: bool, directory: Path
) -> None:
    """Recompute the evidence of commits, offline.

    One REV is that commit; A..B are the commits that B has and A lacks. Exit 1 where a commit does not
    hold.
    """
    repository = Repository.open(directory)
    reports = verify_range(repository, revisions, require)
    for report in reports:
        say(json.dumps(_as_json(report)) if as_json else _line(repository, report))
        for told in () if as_json else (*report.problems, *report.remarks):
            say(f"    {visible_line(told)}")
    if not reports:
        tell(f"no commits in {revisions}")
    click_context.exit(int(ExitCode.DONE if all(report.holds for report in reports) else ExitCode.BLOCKED))


def _line(repository: Repository, report: CommitReport) -> str:
    subject = visible_line(repository.text("show", "--no-patch", "--format=%s", report.commit))
    strength = report.strength or ("no evidence needed" if report.holds else "no evidence")
    return marked("verified" if report.holds else "violated", f"{report.commit[:12]} {strength}: {subject}")


def _as_json(report: CommitReport) -> dict[str, object]:
    return {
        "schema": 1,
        "commit": report.commit,
        "holds": report.holds,
        "strength": report.strength,
        "problems": list(report.problems),
        "remarks": list(report.remarks),
        "run": report.run,
        "spec": report.spec_id,
    }
