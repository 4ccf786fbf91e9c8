"""Tools of other languages as gates, with nothing but the definitions that docs/gates.md shows."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from benches import Bench, MakeBench
from gate_examples import EXAMPLES
from registry import environment_with, from_index

from agent_gate.domain.gate import GateResult
from agent_gate.domain.spec import Spec
from agent_gate.domain.verification import judge_verifier
from agent_gate.gating.environment import Environment

pytestmark = [pytest.mark.registry, pytest.mark.slow]

JAVASCRIPT = {
    "package.json": '{"name": "sums", "type": "module"}\n',
    "eslint.config.mjs": (
        'export default [{ ignores: ["generated/"] },'
        ' { rules: { "no-undef": "error", "no-unused-vars": "warn", eqeqeq: "error" } }];\n'
    ),
    "src/sum.mjs": "export function sum(a, b) {\n  const old = 1;\n  return a + b;\n}\n",
    "test/sum.test.mjs": (
        'import test from "node:test";\nimport assert from "node:assert/strict";\n'
        'import { sum } from "../src/sum.mjs";\n'
        'test("adds", () => assert.equal(sum(1, 2), 3));\n'
        'test("adds nothing", () => assert.equal(sum(1, 0), 1));\n'
    ),
}
SEMGREP_RULES = """rules:
  - id: no-raw-sql
    languages: [python]
    severity: ERROR
    message: SQL is put together from parts
    pattern: $CURSOR.execute("..." + $PART)
"""
SQL = 'def find(cursor, name):\n    return cursor.execute("SELECT * FROM t WHERE n = " + name)\n'


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which npm has installed eslint and its SARIF formatter."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("npm and node are not installed")
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "package.json").write_text('{"private": true}')
    packages = ("eslint", "@microsoft/eslint-formatter-sarif")
    from_index(
        [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts", *packages]
    )
    return folder


@pytest.fixture(scope="module")
def semgrep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of an environment in which semgrep is installed."""
    return environment_with(tmp_path_factory.mktemp("semgrep") / "venv", "semgrep")


async def javascript(bench: MakeBench, environment: Environment, checkout: Path, gate: str) -> Bench:
    files = {**JAVASCRIPT, f".agent-gate/gates/{gate}.toml": EXAMPLES[gate]}
    made: Bench = await bench(files, gate)
    return replace(made, request=replace(made.request, environment=replace(environment, root=checkout)))


def found(result: GateResult, level: str) -> list[tuple[str, str]]:
    return sorted((f.path, f.rule) for f in result.findings if f.level == level)


async def test_eslint_speaks_sarif(bench: MakeBench, environment: Environment, checkout: Path) -> None:
    made = await javascript(bench, environment, checkout, "eslint")
    clean = await made.result({"src/more.mjs": "export const one = 1;\n"})
    assert (clean.status, clean.canary, clean.sandbox) == ("passed", "passed", "bubblewrap"), clean.reason
    assert clean.tool_version
    worse = JAVASCRIPT["src/sum.mjs"].replace("a + b", "a + b + c")
    result = await made.result({"src/sum.mjs": worse})
    assert found(result, "block") == [("src/sum.mjs", "no-undef")], result.reason
    assert result.findings[0].excerpt == "return a + b + c;"


@pytest.mark.parametrize(
    ("change", "level", "rule"),
    [
        ({"new.mjs": "x(); // eslint-disable-line no-undef\n"}, "ask", "no-undef"),
        ({"new.mjs": "/* eslint no-undef: 0 */\nx();\n"}, "ask", "no-undef"),
        ({"new.mjs": "x();\n", "eslint.config.mjs": "export default [];\n"}, "block", "no-undef"),
        ({"new.mjs": "x();\n", "eslint.config.js": "export default [];\n"}, "block", "no-undef"),
        ({"new.mjs": "export const = 1;\n"}, "block", "ESL0999"),
        ({"generated/new.mjs": "x();\n"}, "ask", "unexamined"),
    ],
    ids=["comment", "inline", "configuration", "another configuration", "syntax", "ignored folder"],
)
async def test_eslint_is_not_silenced(
    bench: MakeBench,
    environment: Environment,
    checkout: Path,
    change: Mapping[str, str],
    level: str,
    rule: str,
) -> None:
    made = await javascript(bench, environment, checkout, "eslint")
    (path,) = (name for name in change if name.endswith("new.mjs"))
    result = await made.result(change)
    assert (path, rule) in found(result, level), result


