"""Tools that fail in every way: whatever is not a whole, readable report is an error with a reason."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from benches import MakeBench
from gate_examples import EXAMPLES

from agent_gate.domain.gate import GateResult

GATE = """
schema = "agent-gate/gate/v1"
id = "probe"
title = "A tool that fails"
tool = "sh"
argv = ["{{tool}}", "-c", '''{script}''']
accepted_exit_codes = [0, 1]
timeout_s = 5
{more}
[canary]
files = {{ "canary.txt" = "canary" }}
"""
SARIF = '{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": []}]}'
ROOT = Path(__file__).resolve().parents[2]


async def run(bench: MakeBench, script: str, more: str = 'parser = "sarif"') -> GateResult:
    definition = GATE.format(script=script, more=more)
    made = await bench({"a.txt": "a\n", ".agent-gate/gates/probe.toml": definition}, "probe")
    result: GateResult = await made.result({"b.txt": "b\n"})
    return result


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo broken >&2; exit 3", "sh ended with exit code 3: broken"),
        ("echo nonsense", "the output of sh cannot be read (Expecting value"),
        ("true", "the output of sh cannot be read"),
        ("echo partly; kill -9 $$", "sh ended with exit code"),
        ("sleep 60", "sh did not finish in 5 s"),
        (f"echo '{SARIF}'; exit 1", "exit code 1, and nothing was found"),
        ("head -c 70000000 /dev/zero", "more output than is kept (64 MiB)"),
        ("echo more >a.txt", "Read-only file system"),
    ],
)
async def test_what_is_no_report_is_an_error(bench: MakeBench, script: str, reason: str) -> None:
    result = await run(bench, script)
    assert result.status == "errored"
    assert reason in result.reason
    assert result.hint
    assert len(result.reason) < 2500


async def test_a_tool_may_write_its_report_to_a_file(bench: MakeBench) -> None:
    found = SARIF.replace('"results": []', '"results": [{"message": {"text": "m"}, "ruleId": "r"}]')
    script = f"echo noise; if test -e canary.txt; then echo '{found}'; else echo '{SARIF}'; fi >{{output}}"
    result = await run(bench, script)
    assert (result.status, result.canary) == ("passed", "passed"), result.reason


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("true", "there is no report: No such file"),
        ("ln -s /etc/passwd {output}", "there is no report: Too many levels of symbolic links"),
        ("mkfifo {output}", "the report is no ordinary file"),
        ("mkdir {output}", "the report is no ordinary file"),
        ("truncate -s 100M {output}", "the report is too large"),
        ("echo '{}' >{output}; chmod 0 {output}", "not what SARIF 2.1.0 describes"),
    ],
)
async def test_a_report_that_is_no_file_is_an_error(bench: MakeBench, script: str, reason: str) -> None:
    result = await run(bench, f"{script}  # {{output}}")
    assert result.status == "errored"
    assert reason in result.reason or "Permission denied" in result.reason


_FAILING = "if ls {} canary.txt 2>/dev/null | grep .; then date +%N; exit 1; fi"


async def test_an_exit_code_is_a_finding_for_the_whole_tree(bench: MakeBench) -> None:
    result = await run(bench, _FAILING.format("b.txt"), 'parser = "exit-code"')
    assert [(f.path, f.rule, f.level, f.excerpt) for f in result.findings] == [
        ("", "failed", "block", "exit code 1")
    ]
    assert "b.txt" in result.findings[0].message


async def test_a_tool_that_failed_on_the_base_already_has_nothing_new_to_say(bench: MakeBench) -> None:
    result = await run(bench, _FAILING.format("a.txt"), 'parser = "exit-code"')
    assert (result.status, result.canary) == ("passed", "passed"), result.reason


async def test_a_script_that_only_fails(bench: MakeBench) -> None:
    """The definition that docs/gates.md shows for it."""
    stamped = "# SPDX-License-Identifier: MIT\n"
    made = await bench({"a.py": stamped, ".agent-gate/gates/licences.toml": EXAMPLES["licences"]}, "licences")
    assert (await made.result({"b.py": stamped})).status == "passed"
    result = await made.result({"b.py": "X = 1\n"})
    assert result.status == "failed"
    assert result.findings[0].message == "exit code 1: ./b.py"


_MEMORY = """
import asyncio, os, re, sys
from pathlib import Path
sys.path.insert(0, {support!r})
from benches import Bench
from repositories import hermetic_git_environment, new_repository
from agent_gate.domain.policy import Policy
from agent_gate.gating.catalog import load_catalog, project_definitions
from agent_gate.gating.environment import describe
from agent_gate.gating.request import CheckRequest
from agent_gate.sandbox.find import find_sandbox
root = Path(sys.argv[1])
os.environ.update(hermetic_git_environment(root), AGENT_GATE_CACHE_DIR=str(root / "cache"))
async def main():
    repository = new_repository(root / "r", {{"a.txt": "a\\n", ".agent-gate/gates/flood.toml": sys.argv[2]}})
    base = repository.resolve("HEAD")
    tree = repository.tree_of(base)
    definitions = (load_catalog(project_definitions(repository, base))["flood"],)
    environment = await describe(Path(sys.executable), root)
    sandbox = (await find_sandbox()).sandbox
    request = CheckRequest(
        repository=repository, base_commit=base, base_tree=tree, tree=tree, changed=(), policy=Policy(),
        definitions=definitions, environment=environment, sandbox=sandbox,
    )
    result = await Bench(repository, request).result({{"big.txt": "b\\n" * 2000}})
    # Not ru_maxrss: that one begins with the size of whoever started this process.
    peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]
    print(result.status, len(result.findings), int(peak) // 1024, result.reason)
asyncio.run(main())
"""
_FLOOD = '''
schema = "agent-gate/gate/v1"
id = "flood"
title = "A tool that says much"
tool = "python3"
argv = ["{tool}", "-c", """
import json, os
many = 2000 if os.path.exists('big.txt') else 1
snippet = {'text': 'x' * 25000}
place = lambda n: {'artifactLocation': {'uri': 'big.txt'}, 'region': {'startLine': n + 1, 'snippet': snippet}}
results = [{'ruleId': 'r', 'message': {'text': 'm'}, 'locations': [{'physicalLocation': place(n)}]} for n in range(many)]
print(json.dumps({'version': '2.1.0', 'runs': [{'tool': {'driver': {'name': 'x'}}, 'results': results}]}))
"""]
parser = "sarif"
[canary]
files = { "canary.txt" = "canary" }
'''


def test_fifty_megabytes_with_two_thousand_findings_stay_under_300_mib(tmp_path: Path) -> None:
    script = _MEMORY.format(support=str(ROOT / "tests" / "support"))
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), _FLOOD],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    status, findings, mebibytes, *reason = done.stdout.split()
    assert (status, findings) == ("failed", "2000"), reason
    assert int(mebibytes) < 300
