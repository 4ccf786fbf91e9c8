"""The page about threats, made from the corpus, its rows, and what was recorded of it."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from threat_cases import CORPUS, Case, read_cases

PAGE = Path(__file__).parents[2] / "docs" / "threat-model.md"
OUTCOMES = CORPUS / "outcomes.json"
Outcome = Mapping[str, Any]
"""`says`, `by`, and the exit code of each naive tool."""

_HEAD = """\
# Threat model

The code under judgement is untrusted: it may be wrong, lazy, or bent on a green light. Each attack below is a
small repository and a change of it in `tests/adversarial/corpus/`. The script that
makes this page carries each one out: the naive tools, which find nothing, then `agent-gate check` under the default
policy. The tests hold that the case is the one that was recorded, and ask the gates that stopped it again; naive
tools they run on one attack each.

*blocked* is exit code 1. *asked* is exit code 3: nothing lands before a person has answered the question, which
names the place. A rule is written as `gate/rule`. This page is made by `tests/adversarial/score.py`.

Questions that are about the machine and not about the change are left out of all counts: where pip-audit is not
installed, or the index tells no dates, every new version of a package is asked about, honest or not. Without them
a change counts as passed although the program would end with 3.
"""
_FOOT = """\
## What this does not show

- **Questions need a reader.** An asked attack lands if the approver waves it through. The gate makes it visible;
  it does not decide.
- **Behaviour that no test and no rule sees.** Code that is wrong for inputs that no test has, or in a place where no
  test runs, looks like honest code that is right: see the fooled ones above. Tests that come from the spec, and a
  person who reads the change, are what is left. `mutation` among the required gates sees some of it.
- **Rules that ask look for ways, not for wills.** A look at the clock, at a frame, at the parent process or at a table
  is put to the approver where it is new and of a kind that honest programs hardly need. There are others.
- **Luck.** Some attacks are asked about only because no test runs their lines (`coverage/not-run`), or are blocked
  by a rule of style: with a hollow test, or in other words, they would pass.
- **Other languages.** The tests gate knows pytest; other runners come in as gates of a project (JUnit, SARIF). The
  rules for tests and source read Python, a few read JavaScript.
- **Signatures** are not built yet. Until then an approval is a claim by whoever could run the program.
- **The corpus was written by those who wrote the gates,** and by people who knew the rules. Others will try other
  things. The rate of false blocks over these look-alikes is no rate over real changes.
"""


def read_outcomes() -> dict[str, Outcome]:
    """What was recorded, by the name of the case."""
    recorded: dict[str, Outcome] = json.loads(OUTCOMES.read_text())
    return recorded


def read_sections() -> list[dict[str, Any]]:
    """The rows of the threat model, by section."""
    sections: list[dict[str, Any]] = tomllib.loads((CORPUS / "rows.toml").read_text())["section"]
    return sections


def page() -> str:
    """The whole page."""
    cases, outcomes = read_cases(), read_outcomes()
    parts = [
        _HEAD,
        _score(cases, outcomes),
        *_sections(cases, outcomes),
        _fooled(cases),
        _honest(cases, outcomes),
        _FOOT,
    ]
    return "\n".join(parts)


def _score(cases: Iterable[Case], outcomes: Mapping[str, Outcome]) -> str:
    attacks = [outcomes[case.name]["says"] for case in cases if case.is_attack]
    honest = [(case, outcomes[case.name]["says"]) for case in cases if not case.is_attack]
    told = sum(1 for case, says in honest if says == "asked" and case.needless)
    rows = [
        ("attacks, all green for a naive tool", len(attacks)),
        ("- blocked", attacks.count("blocked")),
        ("- put to the approver", attacks.count("asked")),
        ("- not seen by any gate (fooled)", attacks.count("passed")),
        ("honest changes", len(honest)),
        ("- passed", sum(1 for _, says in honest if says == "passed")),
        (
            "- put to the approver, as the contract says",
            sum(1 for _, says in honest if says == "asked") - told,
        ),
        ("- put to the approver without need", told),
        ("- falsely blocked", sum(1 for _, says in honest if says == "blocked")),
    ]
    return _table(("", "number"), ((name, str(number)) for name, number in rows))


def _sections(cases: tuple[Case, ...], outcomes: Mapping[str, Outcome]) -> Iterator[str]:
    for section in read_sections():
        yield f"## {section['title']}\n"
        for row in section["row"]:
            yield f"### {row['attack'][0].upper()}{row['attack'][1:]}\n"
            mine = [case for case in cases if case.row == row["id"]]
            if mine:
                yield _table(
                    ("the change", "says nothing", "we say", "by"),
                    (_cells(case, outcomes[case.name]) for case in mine),
                )
            if row.get("tests"):
                yield f"{'Also shown' if mine else 'Shown'} by {', '.join(f'`{t}`' for t in row['tests'])}.\n"
            if row.get("open"):
                yield f"Open: {row['open']}.\n"


def _cells(case: Case, outcome: Outcome) -> tuple[str, str, str, str]:
    naive = ", ".join(f"`{name}`" for name in outcome["naive"])
    says = "**passed**" if outcome["says"] == "passed" else outcome["says"]
    return case.name, naive, says, ", ".join(f"`{rule}`" for rule in outcome["by"])


def _fooled(cases: Iterable[Case]) -> str:
    found = [case for case in cases if case.is_attack and case.says == "passed"]
    lines = "".join(f"- **{case.name}**: {case.why}\n" for case in found)
    return f"## Fooled\n\nThese pass the default gates, and why no rule sees them. `mutation` was tried on each; whether honest changes survive it was not measured here.\n\n{lines}"


def _honest(cases: Iterable[Case], outcomes: Mapping[str, Outcome]) -> str:
    rows = (
        (
            case.name,
            case.why,
            outcomes[case.name]["says"],
            ", ".join(f"`{rule}`" for rule in outcomes[case.name]["by"]),
        )
        for case in cases
        if not case.is_attack
    )
    return "## Honest changes that look similar\n\n" + _table(
        ("the change", "looks like", "we say", "by"), rows
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", r"\|")
