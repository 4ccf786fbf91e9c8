"""A check as annotations, read back by the rules of GitHub's runner."""

from __future__ import annotations

import re
from typing import NamedTuple

from check_reports import HOSTILE, blocked_report, report_of, reports
from hypothesis import given, settings
from values import finding, gate, spec

from agent_gate.domain.visible import has_hidden, visible, visible_line
from agent_gate.report.check_report import CheckReport
from agent_gate.report.github import as_github


class Command(NamedTuple):
    name: str
    properties: dict[str, str]
    message: str


def unescaped(text: str, pairs: dict[str, str]) -> str:
    """In the runner's order: the percent sign comes last."""
    for code, character in {"%0D": "\r", "%0A": "\n", **pairs, "%25": "%"}.items():
        text = text.replace(code, character)
    return text


def commands(output: str) -> list[Command]:
    """What the runner obeys, line by line (actions/runner, ActionCommand.TryParseV2)."""
    found = []
    for line in re.split("\r\n|\r|\n", output) if output else []:
        begun, _, rest = line.lstrip().partition("::")
        assert not begun
        info, separator, message = rest.partition("::")
        assert separator
        name, _, stated = info.partition(" ")
        pairs = [pair.split("=", 1) for pair in stated.strip().split(",") if pair]
        properties = {key: unescaped(value, {"%3A": ":", "%2C": ","}) for key, value in pairs}
        found.append(Command(name, properties, unescaped(message, {})))
    return found


def test_in_full() -> None:
    assert as_github(blocked_report()).splitlines() == [
        "::error file=shop/a.py,line=3,endLine=4,title=ruff S608::string-built SQL",
        "::error title=ACC-1::violated: stored once (pytest:tests/test_shop.py::test_once: failed: assert 1 == 2)",
        "::error title=bandit::errored: no report",
        "::error title=secrets::required, but it did not run",
        "::error title=tests::failed",
        "::warning file=shop/b c.py,title=ruff S307::eval",
        "::warning file=shop/a.py,line=3,title=style C1::too long",
        "::notice file=shop/a.py,line=3,title=ruff W1::only told",
    ]  # fmt: skip


def test_columns_are_told_where_the_annotation_is_of_one_line() -> None:
    one = finding(column=9, end_line=3)
    assert as_github(report_of(gate("ruff", findings=[one]))).startswith(
        "::error file=shop/a.py,line=3,col=9,title"
    )


def test_what_is_escaped() -> None:
    bad = finding(path="a,b:c.py", line=0, rule="X,1", message="50 %\n::error::no, a: b")
    assert as_github(report_of(gate("ruff", findings=[bad]))) == (
        "::error file=a%2Cb%3Ac.py,title=ruff X%2C1::50 %25%0A::error::no, a: b"
    )


def test_nothing_to_say_is_no_line() -> None:
    assert as_github(CheckReport("b" * 40, "7" * 40)) == ""
    assert as_github(report_of(gate("ruff"))) == ""
    assert as_github(report_of(gate("ruff"), asked=spec("manual: look"))).startswith(
        "::warning title=ACC-1::"
    )


@settings(max_examples=60, deadline=None)
@given(reports())
def test_any_check_is_as_many_commands_as_it_has_things_to_say(report: CheckReport) -> None:
    found = commands(as_github(report))
    names = [command.name for command in found]
    assert names == sorted(names, key=["error", "warning", "notice"].index)
    assert ("error" in names) == (report.effect == "block")
    assert ("warning" in names) >= (report.effect == "ask")
    said = sum(len(gate.at("block", "ask", "note")) for gate in report.gates)
    said += len(report.statements) + sum(clause.state != "verified" for clause in report.clauses)
    assert len(found) == said
    for command in found:
        assert set(command.properties) <= {"file", "line", "col", "endLine", "title"}
        assert not any(has_hidden(text) for text in (*command.properties.values(), command.message))


@settings(max_examples=60, deadline=None)
@given(path=HOSTILE, message=HOSTILE)
def test_path_and_message_come_back_as_they_are_shown(path: str, message: str) -> None:
    (command,) = commands(as_github(report_of(gate("ruff", findings=[finding(path=path, message=message)]))))
    assert command.properties["file"] == visible_line(path)
    assert command.message == visible(message)
