"""Finds out which lines and branches of a change the tests run, by probes in the code itself.

Runs beside the recorder, in the environment's interpreter: standard library only, Python 3.9 or newer.
Only statements that the change touches get a probe, a store into a byte array, so the tests take as long
as without, and neither a tracer of theirs nor one of ours is in the way. The environment needs no
coverage.py.

What counts as a line is the first line of a statement, as coverage.py has it; a branch is one of the two
ways on from an `if`, `while` or `for`, or one case of a `match`.
"""

from __future__ import annotations

import ast
import copy
import os
import re
import sys
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from importlib.machinery import SourceFileLoader
from types import CodeType
from typing import Any, ClassVar, Optional

_MATCH: Any = getattr(ast, "Match", ())
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_LOOPS = (ast.For, ast.AsyncFor)
_NOT_RUN = (ast.Global, ast.Nonlocal)
_STUBS = {"overload", "abstractmethod", "abstractproperty"}


class Hits(bytearray):
    """A byte a probe, 1 where it was reached. Hashable, since it stands among a code's constants."""

    __hash__ = object.__hash__  # type: ignore[assignment]

    def __reduce__(self) -> Any:
        """A copy in another process is of no use to us, and has to need nothing of ours."""
        return bytearray, (bytes(self),)


class MeasuredFile:
    """One file of the change: its probes, and the code with the probes in it."""

    _mark: ClassVar[str] = "agent-gate probe"

    def __init__(
        self, path: str, changed: Iterable[int], exclude: Sequence[str], partial: Sequence[str]
    ) -> None:
        self.path = path
        self.error = ""
        self.lines: list[list[Any]] = []
        """First line, and the number of its probe; no number for what the base's configuration excludes."""
        self.branches: list[list[Any]] = []
        """Line, what never happens where the probe is not reached, and the number of the probe."""
        self.hits = Hits()
        self._changed = set(changed)
        self._ordered = sorted(self._changed)
        with open(path, "rb") as stream:  # noqa: PTH123 - Python 3.9, and little to import
            self.source = stream.read()
        try:
            tree = ast.parse(self.source, filename=path)
            texts = self.source.decode("utf-8", "replace").split("\n")
            self._excluded = _matching(texts, exclude, self._changed)
            self._partial = _matching(texts, partial, self._changed)
            self._block(tree.body, excluded=False)
            self.tree: Optional[ast.Module] = ast.fix_missing_locations(tree)  # noqa: UP045 - Python 3.9
        except (SyntaxError, ValueError, RecursionError, MemoryError, re.error) as error:
            self.error, self.tree = type(error).__name__, None

    def compiled(self, path: str, optimize: int = -1) -> CodeType:
        """The code with its probes."""
        code = compile(self.tree, path, "exec", dont_inherit=True, optimize=optimize)  # type: ignore[arg-type]
        return self.armed(code)

    def armed(self, code: CodeType) -> CodeType:
        """Puts the byte array where the compiler has put our mark."""
        consts = tuple(self._armed_constant(const) for const in code.co_consts)
        return code.replace(co_consts=consts)

    def _armed_constant(self, const: Any) -> Any:
        if isinstance(const, CodeType):
            return self.armed(const)
        return self.hits if isinstance(const, str) and const == self._mark else const

    @property
    def plan(self) -> dict[str, Any]:
        """What is measured, as plain data."""
        return {"error": self.error, "lines": self.lines, "branches": self.branches}

    @property
    def reached(self) -> list[int]:
        """The numbers of the probes that were reached."""
        return [number for number, hit in enumerate(self.hits) if hit]

    def _probe(self, at: ast.AST) -> tuple[int, ast.stmt]:
        """A new probe: `MARK[number] = 1`, at the place of a statement."""
        number = len(self.hits)
        self.hits.append(0)
        place = {name: getattr(at, name) for name in ("lineno", "col_offset")}
        place.update(end_lineno=place["lineno"], end_col_offset=place["col_offset"])
        target = ast.Subscript(
            ast.Constant(self._mark, **place), ast.Constant(number, **place), ast.Store(), **place
        )
        return number, ast.Assign([target], ast.Constant(1, **place), **place)

    def _block(self, body: list[ast.stmt], excluded: bool) -> None:
        """Puts probes into a list of statements, in place."""
        found: list[ast.stmt] = []
        for statement in body:
            if not self._changes_within(statement):
                found.append(statement)
                continue
            touched = not self._changed.isdisjoint(_header(statement))
            left_out = excluded or self._is_excluded(statement)
            if touched and _is_run(statement):
                found.extend(self._line(statement, left_out))
            self._inner(statement, left_out, touched)
            found.append(statement)
        body[:] = found

    def _changes_within(self, node: Any) -> bool:
        at = bisect_left(self._ordered, _first_line(node))
        return at < len(self._ordered) and self._ordered[at] <= node.end_lineno

    def _line(self, at: Any, excluded: bool) -> Iterator[ast.stmt]:
        if excluded:
            self.lines.append([at.lineno, None])
            return
        number, probe = self._probe(at)
        self.lines.append([at.lineno, number])
        yield probe

    def _inner(self, node: Any, excluded: bool, touched: bool) -> None:
        """The statements below one, and its branches."""
        if isinstance(node, _FUNCTIONS) and _is_stub(node):
            return
        if isinstance(node, ast.If) and _is_type_checking(node.test):
            self._block(node.orelse, excluded)
            return
        for name in ("body", "orelse", "finalbody"):
            self._block(getattr(node, name, []), excluded or self._after_excluded(node, name))
        for handler in getattr(node, "handlers", []):
            left_out = excluded or self._is_excluded(handler)
            self._block(handler.body, left_out)
            if not self._changed.isdisjoint(_header(handler)):
                handler.body[:0] = self._line(handler, left_out)
        if _MATCH and isinstance(node, _MATCH):
            self._cases(node, excluded, touched)
        if touched and not excluded and self._partial.isdisjoint(_header(node)):
            self._ways(node)

    def _ways(self, node: Any) -> None:
        """The two ways on from a condition or a loop."""
        if isinstance(node, (ast.If, ast.While)) and not isinstance(node.test, ast.Constant):
            words = ("is never true", "is never false")
        elif isinstance(node, _LOOPS):
            words = ("never has a turn", "never comes to its end")
        else:
            return
        for word, body in zip(words, (node.body, node.orelse)):  # noqa: B905 - Python 3.9
            self._branch(node, word, body)

    def _branch(self, at: Any, word: str, body: list[ast.stmt]) -> None:
        number, probe = self._probe(at)
        self.branches.append([at.lineno, word, number])
        body.insert(0, probe)

    def _cases(self, node: Any, excluded: bool, touched: bool) -> None:
        for case in node.cases:
            header = range(case.pattern.lineno, (case.guard or case.pattern).end_lineno + 1)
            left_out = excluded or not self._excluded.isdisjoint(header)
            self._block(case.body, left_out)
            if not left_out and not self._changed.isdisjoint(header):
                self._branch(case.pattern, "is never the case", case.body)
        if touched and not excluded and not any(_is_irrefutable(case) for case in node.cases):
            body: list[ast.stmt] = []
            self._branch(node, "always has a case that matches", body)
            node.cases.append(ast.match_case(ast.MatchAs(), None, body))  # type: ignore[attr-defined,unused-ignore]

    def _is_excluded(self, node: ast.AST) -> bool:
        return not self._excluded.isdisjoint(_header(node))

    def _after_excluded(self, node: Any, name: str) -> bool:
        """Whether the line of an `else:` or `finally:` itself is excluded; the syntax tree has no node for it."""
        body = getattr(node, name, [])
        if name == "body" or not body or not isinstance(body[0], ast.AST):
            return False
        before = node.body[-1] if name == "orelse" else _last_before_finally(node)
        return not self._excluded.isdisjoint(range(before.end_lineno + 1, _first_line(body[0])))


