from __future__ import annotations

import asyncio
import os
import stat
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest
from benches import Bench, MakeBench

from agent_gate.domain.gate import STATIC_GATE_BLOCKS, GateDefinition, GateResult
from agent_gate.domain.policy import GatesPolicy, Policy
from agent_gate.gating.runner import measure_base, run_gates
from agent_gate.gating.tools import find_tool

FILES = {"m.py": "X = 1\n", "tests/test_m.py": "from m import X\n\n\ndef test_x():\n    assert X\n"}
GATES = ("scope", "bandit", "ruff", "tests")


async def both(bench: Bench, change: dict[str, str], **more: object) -> dict[str, GateResult]:
    return {result.gate: result for result in await run_gates(bench.change(change, **more))}


async def test_gates_report_as_they_start_and_finish(bench: MakeBench) -> None:
    made = await bench(FILES, *GATES)
    started: list[str] = []
    finished: list[str] = []
    results = await run_gates(
        made.change({"m.py": "X = 2\n"}), started.append, lambda r: finished.append(r.gate)
    )
    assert [(r.gate, r.status) for r in results] == [(gate, "passed") for gate in GATES]
    assert sorted(started) == sorted(finished) == sorted(GATES)
    assert started[-1] == "tests"


async def test_where_a_static_gate_blocks_the_code_is_never_run(bench: MakeBench, tmp_path: Path) -> None:
    made = await bench(FILES, *GATES, confined=False)
    witness = tmp_path / "ran"
    change = {"m.py": f"import os\nopen({str(witness)!r}, 'w')\nX = 1\n"}
    finished: list[str] = []
    results = {
        r.gate: r for r in await run_gates(made.change(change), on_finished=lambda r: finished.append(r.gate))
    }
    assert (results["ruff"].status, results["tests"].status) == ("failed", "skipped")
    assert results["tests"].reason == STATIC_GATE_BLOCKS
    assert "tests" in finished
    assert not witness.exists()
    results = await both(made, change, run_all=True)
    assert results["tests"].status == "passed"
    assert witness.exists()


async def test_an_advisory_gate_that_fails_does_not_stop_the_tests(bench: MakeBench) -> None:
    policy = Policy(gates=GatesPolicy(required=("tests",), advisory=("ruff",)))
    results = await both(await bench(FILES, "ruff", "tests", policy=policy), {"m.py": "import os\nX = 1\n"})
    assert (results["ruff"].status, results["tests"].status) == ("failed", "passed")


async def test_a_second_look_comes_from_the_cache_and_says_so(bench: MakeBench) -> None:
    made = await bench(FILES, *GATES)
    change = {"m.py": "X = 2\n"}
    first, second = await both(made, change), await both(made, change)
    assert {gate: result.cached for gate, result in first.items()} == dict.fromkeys(GATES, False)
    assert {gate: result.cached for gate, result in second.items()} == dict.fromkeys(GATES, True)
    timeless = {"cached": False, "duration_ms": 0}
    for gate, result in first.items():
        assert result.model_copy(update=timeless) == second[gate].model_copy(update=timeless)
    assert second["tests"].duration_ms < first["tests"].duration_ms / 3
    off = await both(made, change, use_cache=False)
    assert not any(result.cached for result in off.values())


async def test_errored_is_never_kept(bench: MakeBench) -> None:
    made = await bench(FILES, "tests")
    change = {"m.py": "import os\nos._exit(0)\n"}
    for _ in range(2):
        result = await made.result(change)
        assert (result.status, result.cached) == ("errored", False)


async def test_the_base_is_measured_early_and_not_twice(bench: MakeBench, tmp_path: Path) -> None:
    witness = tmp_path / "runs"
    files = {
        "m.py": "X = 1\n",
        "tests/test_m.py": f"import m\n\n\ndef test_x():\n    with open({str(witness)!r}, 'a') as s:\n        s.write(str(m.X))\n",
    }
    made = await bench(files, "ruff", "tests", confined=False)
    early = asyncio.create_task(measure_base(made.request))
    await asyncio.sleep(0.05)
    results = await both(made, {"m.py": "X = 2\n"})
    await early
    assert results["tests"].status == "passed"
    assert sorted(witness.read_text()) == ["1", "2"]


FLAGS_CANARY = """\
import json, os, sys, time
if os.path.exists("canary.py"):
    place = {"row": 1, "column": 1}
    print(json.dumps([{"code": "BAD", "filename": "canary.py", "message": "m", "location": place, "end_location": place}]))
    sys.exit()
"""


def gate(source: str = "print('[]')", *, canary: str = FLAGS_CANARY, **more: object) -> GateDefinition:
    """A gate whose tool is a few lines of Python."""
    return GateDefinition.model_validate({
        "schema": "agent-gate/gate/v1", "id": "own", "title": "Own", "tool": "python3", "parser": "ruff-json",
        "argv": ["{tool}", "-I", "-c", canary + source], "canary": {"files": {"canary.py": ""}, "rule": "BAD"}, **more,
    })  # fmt: skip


