"""The gate as a whole, as `check` runs it; single rules are in tests/gating/integrity."""

from __future__ import annotations

from pathlib import Path

import pytest
from benches import MakeBench

from agent_gate.domain.policy import PathsPolicy, Policy
from agent_gate.gating.checks import integrity
from agent_gate.gating.integrity import units

FILES = {
    "src/calc.py": "def add(a, b):\n    return a + b\n",
    "tests/test_calc.py": "from calc import add\n\n\ndef test_add():\n    assert add(1234, 4321) == 5555\n",
    "conftest.py": "",
    ".github/workflows/ci.yml": "on: push\n",
}


async def test_an_honest_change_passes(bench: MakeBench) -> None:
    made = await bench(FILES, "integrity")
    result = await made.result({"src/calc.py": "def add(a, b):\n    return b + a\n"})
    assert (result.status, result.findings, result.canary) == ("passed", (), "passed")


async def test_a_block_fails_the_gate_and_a_question_does_not(bench: MakeBench) -> None:
    made = await bench(FILES, "integrity")
    blocked = await made.result({"src/calc.py": "import os\n\n\ndef add(a, b):\n    os._exit(0)\n"})
    (finding,) = blocked.findings
    assert (blocked.status, finding.rule, finding.line, finding.severity) == (
        "failed",
        "process-exit",
        5,
        "high",
    )
    asked = await made.result({"tests/test_calc.py": FILES["tests/test_calc.py"].replace(" == 5555", "")})
    (finding,) = asked.findings
    assert (asked.status, finding.rule, finding.level) == ("passed", "weakened-assertion", "ask")
    assert finding.excerpt == "- assert add(1234, 4321) == 5555\n+ assert add(1234, 4321)"


async def test_tests_that_the_change_leaves_alone_are_known(bench: MakeBench) -> None:
    made = await bench(FILES, "integrity")
    source = "def add(a, b):\n    if (a, b) == (1234, 4321):\n        return 5555\n    return a - b\n"
    (finding,) = (await made.result({"src/calc.py": source})).findings
    assert finding.rule == "test-input"
    assert "tests/test_calc.py" in finding.message


async def test_what_the_scope_gate_asks_about_is_not_asked_twice(bench: MakeBench) -> None:
    change = {".github/workflows/ci.yml": "on: [push, pull_request]\n"}
    made = await bench(FILES, "integrity")
    assert (await made.result(change)).findings == ()
    (finding,) = (await made.result(change, policy=Policy(paths=PathsPolicy(protected=())))).findings
    assert finding.rule == "configuration"


async def test_nothing_is_executed(bench: MakeBench, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    made = await bench(FILES, "integrity")
    hostile = f"open({str(mark)!r}, 'w')\n"
    result = await made.result({"src/calc.py": hostile, "conftest.py": hostile, "sitecustomize.py": hostile})
    assert {f.rule for f in result.findings} == {"start-up"}
    assert not mark.exists()


async def test_what_is_too_much_to_be_examined_is_told(
    bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(units, "_MOST_TESTS", 2)
    monkeypatch.setattr(integrity, "_TEST_BYTES", 10)
    many = "".join(f"def test_{number}():\n    assert one() == {number}\n\n\n" for number in range(5))
    made = await bench({"m.py": "X = 1\n", "tests/test_old.py": many}, "integrity")
    result = await made.result({"m.py": "X = 2\n", "tests/test_new.py": many})
    told = {(f.path, f.level, f.message.partition(" ")[0]) for f in result.findings if f.rule == "unexamined"}
    assert told == {("tests/test_new.py", "ask", "3"), ("", "note", "1")}