class Measurement:
    """All files of a change, and how they come to be imported with their probes."""

    def __init__(self, settings: dict[str, Any]) -> None:
        root = settings["root"]
        self.files: dict[str, MeasuredFile] = {}
        """By the path that the settings call them."""
        for path, changed in settings["files"].items():
            self.files[path] = MeasuredFile(
                os.path.realpath(f"{root}/{path}" if path[:1] != "/" else path),
                changed,
                settings["exclude"],
                settings["partial"],
            )
        self._by_path = {file.path: file for file in self.files.values() if file.tree and file.hits}

    @property
    def plan(self) -> dict[str, Any]:
        """What is measured in each file."""
        return {path: file.plan for path, file in self.files.items()}

    @property
    def reached(self) -> dict[str, list[int]]:
        """The probes that were reached in each file."""
        return {path: file.reached for path, file in self.files.items()}

    def install(self) -> None:
        """From now on these files are imported with their probes, also where pytest rewrites assertions."""
        if not self._by_path:
            return
        plain = SourceFileLoader.source_to_code

        def source_to_code(loader: Any, data: Any, path: Any, *, _optimize: int = -1) -> Any:
            file = self._file(path)
            if file is None or data != file.source:
                return plain(loader, data, path, _optimize=_optimize)
            return file.compiled(os.fspath(path), _optimize)

        SourceFileLoader.source_to_code = source_to_code  # type: ignore[method-assign,assignment]
        rewrite: Any = sys.modules.get("_pytest.assertion.rewrite")
        if rewrite is not None:
            self._install_in(rewrite)

    def _install_in(self, rewrite: Any) -> None:
        rewritten, asserts = rewrite._rewrite_test, rewrite.rewrite_asserts  # noqa: SLF001 - there is no other way in

        def rewrite_test(path: Any, config: Any) -> Any:
            told, code = rewritten(path, config)
            file = self._file(path)
            return told, code if file is None else file.armed(code)

        def rewrite_asserts(tree: Any, source: Any, path: Any = None, config: Any = None) -> None:
            file = self._file(path) if path else None
            if file is not None and file.tree is not None and source == file.source:
                tree.body[:] = copy.deepcopy(file.tree).body
            asserts(tree, source, path, config)

        rewrite._rewrite_test, rewrite.rewrite_asserts = rewrite_test, rewrite_asserts  # noqa: SLF001

    def _file(self, path: Any) -> Optional[MeasuredFile]:  # noqa: UP045 - Python 3.9
        file = self._by_path.get(os.path.realpath(os.fspath(path)))
        return file if file is not None and file.tree is not None else None


