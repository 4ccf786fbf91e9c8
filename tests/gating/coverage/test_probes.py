"""Probes in code: they say what runs, as Python's own tracing says it, and change nothing."""

from __future__ import annotations

import ast
import sys
import sysconfig
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_gate.gating.coverage.probes import MeasuredFile

NO_COVER = r"#\s*pragma:\s*no cover"


def measured(folder: Path, source: str, changed: Any = None, exclude: tuple[str, ...] = ()) -> MeasuredFile:
    path = folder / "code.py"
    path.write_text(source)
    lines = range(1, source.count("\n") + 2) if changed is None else changed
    return MeasuredFile(str(path), lines, exclude, ("no branch",))


def lines_of(file: MeasuredFile) -> list[int]:
    return sorted(line for line, probe in file.lines if probe is not None)


def missed(file: MeasuredFile) -> tuple[list[int], list[tuple[int, str]]]:
    reached = set(file.reached)
    lines = [line for line, probe in file.lines if probe is not None and probe not in reached]
    return sorted(lines), sorted((line, word) for line, word, probe in file.branches if probe not in reached)


def run(file: MeasuredFile) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(file.compiled("code.py"), names)
    return names


@st.composite
def blocks(draw: st.DrawFn, depth: int = 0) -> str:
    """Statements that end, whatever they do."""
    kinds = (
        ["note", "pass"]
        if depth > 2
        else ["note", "if", "else", "elif", "for", "while", "try", "with", "early"]
    )
    return "\n".join(
        draw(statement(draw(st.sampled_from(kinds)), depth)) for _ in range(draw(st.integers(1, 3)))
    )


@st.composite
def statement(draw: st.DrawFn, kind: str, depth: int) -> str:
    def inner() -> str:
        return textwrap.indent(draw(blocks(depth + 1)), "    ")

    truth = draw(st.sampled_from(["x > 1", "x % 2", "not x"]))
    texts: dict[str, Callable[[], str]] = {
        "note": lambda: f"note({draw(st.integers(0, 9))})",
        "pass": lambda: "pass",
        "if": lambda: f"if {truth}:\n{inner()}",
        "else": lambda: f"if {truth}:\n{inner()}\nelse:\n{inner()}",
        "elif": lambda: f"if {truth}:\n{inner()}\nelif x > 2:\n{inner()}\nelse:\n{inner()}",
        "for": lambda: f"for _ in range(x % 3):\n{inner()}\nelse:\n{inner()}",
        "while": lambda: f"n{depth} = 0\nwhile n{depth} < x % 3:\n    n{depth} += 1\n{inner()}",
        "try": lambda: f"try:\n    check(x)\n{inner()}\nexcept ValueError:\n{inner()}\nfinally:\n{inner()}",
        "with": lambda: f"with open_box():\n{inner()}",
        "early": lambda: f"if {truth}:\n    return {draw(st.integers(0, 9))}",
    }
    return texts[kind]()


PRELUDE = """\
import contextlib
SEEN = []
def note(n):
    SEEN.append(n)
def check(x):
    if x == 2:
        raise ValueError
@contextlib.contextmanager
def open_box():
    yield
"""


@given(body=blocks(), x=st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_probes_say_what_tracing_says_and_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, body: str, x: int
) -> None:
    source = f"{PRELUDE}def f(x):\n{textwrap.indent(body, '    ')}\n"
    file = measured(tmp_path_factory.mktemp("code"), source)
    plain: dict[str, Any] = {}
    exec(compile(source, "plain.py", "exec"), plain)
    traced: set[int] = set()

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename == "plain.py" and event == "line":
            traced.add(frame.f_lineno)
        return trace if frame.f_code.co_filename == "plain.py" else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        expected = plain["f"](x)
    finally:
        sys.settrace(before)
    names = run(file)
    assert (names["f"](x), names["SEEN"]) == (expected, plain["SEEN"])
    reached = set(file.reached)
    inside = {line for line, _ in file.lines if line > PRELUDE.count("\n") + 1}
    assert {line for line, probe in file.lines if line in inside and probe in reached} == traced & inside


@pytest.mark.parametrize(
    "name", ["argparse", "ast", "dataclasses", "enum", "typing", "unittest/case", "asyncio/tasks"]
)
def test_lines_are_those_of_pythons_own_line_table(tmp_path: Path, name: str) -> None:
    source = Path(sysconfig.get_path("stdlib"), f"{name}.py").read_text()
    file = measured(tmp_path, source)
    assert not file.error
    file.compiled("code.py")
    nodes = list(ast.walk(ast.parse(source)))
    dropped = {node.lineno for node in nodes if isinstance(node, ast.Pass | ast.Continue | ast.Break)}
    above = {node.lineno for node in nodes if isinstance(node, ast.If) and node.test.lineno > node.lineno}
    assert set(lines_of(file)) - dropped - above <= line_table(compile(source, "code.py", "exec"))


