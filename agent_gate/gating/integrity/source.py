"""One version of a file, as the rules read it: its lines, and of Python the syntax tree and the comments.

The content is hostile. Nothing here executes or imports it, and what cannot be read is said in `problem`.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from agent_gate.gating.folding import fold_texts, puts_together
from agent_gate.syntax import parse_python

MAX_BYTES = 2 * 1024 * 1024
"""Larger Python files are not parsed."""
_MODULES = frozenset({"sys.modules", "modules"})
_LOADERS = frozenset(
    {"__import__", "importlib.import_module", "import_module", "sys.modules.get", "modules.get"}
)
_WORD = 80
_SHOWN = 400
_EXCERPT = 40
_CHAIN = 20
"""As many attributes in a row as a name is followed through."""
_COOKIE = re.compile(rb"^[ \t\f]*#[^\n]{0,200}?coding[:=][ \t]*([-\w.]+)")
"""Where Python reads the encoding of a file (PEP 263); only in the first two lines."""


class Comment(NamedTuple):
    """A comment of Python source, from its `#` to the end of the line."""

    line: int
    text: str


@dataclass(frozen=True)
class Source:
    """The content of a file in the base or in the candidate."""

    path: str
    content: bytes

    @cached_property
    def text(self) -> str:
        """Decoded as UTF-8; other bytes are replaced."""
        return self.content.decode(errors="replace")

    @cached_property
    def lines(self) -> list[str]:
        """Split at line feeds only, as git does."""
        return self.text.split("\n")

    def line(self, number: int) -> str:
        """One line, counted from 1; empty where there is none."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def excerpt(self, first: int, last: int) -> str:
        """Some lines, cut where they are long, without the indentation that they share with the first one."""
        lines = [line[:_SHOWN] for line in self.lines[first - 1 : min(last, first + _EXCERPT)]]
        margin = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
        return "\n".join(line[margin:] if not line[:margin].strip() else line.strip() for line in lines)

    @cached_property
    def _parsed(self) -> tuple[ast.Module, str]:
        nothing = ast.Module(body=[], type_ignores=[])
        if len(self.content) > MAX_BYTES:
            return nothing, f"it has more than {MAX_BYTES // 1024} KiB"
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # an invalid escape in the candidate is not our warning
                return parse_python(self.content), ""
        except SyntaxError as error:
            return nothing, f"{error.msg} (line {error.lineno or 0})"
        except ValueError as error:
            return nothing, str(error)
        except (RecursionError, MemoryError):
            return nothing, "it is nested too deeply"

    @property
    def tree(self) -> ast.Module:
        """The syntax tree; an empty one where `problem` says why there is none."""
        return self._parsed[0]

    @property
    def problem(self) -> str:
        """Why it is no Python that can be read; empty where it is."""
        return self._parsed[1]

    @cached_property
    def _folding(self) -> tuple[Source, bool]:
        if self.problem or not puts_together(self.nodes):
            return self, True
        folded = Source(self.path, self.content)
        done = fold_texts(folded.tree)
        return folded, done.is_whole

    @property
    def folded(self) -> Source:
        """The same with a constant wherever constants are put together: `"PYTEST" + "_VERSION"` is one text."""
        return self._folding[0]

    @property
    def is_wholly_folded(self) -> bool:
        """False where constants were put together so often that not all of it was worked out."""
        return self._folding[1]

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """All nodes of the tree, breadth first."""
        return tuple(ast.walk(self.tree))

    @cached_property
    def words(self) -> frozenset[str]:
        """All names and short strings in the code: a rule whose words are not among them need not look."""
        found: set[str] = set()
        for node in self.nodes:
            if isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.alias):
                found.update(node.name.split("."))
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.update(node.module.split("."))
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found.add(node.name)
            elif isinstance(node, ast.keyword) and node.arg:
                found.add(node.arg)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) <= _WORD:
                found.update(node.value.split("."))
        return frozenset(found)

    @cached_property
    def _tokens(self) -> tuple[tuple[tokenize.TokenInfo, ...], str]:
        if self._parsed[1]:
            return (), ""
        wanted = {tokenize.COMMENT, tokenize.NAME}
        try:
            return tuple(
                t for t in tokenize.tokenize(io.BytesIO(self.content).readline) if t.type in wanted
            ), ""
        except (tokenize.TokenError, SyntaxError, ValueError) as error:
            return (), f"it cannot be split into tokens: {error}"

    @property
    def token_problem(self) -> str:
        """Why its comments cannot be told from its code; empty where they can."""
        return self._tokens[1]

    @cached_property
    def comments(self) -> tuple[Comment, ...]:
        """All comments; what stands in a string is none."""
        return tuple(Comment(t.start[0], t.string) for t in self._tokens[0] if t.type == tokenize.COMMENT)

    @cached_property
    def identifiers(self) -> tuple[Comment, ...]:
        """All names, as they are written, keywords among them."""
        return tuple(Comment(t.start[0], t.string) for t in self._tokens[0] if t.type == tokenize.NAME)

    @cached_property
    def encoding(self) -> str:
        """What the file says that it is encoded in; empty where it says nothing."""
        for line in self.content.split(b"\n", 2)[:2]:
            if found := _COOKIE.match(line):
                return found[1].decode(errors="replace").lower().replace("_", "-")
        return ""

    @cached_property
    def aliases(self) -> Mapping[str, tuple[str, ...]]:
        """For each name that an import or a plain assignment binds, what it may stand for."""
        found: dict[str, list[str]] = defaultdict(list)
        for node in self.nodes:
            for name, target in _bound(node):
                found[name].append(target)
        return {name: tuple(dict.fromkeys(targets))[:_CHAIN] for name, targets in found.items()}

    def names(self, node: ast.AST) -> tuple[str, ...]:
        """The dotted names that an expression may stand for: `os._exit` for `from os import _exit as bye; bye`.

        Follows imports, plain assignments, `getattr` with a constant, `__import__`, `import_module`,
        `sys.modules[…]` and `vars(…)[…]`.
        """
        parts: list[str] = []
        for _ in range(_CHAIN):
            step = _step(node)
            if step is None:
                break
            node, part = step
            parts.append(part)
        else:
            return ()
        tail = "".join(f".{part}" for part in reversed(parts))
        return tuple(f"{head}{tail}" for head in self._heads(node))

    def name(self, node: ast.AST) -> str:
        """The first of `names`; empty where there is none."""
        return next(iter(self.names(node)), "")

    def _heads(self, node: ast.AST) -> tuple[str, ...]:
        if isinstance(node, ast.Name):
            return self._resolve(node.id)
        if isinstance(node, ast.Subscript) and dotted(node.value) in _MODULES:
            loaded = text_of(node.slice)
        elif isinstance(node, ast.Call) and node.args and dotted(node.func) in _LOADERS:
            loaded = text_of(node.args[0])
        else:
            loaded = None
        return (loaded,) if loaded else ()

    def _resolve(self, name: str) -> tuple[str, ...]:
        """Follows assignments of names to names, a few steps far."""
        known = self._resolved.get(name)
        if known is None:
            known = self._resolved[name] = _follow(name, self.aliases)
        return known

    @cached_property
    def _resolved(self) -> dict[str, tuple[str, ...]]:
        return {}