def _matching(lines: Sequence[str], patterns: Sequence[str], changed: set[int]) -> set[int]:
    """Lines that stood there before and match a pattern; a line that the change adds excludes nothing."""
    if not patterns:
        return set()
    found = re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
    return {n for n, line in enumerate(lines, 1) if n not in changed and found.search(line)}


def _first_line(node: Any) -> int:
    return int(min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))]))


def _header(node: Any) -> range:
    """The lines of a statement without the statements in it."""
    if not getattr(node, "body", None) and not getattr(node, "cases", None):
        return range(_first_line(node), (node.end_lineno or node.lineno) + 1)
    parts = [
        part
        for child in ast.iter_child_nodes(node)
        if not isinstance(child, (ast.stmt, ast.excepthandler)) and not hasattr(child, "body")
        for part in ast.walk(child)
    ]
    ends = [part.end_lineno or 0 for part in parts if hasattr(part, "end_lineno")]  # type: ignore[attr-defined,unused-ignore]
    return range(_first_line(node), max([node.lineno, *ends]) + 1)


def _last_before_finally(node: Any) -> Any:
    """The last statement that stands above a `finally:`."""
    bodies = [node.body, *(handler.body for handler in node.handlers), node.orelse]
    return next(body for body in reversed(bodies) if body)[-1]


def _is_run(node: Any) -> bool:
    """Whether a statement leaves anything for Python to do."""
    if isinstance(node, ast.Expr):
        return not isinstance(node.value, ast.Constant)
    if isinstance(node, ast.ImportFrom):
        return node.module != "__future__" or bool(node.level)
    if isinstance(node, ast.AnnAssign):
        return node.value is not None
    return not isinstance(node, _NOT_RUN)


def _is_stub(node: Any) -> bool:
    """A function that only declares: nothing in it, or an abstract one that raises NotImplementedError."""
    rest = [each for each in node.body if _is_run(each) and not isinstance(each, ast.Pass)]
    if not rest:
        return True
    names = {_last_name(each) for each in node.decorator_list}
    return bool(names & _STUBS) and all(
        isinstance(each, ast.Raise) and _last_name(each.exc) == "NotImplementedError" for each in rest
    )


def _is_type_checking(test: ast.AST) -> bool:
    return _last_name(test) == "TYPE_CHECKING"


def _last_name(node: Any) -> str:
    """`abstractmethod` of `abc.abstractmethod`, and what a call calls."""
    if isinstance(node, ast.Call):
        return _last_name(node.func)
    return str(getattr(node, "attr", getattr(node, "id", "")))


def _is_irrefutable(case: Any) -> bool:
    pattern = case.pattern
    return case.guard is None and type(pattern).__name__ == "MatchAs" and pattern.pattern is None
