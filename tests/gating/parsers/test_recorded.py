"""What real tools wrote: eslint 10.15, semgrep 1.182, node 20.20, mypy 2.4, pyright 1.1.414."""

from __future__ import annotations

from pathlib import Path

from agent_gate.gating.parsers import PARSERS
from agent_gate.gating.parsers.report import Hit, Report, ToolOutput

RECORDED = Path(__file__).parent / "recorded"


def read(parser: str, name: str, exit_code: int, **options: str) -> Report:
    stdout = (RECORDED / name).read_bytes()
    return PARSERS[parser](ToolOutput(stdout, exit_code=exit_code, root="/copy", options=options))


def brief(hit: Hit) -> tuple[str, str, int, str]:
    return hit.path, hit.rule, hit.line, hit.severity


def test_eslint() -> None:
    report = read("sarif", "eslint.sarif", 1, artifacts="examined")
    assert [brief(hit) for hit in report.hits] == [
        ("src/sum.mjs", "no-unused-vars", 2, "medium"),
        ("src/sum.mjs", "no-undef", 3, "high"),
        ("src/sum.mjs", "eqeqeq", 5, "high"),
        ("test/quit.test.mjs", "no-undef", 1, "high"),
        ("src/bro ken.mjs", "ESL0999", 1, "high"),
    ]
    assert [hit.rule for hit in report.hits if hit.suppressed] == ["eqeqeq"]
    assert [hit.path for hit in report.hits if hit.unparsed] == ["src/bro ken.mjs"]
    assert report.examined == frozenset(
        {"eslint.config.mjs", "src/sum.mjs", "test/quit.test.mjs", "test/sum.test.mjs"}
    )


def test_eslint_without_the_option_does_not_say_what_it_examined() -> None:
    assert read("sarif", "eslint.sarif", 1).examined is None


def test_semgrep() -> None:
    report = read("sarif", "semgrep.sarif", 0)
    assert [(*brief(hit), hit.suppressed) for hit in report.hits] == [
        ("pkg/q.py", "no-raw-sql", 2, "high", False),
        ("pkg/q.py", "no-raw-sql", 3, "high", True),
        ("pkg/q.py", "no-print", 4, "medium", False),
    ]


def test_node() -> None:
    report = read("junit-xml", "node.xml", 1)
    assert [(hit.path, hit.rule, hit.identity) for hit in report.hits] == [("", "failed", "test::fails")]
    assert "2 !== 3" in report.hits[0].message
    assert report.cases == ("test::adds", "test::suite::nested", "test::suite::adds")


def test_mypy() -> None:
    report = read("mypy-json", "mypy.jsonl", 1)
    assert [brief(hit) for hit in report.hits] == [
        ("a.py", "return-value", 2, "medium"),
        ("a.py", "arg-type", 4, "medium"),
        ("a.py", "no-untyped-def", 6, "medium"),
    ]
    assert report.incomplete == ""


def test_mypy_stops_at_what_it_cannot_parse() -> None:
    report = read("mypy-json", "mypy-stopped.jsonl", 2)
    assert {(hit.path, hit.rule, hit.unparsed) for hit in report.hits} == {("broken.py", "syntax", True)}
    assert "broken.py: Expected an identifier" in report.incomplete


def test_pyright() -> None:
    report = read("pyright-json", "pyright.json", 1)
    assert [brief(hit) for hit in report.hits if not hit.unparsed] == [
        ("a.py", "reportReturnType", 2, "medium"),
        ("a.py", "reportArgumentType", 4, "medium"),
    ]
    assert {(hit.path, hit.rule) for hit in report.hits if hit.unparsed} == {("broken.py", "syntax")}