@pytest.mark.parametrize("what", ["tree", "policy", "environment", "limits", "sandbox"])
async def test_the_cache_key_holds_all_that_matters(bench: MakeBench, what: str) -> None:
    made = await bench(FILES)
    made = replace(made, request=replace(made.request, definitions=(gate(executes=True),)))
    request = made.change({"m.py": "X = 2\n"})
    assert [result.status for result in await run_gates(request)] == ["passed"]
    assert (await run_gates(request))[0].cached
    other = {
        "tree": made.change({"m.py": "X = 3\n"}),
        "policy": replace(
            request, policy=Policy.model_validate({"gates": {"options": {"own": {"timeout_s": 60}}}})
        ),
        "environment": replace(request, environment=replace(request.environment, digest="sha256:other")),
        "limits": replace(request, limits=request.limits.model_copy(update={"processes": 100})),
        "sandbox": replace(request, sandbox=None, allow_unsandboxed=True),
    }
    (result,) = await run_gates(other[what])
    assert not result.cached


@pytest.mark.parametrize(
    ("definition", "told"),
    [
        (gate(tool="no-such-tool-anywhere"), "is not installed"),
        (gate("print('not json')"), "cannot be read"),
        (gate("sys.exit('broke')"), "exit code 1: broke"),
        (gate("time.sleep(60)", timeout_s=1), "did not finish in 1 s"),
        (gate("print('[' + ' ' * 70_000_000 + ']')"), "more output than is kept"),
        (gate("open('m.py', 'w')"), "exit code 1"),
        (gate(version={"argv": ["{tool}", "-c", "print('none')"]}), "no version"),
    ],
)
async def test_a_tool_that_does_not_do_its_work_is_errored_with_a_hint(
    bench: MakeBench, definition: GateDefinition, told: str
) -> None:
    made = await bench(FILES)
    result = await made.result({"m.py": "X = 2\n"}, definitions=(definition,))
    assert result.status == "errored"
    assert told in result.reason
    assert result.hint


async def test_a_gate_gets_the_variables_that_its_definition_names_and_no_other(
    bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAMED", "yes")
    monkeypatch.setenv("SECRET", "no")
    source = "print('[]'); sys.exit('NAMED' not in os.environ or 'SECRET' in os.environ)"
    made = await bench(FILES)
    for names, status in ((("NAMED",), "passed"), ((), "errored")):
        definition = gate(source, environment=names)
        assert (await made.result({"m.py": "X = 2\n"}, definitions=(definition,))).status == status


async def test_a_tool_that_writes_where_there_is_no_sandbox_is_found_out(bench: MakeBench) -> None:
    made = await bench(FILES, confined=False)
    writer = gate("open('m.py', 'w'); print('[]')")
    result = await made.result({"m.py": "X = 2\n"}, definitions=(writer,))
    assert result.status == "errored"
    assert "changed m.py" in result.reason


async def test_a_tool_of_the_project_that_executes_needs_the_sandbox(bench: MakeBench) -> None:
    made = await bench(FILES)
    runs_code = gate(executes=True)
    assert (await made.result({"m.py": "X = 2\n"}, definitions=(runs_code,))).status == "passed"
    refused = await made.result({"m.py": "X = 3\n"}, definitions=(runs_code,), sandbox=None)
    assert refused.status == "errored"
    assert "no sandbox" in refused.reason


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of this test's own for all copies, so that only its own processes are counted."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


async def test_a_cancelled_check_leaves_no_process_and_no_folder(bench: MakeBench, temporary: Path) -> None:
    made = await bench(FILES, "tests")
    task = asyncio.create_task(run_gates(made.change({"m.py": "import time\ntime.sleep(60)\nX = 1\n"})))
    await asyncio.to_thread(_await_process, temporary)
    await asyncio.sleep(0.5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(_processes, temporary) == []
    assert await asyncio.to_thread(os.listdir, temporary) == []


async def test_gates_leave_no_process(bench: MakeBench, temporary: Path) -> None:
    made = await bench(FILES, *GATES)
    daemon = "import os\nif os.fork() == 0:\n    os.setsid()\n    import time\n    time.sleep(30)\n    os._exit(0)\nX = 2\n"
    await run_gates(made.change({"m.py": daemon}, run_all=True))
    assert await asyncio.to_thread(_processes, temporary) == []
    assert await asyncio.to_thread(os.listdir, temporary) == []


def _await_process(folder: Path) -> None:
    while not _processes(folder):
        time.sleep(0.02)


def _processes(folder: Path) -> list[str]:
    """The command lines of all processes that name a folder, zombies left out."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line:
            found.append(line)
    return found


def test_tools_come_from_our_own_environment() -> None:
    ruff, bandit = find_tool("ruff"), find_tool("bandit")
    assert ruff
    assert Path(ruff.argv[0]).stat().st_mode & stat.S_IXUSR
    assert Path(ruff.argv[0]).is_relative_to(sys.prefix)
    assert bandit
    assert bandit.argv == (sys.executable, "-I", "-B", "-m", "bandit")
    assert find_tool("no-such-tool-anywhere") is None