async def test_installed_folders_are_never_the_candidates(
    bench: MakeBench, environment: Environment, checkout: Path
) -> None:
    made = await javascript(bench, environment, checkout, "eslint")
    forged = {"node_modules/.bin/eslint": "#!/bin/sh\nexit 0\n", "new.mjs": "x();\n"}
    result = await made.result(forged)
    assert result.status == "errored"
    assert "node_modules/.bin/eslint" in result.reason


async def test_a_node_test_runner_speaks_junit(
    bench: MakeBench, environment: Environment, checkout: Path
) -> None:
    made = await javascript(bench, environment, checkout, "node-test")
    clean = await made.result({"src/more.mjs": "export const one = 1;\n"})
    assert (clean.status, clean.canary, clean.sandbox) == ("passed", "passed", "bubblewrap"), clean.reason
    broken = await made.result({"src/sum.mjs": "export const sum = (a, b) => a - b;\n"})
    assert found(broken, "block") == [("", "failed")]
    assert "adds" in broken.findings[0].message
    quits = await made.result({"src/sum.mjs": f"process.exit(0);\n{JAVASCRIPT['src/sum.mjs']}"})
    assert found(quits, "block") == [("", "lost-test"), ("", "lost-test")]
    test = JAVASCRIPT["test/sum.test.mjs"]
    renamed = await made.result({"test/sum.test.mjs": test.replace('"adds"', '"adds two"')})
    assert (renamed.status, found(renamed, "ask")) == ("passed", [("", "lost-test")])
    gone = await made.result({"test/sum.test.mjs": None})
    assert gone.status == "errored"
    assert "no test ran" in gone.reason


async def test_a_clause_rests_on_a_rule_of_semgrep(
    bench: MakeBench, semgrep: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{semgrep}:/usr/local/bin:/usr/bin:/bin")
    spec = Spec.model_validate({
        "schema": "agent-gate/spec/v1", "id": "a", "title": "a", "goal": "a", "risk": "trivial",
        "paths": {"allow": ["*"]},
        "acceptance": [
            {"id": "ACC-1", "statement": "s", "verified_by": ["semgrep:no-raw-sql"]},
            {"id": "ACC-2", "statement": "s", "verified_by": ["semgrep:no-such-rule"]},
        ],
    })  # fmt: skip
    files = {"README.md": "# sums\n", ".semgrep.yml": SEMGREP_RULES}
    made = await bench({**files, ".agent-gate/gates/semgrep.toml": EXAMPLES["semgrep"]}, "semgrep", spec=spec)

    def states(result: GateResult) -> list[str]:
        clauses = [clause for clause in spec.clauses if clause.verified_by]
        return [
            judge_verifier(clause.verified_by[0], clause, {"semgrep": result}, critical=False)[0].state
            for clause in clauses
        ]

    clean = await made.result({"b.py": "Y = 1\n"})
    assert (clean.status, clean.canary, clean.known_rules) == ("passed", "passed", ("no-raw-sql",)), (
        clean.reason
    )
    assert states(clean) == ["verified", "unverified"]
    change = {
        ".semgrep.yml": "rules: []\n",
        ".semgrepignore": "*\n",
        ".gitignore": "*\n",
        "b.py": SQL,
        "c.py": SQL.replace("name)\n", "name)  # nosemgrep\n"),
    }
    dirty = await made.result(change)
    assert found(dirty, "block") == [("b.py", "no-raw-sql")], dirty
    assert found(dirty, "ask") == [("c.py", "no-raw-sql")]
    assert states(dirty) == ["violated", "unverified"]
