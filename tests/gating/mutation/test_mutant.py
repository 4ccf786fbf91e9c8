from __future__ import annotations

import ast
import inspect
import json
import textwrap
import warnings
from collections.abc import Iterator
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_gate.gating.mutation.mutant import PER_LINE, Mutant, mutants
from agent_gate.gating.mutation.operators import Edit
from agent_gate.gating.mutation.source import MAX_BYTES, SourceError, read_source

EVERYWHERE = range(1, 100_000)
REAL: tuple[ModuleType, ...] = (textwrap, json.decoder, json.encoder, warnings)


def all_of(source: str) -> list[Mutant]:
    return sorted(mutants("m.py", source.encode(), EVERYWHERE), key=lambda m: (m.line, m.round))


def told(source: str) -> list[str]:
    return [mutant.new for mutant in all_of(source) if not mutant.quiet]


def applied(data: bytes, edit: Edit) -> bytes:
    return data[: edit.start] + edit.text + data[edit.end :]


def without_empty_lists(source: bytes) -> str:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            if isinstance(statements := getattr(node, name, None), list):
                kept = [s for s in statements if not (isinstance(s, ast.Expr) and ast.unparse(s) == "[]")]
                setattr(node, name, kept)
    return ast.dump(tree)


@pytest.mark.parametrize(
    ("line", "faults"),
    [
        ("ok = a < b", ["ok = a <= b"]),
        ("ok = a is not b", ["ok = a is b"]),
        ("ok = (a)in(b)", ["ok = (a)not in(b)"]),
        ("ok = a < b < c", ["ok = a <= b < c", "ok = a < b <= c"]),
        ("x = a + b", ["x = a - b"]),
        ("x = a", ["x = None"]),
        ("x = a ** -b", ["x = a * -b", "x = a ** (b)"]),
        ("x += 1", ["x -= 1", "x += 2"]),
        ("ok = a and b or c", ["ok = a and b and c", "ok = a or b or c"]),
        ("ok = not a", ["ok = (a)"]),
        ("x = True", ["x = False"]),
        ("x = 1.5", ["x = 2.5"]),
        ("x = 'a' 'b'", ["x = 'abX'"]),
        ("x = b'a'", ["x = b'aX'"]),
        ("x = f'{a + 1}'", ['x = "X"']),
        ("x = a if b else c", ["x = a if not (b) else c"]),
        ("x = a[:n]", ["x = a[:(n) - 1]"]),
        ("for i in range(n): f(i)", ["for i in range((n) - 1): f(i)", "for i in range(n): pass"]),
        ("while a: f()", ["while False: f()", "while a: pass"]),
        ("x = [a for a in b if a]", ["x = [a for a in b if not (a)]"]),
        ("def f(a=3, *, b='x'): return a", ["def f(a=4, *, b='x'): return a", "def f(a=3, *, b='x'): return None"]),
        ("f(a)", ["pass"]),
        ("raise E", ["pass"]),
        ("del a[0]", ["del a[1]", "pass"]),
    ],
)  # fmt: skip
def test_the_kinds_of_fault(line: str, faults: list[str]) -> None:
    assert told(line) == faults


def test_faults_of_whole_blocks() -> None:
    source = "for a in b:\n    try:\n        g()\n    except ValueError:\n        break\n    except (A, B):\n        continue\n"
    assert told(source) == [
        "pass", "except ():", "continue", "except ():", "break",
    ]  # fmt: skip
    assert [m.new for m in all_of(source) if m.quiet] == ["except Exception:", "except Exception:"]
    source = "match a:\n    case 'GET', [n] if n.isdigit():\n        pass\n"
    assert told(source) == [
        "case 'GET', [n] if not (n.isdigit()):", "case 'GETX', [n] if n.isdigit():",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "source",
    [
        '"""Words."""\n', "def f():\n    '''Words.'''\n", "x: int\n", "def f(a: 'X' = None) -> 'Y[1]': ...\n",
        "from a import b\n", "__all__ = ['a', 'b']\n", "__version__ = '1'\n", "T = TypeVar('T', bound='X')\n",
        "if TYPE_CHECKING:\n    x = 1\n", "if typing.TYPE_CHECKING:\n    x = 1\n",
        "if __name__ == '__main__':\n    main(1)\n", "x = None\n", "class A: ...\n", "x = 1e999\n", "@t.overload\ndef f(a=1): ...\n",
    ],
)  # fmt: skip
def test_what_tells_nothing_is_left_alone(source: str) -> None:
    assert all_of(source) == []


@pytest.mark.parametrize(
    "source",
    [
        "log.info('a %s', 1)\n", "self._logger.warning('a')\n", "assert a < b\n", "Names = dict[str, 'X']\n",
        "def __repr__(self):\n    return f'{self.a}'\n", "@cache(1)\ndef f(): ...\n",
    ],
)  # fmt: skip
def test_what_honest_tests_seldom_notice_is_quiet(source: str) -> None:
    found = all_of(source)
    assert found
    assert all(mutant.quiet for mutant in found)


def test_only_the_text_of_an_exception_is_quiet() -> None:
    assert told("raise E('much')") == ["pass"]
    assert [(m.new, m.quiet) for m in all_of("raise E('much')")][1] == ("raise E('muchX')", True)


def test_of_one_line_two_of_different_kinds() -> None:
    assert told("ok = a < 1 and b < 2 and c < 3") == [
        "ok = a <= 1 and b < 2 and c < 3", "ok = a < 1 or b < 2 and c < 3",
    ]  # fmt: skip


