"""A gate's silence counts only once its canary was flagged."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from benches import MakeBench

from agent_gate.domain.gate import GateDefinition
from agent_gate.gating.catalog import load_catalog
from agent_gate.gating.runner import measure_base
from agent_gate.vcs.repo import Repository

REPORT = "[{'code': 'BAD', 'filename': 'canary.py', 'message': 'm', 'location': p, 'end_location': p}]"
SEES = f"""
import json, os, pathlib
pathlib.Path('/dev/null').write_text('')
p = {{'row': 1, 'column': 1}}
print(json.dumps({REPORT} if os.path.exists('canary.py') else []))
"""
BLIND = "print('[]')"
OTHER = SEES.replace("'BAD'", "'GOOD'")
BROKEN = "import os\nprint('[]' if not os.path.exists('canary.py') else 'Segmentation fault')"


def gate(source: str, **more: object) -> GateDefinition:
    return GateDefinition.model_validate({
        "schema": "agent-gate/gate/v1", "id": "own", "title": "Own", "tool": "python3", "parser": "ruff-json",
        "argv": ["{tool}", "-I", "-c", source], "canary": {"files": {"canary.py": ""}, "rule": "BAD"}, **more,
    })  # fmt: skip


@pytest.mark.parametrize(
    ("source", "status", "told"),
    [
        (SEES, "passed", ""),
        (BLIND, "errored", "it must find BAD in a known-bad change, and found nothing"),
        (OTHER, "errored", "it must find BAD in a known-bad change, and found GOOD"),
        (BROKEN, "errored", "cannot be read"),
    ],
)
async def test_a_gate_that_does_not_see_its_canary_is_not_believed(
    bench: MakeBench, source: str, status: str, told: str
) -> None:
    made = await bench({"m.py": "X = 1\n"})
    result = await made.result({"m.py": "X = 2\n"}, definitions=(gate(source),))
    assert result.status == status
    assert told in result.reason
    assert result.canary == ("passed" if status == "passed" else "")


async def test_any_finding_will_do_where_no_rule_is_named(bench: MakeBench) -> None:
    made = await bench({"m.py": "X = 1\n"})
    anything = gate(OTHER, canary={"files": {"canary.py": ""}})
    assert (await made.result({"m.py": "X = 2\n"}, definitions=(anything,))).status == "passed"


async def test_the_canary_of_a_gate_that_found_something_does_not_matter(bench: MakeBench) -> None:
    made = await bench({"n.py": "X = 1\n"})
    blind_to_it = gate(SEES.replace("'canary.py'", "'m.py'"), canary={"files": {"other.py": ""}})
    assert (await made.result({"m.py": "X = 2\n"}, definitions=(blind_to_it,))).status == "failed"
    assert (await made.result({"n.py": "X = 2\n"}, definitions=(blind_to_it,))).status == "errored"


async def test_a_flagged_canary_is_remembered_until_the_definition_changes(
    bench: MakeBench, tmp_path: Path
) -> None:
    witness = tmp_path / "witness"
    witness.mkdir()
    counting = SEES.replace("'/dev/null'", f"'{witness}/' + str(os.getpid())") + f"# {witness}"
    made = await bench({"m.py": "X = 1\n"}, confined=False)

    async def runs(definition: GateDefinition, text: str) -> int:
        before = len(list(witness.iterdir()))
        assert (await made.result({"m.py": text}, definitions=(definition,))).status == "passed"
        return len(list(witness.iterdir())) - before

    first = await runs(gate(counting), "X = 2\n")
    second = await runs(gate(counting), "X = 3\n")
    third = await runs(gate(counting, title="Changed"), "X = 2\n")
    assert second < first == third


async def test_it_is_run_ahead_while_the_model_is_typing(bench: MakeBench, tmp_path: Path) -> None:
    made = await bench({"m.py": "X = 1\n"}, confined=False)
    counting = SEES.replace("'/dev/null'", f"'{tmp_path}/seen-' + str(os.path.exists('canary.py'))")
    request = made.change({"m.py": "X = 2\n"}, definitions=(gate(counting),))
    await measure_base(request)
    assert (tmp_path / "seen-True").exists()


@pytest.mark.parametrize(
    "name", sorted(name for name, definition in load_catalog().items() if definition.canary is not None)
)
async def test_each_built_in_gate_sees_its_own(bench: MakeBench, name: str) -> None:
    """Whatever it says about this honest change, it says it after its canary was flagged."""
    made = await bench({"m.py": "def one():\n    return 1\n"}, name)
    result = await made.result({"m.py": "def one():\n    return 2 - 1\n"})
    assert "canary" not in result.reason
    assert result.canary == ("passed" if result.status == "passed" else "")


async def test_a_check_that_is_cancelled_leaves_no_canary_behind(
    bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await bench({"m.py": "X = 1\n"})
    original, begun, folders = Repository.make, asyncio.Event(), []
    loop = asyncio.get_running_loop()

    def slow(folder: Path) -> Repository:
        repository = original(folder)
        folders.append(folder)
        loop.call_soon_threadsafe(begun.set)
        for number in range(40):  # as git does, which makes the folders above them too
            (folder / f"{number}").mkdir(parents=True)
            (folder / f"{number}" / "object").write_text("")
            time.sleep(0.005)
        return repository

    monkeypatch.setattr(Repository, "make", slow)
    check = asyncio.ensure_future(made.result({"m.py": "X = 2\n"}, definitions=(gate(SEES),)))
    await begun.wait()
    check.cancel()
    with pytest.raises(asyncio.CancelledError):
        await check
    assert [folder.exists() for folder in folders] == [False]