def line_table(code: CodeType) -> set[int]:
    found = {line for _, _, line in code.co_lines() if line is not None}
    for const in code.co_consts:
        if isinstance(const, CodeType):
            found |= line_table(const)
    return found


def test_only_what_the_change_touches_has_probes(tmp_path: Path) -> None:
    source = "def f(x):\n    if x:\n        return 1\n    return 2\n"
    file = measured(tmp_path, source, [2])
    assert (lines_of(file), [line for line, _, _ in file.branches]) == ([2], [2, 2])
    assert ast.dump(ast.parse(source).body[0].body[1]) == ast.dump(file.tree.body[0].body[2])  # type: ignore[attr-defined, union-attr]


def test_a_statement_of_many_lines_counts_by_its_first(tmp_path: Path) -> None:
    assert lines_of(measured(tmp_path, "x = [\n    1,\n    2,\n]\n", [3])) == [1]
    decorated = "import functools\n\n\n@functools.cache\ndef f(\n    a,\n    b,\n):\n    return a\n"
    assert lines_of(measured(tmp_path, decorated, [4])) == [5]
    assert lines_of(measured(tmp_path, decorated, [7])) == [5]
    assert lines_of(measured(tmp_path, decorated, [9])) == [9]


@pytest.mark.parametrize(
    "source",
    [
        '"""Doc."""\n# Comment.\n\n',
        "from __future__ import annotations\nx: int\n",
        "def f():\n    global x\n    y: int\n    'text'\n    ...\n",
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import json\n",
    ],
    ids=["text", "declarations", "nothing in it", "for type checkers"],
)
def test_what_leaves_nothing_to_run_has_no_line(tmp_path: Path, source: str) -> None:
    body = [line for line in lines_of(measured(tmp_path, source)) if "def f" not in source or line > 1]
    assert [line for line in body if "import TYPE" not in source.split("\n")[line - 1]] in ([], [3])


def test_stubs_have_no_body_to_run(tmp_path: Path) -> None:
    source = (
        "import abc, typing\n\n\nclass A(abc.ABC):\n    @abc.abstractmethod\n    def f(self):\n        raise NotImplementedError\n"
        "    @typing.overload\n    def g(self, x: int) -> int: ...\n    def h(self):\n        pass\n    def i(self):\n        raise NotImplementedError\n"
    )
    assert lines_of(measured(tmp_path, source)) == [1, 4, 6, 9, 10, 12, 13]


def test_exclusions_reach_what_stands_below_them_and_only_old_lines_exclude(tmp_path: Path) -> None:
    source = "def f(x):\n    if x:  # pragma: no cover\n        return 1\n    else:\n        return 2\n\n\ndef g():\n    return 3\n"
    old = measured(tmp_path, source, [3, 5, 9], (NO_COVER,))
    assert lines_of(old) == [9]
    assert sorted(line for line, probe in old.lines if probe is None) == [3, 5]
    new = measured(tmp_path, source, [2, 3, 5, 9], (NO_COVER,))
    assert lines_of(new) == [2, 3, 5, 9]
    other = source.replace("  # pragma: no cover", "").replace("else:", "else:  # pragma: no cover")
    assert lines_of(measured(tmp_path, other, [3, 5], (NO_COVER,))) == [3]


def test_branches_that_the_base_calls_partial_are_not_asked(tmp_path: Path) -> None:
    source = "def f(x):\n    if (x  # no branch\n            or 1):\n        return 1\n"
    assert measured(tmp_path, source, [3]).branches == []
    assert measured(tmp_path, source).branches != []


def test_what_is_missed_is_named(tmp_path: Path) -> None:
    source = (
        "def f(x):\n    while x:\n        x -= 1\n        if x > 5: break\n    match x:\n        case 0:\n            return 0\n"
        "        case 1:\n            return 1\n    return 2\nf(2)\n"
    )
    file = measured(tmp_path, source)
    run(file)
    lines, branches = missed(file)
    assert lines == [4, 9, 10]
    assert branches == [(4, "is never true"), (5, "always has a case that matches"), (8, "is never the case")]


def test_what_python_cannot_read_is_said(tmp_path: Path) -> None:
    assert measured(tmp_path, "def f(:\n").error == "SyntaxError"
    assert measured(tmp_path, "x = 1\n", exclude=("(",)).error