def test_only_changed_lines_count_and_the_first_of_each_come_first() -> None:
    source = b"a = 1 + b\nc = 2 + d\ne = 3 + f\n"
    found = mutants("m.py", source, {1, 3})
    assert [(m.line, m.round) for m in found] in (
        [(1, 0), (3, 0), (1, 1), (3, 1)], [(1, 0), (3, 0), (3, 1), (1, 1)],
        [(3, 0), (1, 0), (1, 1), (3, 1)], [(3, 0), (1, 0), (3, 1), (1, 1)],
    )  # fmt: skip
    moved = mutants("m.py", b"\n" + source, {2, 4})
    assert [(m.line - 1, m.key) for m in moved] == [(m.line, m.key) for m in found]


def test_a_statement_of_many_lines_is_run_where_any_of_them_is() -> None:
    found = {
        m.old: m.lines for m in all_of("x = f(\n    1,\n    2 < y,\n)\nif (a and\n        b):\n    pass\n")
    }
    assert (found["1,"], found["2 < y,"]) == (range(1, 5), range(1, 5))
    assert found["if (a and b):"] == range(5, 7)


def test_lines_are_counted_as_git_does_and_run_as_python_does() -> None:
    source = b"a = 1\rb = 2\nc = 3\n"
    assert [(m.old, m.line, m.lines) for m in mutants("m.py", source, {2})] == [("c = 3", 2, range(3, 4))]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_the_rest_of_the_file_stays_as_it_is(end: bytes, encoding: str) -> None:
    cookie = "" if encoding != "latin-1" else "# -*- coding: latin-1 -*-"
    content = end.join(line.encode(encoding if n == 0 else encoding.removesuffix("-sig")) for n, line in enumerate(
        [cookie, "x = 'ä'; y = 1 < 2  # ö", "z = 3", ""]
    ))  # fmt: skip
    source = read_source(content)
    found = [m for m in mutants("m.py", content, {2}) if m.edit.kind == "comparison"]
    (mutant,) = found
    changed = applied(source.data, mutant.edit).decode().encode(mutant.encoding)
    assert changed == content.replace(b"1 < 2", b"1 <= 2")


@pytest.mark.parametrize(
    "content",
    [b"def (:\n", b"x = 1\0\n", b"# coding: utf-7\nx = 1\n", b"# coding: nonsense\n", b"\xff\xfe", b"(" * 5000,
     b"x = " + b"-" * 200_000 + b"1", b"#" * (MAX_BYTES + 1), b"# coding: latin-1\nx = '\xc3"],
)  # fmt: skip
def test_what_cannot_be_read_is_told(content: bytes) -> None:
    with pytest.raises(SourceError):
        mutants("m.py", content, EVERYWHERE)


def test_endless_lines_and_expressions_are_data() -> None:
    assert told("x = [" + "1, " * 1000 + "]\n") == []
    assert told("f(\n" + "    a,\n" * 2000 + ")\n") == []


def _samples() -> Iterator[tuple[str, bytes]]:
    for module in REAL:
        yield module.__name__, inspect.getsource(module).encode()


@pytest.mark.parametrize(("name", "content"), list(_samples()), ids=[m.__name__ for m in REAL])
def test_every_mutant_of_real_code_is_python_with_the_same_lines_and_another_meaning(
    name: str, content: bytes
) -> None:
    found = mutants(name, content, EVERYWHERE)
    plain, still = ast.dump(ast.parse(content)), without_empty_lists(content)
    assert len(found) > 50
    per_line: dict[int, int] = {}
    for number, mutant in enumerate(found):
        per_line[mutant.line] = per_line.get(mutant.line, 0) + 1
        assert mutant.old != mutant.new
        if number % (len(found) // 10):
            continue  # parsing a whole module for each of them would take long
        changed = applied(content, mutant.edit)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert ast.dump(ast.parse(changed)) != plain, mutant
            assert without_empty_lists(applied(content, mutant.neutral)) == still, mutant
        assert changed.count(b"\n") == content.count(b"\n")
        assert mutant.line in mutant.lines
    assert max(per_line.values()) <= PER_LINE


_EXPRESSIONS = st.recursive(
    st.sampled_from(["a", "1", "'s'", "True", "b.c", "f(x)", "d[:n]"]),
    lambda inner: st.one_of(
        st.tuples(
            inner, st.sampled_from(["<", "in", "not in", "is", "+", "and", "or", "%", "**"]), inner
        ).map(lambda parts: f"({parts[0]} {parts[1]}\n {parts[2]})"),
        inner.map(lambda text: f"(not {text})"),
        inner.map(lambda text: f"(-{text})"),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]} if {pair[1]} # x < y\n else 0)"),
        inner.map(lambda text: f"[i for i in range({text}) if\n {text}]"),
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(
    _EXPRESSIONS, st.sampled_from(["x = {}", "return {}", "f({})", "if {}: g()", "assert {}", "x[{}] += 1"])
)
def test_any_expression_can_be_mutated_in_place(expression: str, statement: str) -> None:
    content = f"def f():\n  {statement.replace('{}', expression)}\n".encode()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = ast.dump(ast.parse(content))
        for mutant in mutants("m.py", content, EVERYWHERE):
            changed = applied(content, mutant.edit)
            assert ast.dump(ast.parse(changed)) != plain
            assert changed.count(b"\n") == content.count(b"\n")
            assert without_empty_lists(applied(content, mutant.neutral)) == without_empty_lists(content)