def _follow(name: str, aliases: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    found = aliases.get(name, (name,))
    for _ in range(3):
        found = tuple(
            dict.fromkeys(
                f"{target}{dot}{rest}"
                for head, dot, rest in (each.partition(".") for each in found)
                for target in aliases.get(head, (head,))
            )
        )[:_CHAIN]
    return found


def dotted(node: ast.AST) -> str:
    """`a.b.c` as it is written; empty for any other expression."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute) and len(parts) < _CHAIN:
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join((node.id, *reversed(parts)))


def text_of(node: ast.AST | None) -> str | None:
    """The value of a string constant."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _step(node: ast.AST) -> tuple[ast.AST, str] | None:
    """One attribute off the end of an expression, however it is spelled."""
    if isinstance(node, ast.Attribute):
        return node.value, node.attr
    if isinstance(node, ast.Call) and dotted(node.func) == "getattr" and len(node.args) > 1:
        name = text_of(node.args[1])
        return (node.args[0], name) if name else None
    if isinstance(node, ast.Subscript) and (name := text_of(node.slice)):
        owner = node.value
        if isinstance(owner, ast.Attribute) and owner.attr == "__dict__":
            return owner.value, name
        if isinstance(owner, ast.Call) and dotted(owner.func) == "vars" and owner.args:
            return owner.args[0], name
    return None


def _bound(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            first = alias.name.split(".")[0]
            yield (alias.asname, alias.name) if alias.asname else (first, first)
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield alias.asname or alias.name, f"{'.' * node.level}{node.module or ''}.{alias.name}"
    elif isinstance(node, ast.Assign) and (target := dotted(node.value)):
        for name in node.targets:
            if isinstance(name, ast.Name) and target.split(".")[0] != name.id:
                yield name.id, target
