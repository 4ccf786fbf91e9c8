"""The gates of types, with the real mypy. pyright is too large to be here: its recorded output is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from benches import MakeBench
from gate_examples import EXAMPLES

from agent_gate.domain.gate import GateResult
from agent_gate.gating.environment import Environment

STRICT = {"mypy.ini": "[mypy]\nstrict = True\n"}
WRONG = "def number() -> int:\n    return 'text'\n"


def blocked(result: GateResult) -> list[tuple[str, str]]:
    return [(f.path, f.rule) for f in result.findings if f.level == "block"]


@pytest.mark.parametrize("gate", ["mypy", "pyright"])
async def test_it_is_for_those_who_configure_it(bench: MakeBench, gate: str) -> None:
    made = await bench({"a.py": "X = 1\n", "pyproject.toml": "[project]\nname = 'a'\n"}, gate)
    result = await made.result({"a.py": WRONG, "mypy.ini": "[mypy]\n", "pyrightconfig.json": "{}\n"})
    assert (result.status, result.reason) == ("skipped", "not applicable")


async def test_only_new_mistakes_block(bench: MakeBench) -> None:
    made = await bench({**STRICT, "old.py": WRONG}, "mypy")
    clean = await made.result({"new.py": "def number() -> int:\n    return 1\n"})
    assert (clean.status, clean.canary, clean.sandbox) == ("passed", "passed", "bubblewrap"), clean.reason
    result = await made.result({"new.py": WRONG, "loose.py": "def loose(a): ...\n"})
    assert blocked(result) == [("loose.py", "no-untyped-def"), ("new.py", "return-value")]


async def test_a_change_in_one_file_that_breaks_another(bench: MakeBench) -> None:
    files = {
        **STRICT,
        "a.py": "def size() -> int:\n    return 1\n",
        "b.py": "import a\n\nSIZE: int = a.size()\n",
    }
    result = await (await bench(files, "mypy")).result({"a.py": "def size() -> str:\n    return 'L'\n"})
    assert blocked(result) == [("b.py", "assignment")]


@pytest.mark.parametrize(
    ("configured", "silencer"),
    [
        ("setup.cfg", {"mypy.ini": "[mypy]\nignore_errors = True\n", "setup.cfg": "[mypy]\nignore_errors = True\n"}),
        ("pyproject.toml", {"pyproject.toml": '[tool.mypy]\nexclude = [".*"]\n'}),
    ],
)  # fmt: skip
async def test_the_candidates_configuration_has_no_effect(
    bench: MakeBench, configured: str, silencer: Mapping[str, str]
) -> None:
    text = "[tool.mypy]\nstrict = true\n" if configured.endswith("toml") else "[mypy]\nstrict = True\n"
    made = await bench({configured: text, "a.py": "X = 1\n"}, "mypy")
    assert blocked(await made.result({**silencer, "new.py": WRONG})) == [("new.py", "return-value")]


async def test_only_what_the_configuration_names_is_checked(bench: MakeBench) -> None:
    made = await bench({"mypy.ini": "[mypy]\nfiles = pkg\n", "pkg/a.py": "X = 1\n", "b.py": ""}, "mypy")
    result = await made.result({"pkg/a.py": WRONG, "b.py": WRONG})
    assert blocked(result) == [("pkg/a.py", "return-value")]


async def test_a_broken_file_blocks_its_own_change(bench: MakeBench) -> None:
    made = await bench({**STRICT, "a.py": "X = 1\n"}, "mypy")
    assert set(blocked(await made.result({"new.py": "def (\n"}))) == {("new.py", "syntax")}


async def test_a_file_that_was_broken_before_keeps_mypy_from_looking_at_others(bench: MakeBench) -> None:
    made = await bench({**STRICT, "a.py": "X = 1\n", "broken.py": "def (\n"}, "mypy")
    result = await made.result({"new.py": "Y = 1\n"})
    assert result.status == "errored"
    assert "broken.py: Expected an identifier" in result.reason


async def test_a_tool_that_is_nowhere_is_an_error_with_a_hint(
    bench: MakeBench, environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    made = await bench({"pyrightconfig.json": "{}\n", "a.py": "X = 1\n"}, "pyright")
    request = replace(made.request, environment=replace(environment, python=tmp_path / "bin" / "python"))
    result = await replace(made, request=request).result({"a.py": "X = 2\n"})
    assert result.status == "errored"
    assert result.reason == "the tool 'pyright' is not installed"
    assert result.hint == "install pyright into the project's environment"


async def test_lines_are_as_good_as_json(bench: MakeBench) -> None:
    """The definition that docs/gates.md shows for tools that speak in lines."""
    gate = {".agent-gate/gates/types-by-lines.toml": EXAMPLES["types-by-lines"]}
    made = await bench({**STRICT, **gate, "old.py": WRONG}, "types-by-lines")
    clean = await made.result({"new.py": "X = 1\n"})
    assert (clean.status, clean.canary) == ("passed", "passed"), clean.reason
    result = await made.result({"new.py": WRONG})
    assert [(f.path, f.rule, f.line, f.column) for f in result.findings] == [
        ("new.py", "return-value", 2, 12)
    ]
