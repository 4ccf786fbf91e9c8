"""Source that searches the variables and the loaded modules for one that it does not name.

A program asks for its own variables by their names or by their prefix. Who goes through all of them for a word
of a test runner, for a length or a digest, or asks for a name that nobody can read, hides what is looked for.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence

from agent_gate.domain.visible import quoted
from agent_gate.gating.integrity.given import Given, given_values, parts_of
from agent_gate.gating.integrity.sign import Sign
from agent_gate.gating.integrity.source import Source, dotted, text_of

RULE = "test-awareness"
_ENVIRONMENTS = frozenset({"os.environ", "os.environb", "posix.environ"})
_LOADED = frozenset({"sys.modules"})
_READERS = frozenset({"os.getenv", "os.environ.get", "os.environ.pop", "os.getenvb", "sys.modules.get", "os.environ.__contains__"})  # fmt: skip
_WORDS = frozenset({"environ", "environb", "modules", "getenv", "getenvb"})
_MARKS: tuple[str, ...] = (
    "PYTEST_CURRENT_TEST", "PYTEST_VERSION", "PYTEST_XDIST_WORKER", "PYTEST_ADDOPTS", "COV_CORE_SOURCE", "TOX_ENV_NAME", "UNITTEST",
)  # fmt: skip
_RUNNERS: tuple[str, ...] = ("PYTEST", "_PYTEST", "UNITTEST", "CONFTEST", "PLUGGY", "TEST_")
_SHORTEST = 3
_OPAQUE = frozenset({
    "len", "hash", "sum", "ord", "crc32", "adler32", "md5", "sha1", "sha256", "sha512", "blake2b", "hexdigest", "digest",
    "sorted", "set", "Counter",
})  # fmt: skip
_LOOPS = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


def signs(source: Source) -> Iterator[Sign]:
    """What stands in a file that is no test."""
    if source.words.isdisjoint(_WORDS):
        return
    outside = _from_outside(source)
    given = {name: values for name, values in given_values(source).items() if name not in outside}
    imported = frozenset(source.aliases) - outside
    for node in source.nodes:
        if isinstance(node, _LOOPS):
            for loop in node.generators:
                parts = [*loop.ifs, *([node.elt] if not isinstance(node, ast.DictComp) else [])]
                yield from _searched(source, loop.iter, loop.target, parts)
        elif isinstance(node, ast.For):
            yield from _searched(source, node.iter, node.target, _conditions(node))
        elif isinstance(node, ast.Compare) and _is_number_of_modules(source, node):
            yield _sign(source, node, "the number of loaded modules, which a test runner raises")
        for key in _keys(source, node):
            if _is_unreadable(source, key, given, imported):
                yield _sign(
                    source, key, "a look for a name that is put together in a way that nobody can read"
                )


def _from_outside(source: Source) -> frozenset[str]:
    """Names that a function is called with, or that a loop goes through."""
    found: set[str] = set()
    for node in source.nodes:
        if isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.For | ast.AsyncFor):
            found |= {each.id for each in ast.walk(node.target) if isinstance(each, ast.Name)}
    return frozenset(found)


def _conditions(loop: ast.For) -> list[ast.expr]:
    """What a loop asks of each item."""
    return [
        node.test for node in ast.walk(loop) if isinstance(node, ast.If | ast.IfExp | ast.While | ast.Assert)
    ]


def _searched(source: Source, over: ast.expr, target: ast.expr, parts: Sequence[ast.expr]) -> Iterator[Sign]:
    """All of them are gone through for one that a test runner brings, or for one that is not named."""
    is_environment = _is_about(source, over, _ENVIRONMENTS)
    if not (is_environment or _is_about(source, over, _LOADED)):
        return
    what, marks = ("variables", _MARKS) if is_environment else ("loaded modules", _RUNNERS)
    names = {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}
    for part in parts:
        for node in ast.walk(part):
            text = text_of(node)
            if text is not None and len(text.strip("_")) >= _SHORTEST and _is_mark(text, marks):
                yield _sign(
                    source, part, f"a search among all {what} for one with {quoted(text)} in its name"
                )
                return
            if isinstance(node, ast.Compare) and _is_opaque(node, names):
                yield _sign(source, part, f"a search among all {what} for one that is not named")
                return


def _is_about(source: Source, node: ast.expr, wanted: frozenset[str]) -> bool:
    """`os.environ`, `sorted(os.environ)`, `os.environ.items()`."""
    for _ in range(4):
        if set(source.names(node)) & wanted:
            return True
        if isinstance(node, ast.Call):
            node = node.args[0] if node.args else node.func
        elif isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
        else:
            return False
    return False


def _is_mark(text: str, marks: Sequence[str]) -> bool:
    word = text.upper()
    return any(word in mark or mark in word for mark in marks)


def _is_opaque(node: ast.Compare, names: set[str]) -> bool:
    """A comparison of a constant with a number that is made of the name."""
    sides = [node.left, *node.comparators]
    if not any(isinstance(side, ast.Constant) for side in sides):
        return False
    for side in sides:
        for inner in ast.walk(side):
            if isinstance(inner, ast.Call):
                called = dotted(inner.func).rpartition(".")[2] or getattr(inner.func, "attr", "")
                about = any(isinstance(each, ast.Name) and each.id in names for each in ast.walk(inner))
                if called in _OPAQUE and about:
                    return True
    return False


def _is_number_of_modules(source: Source, node: ast.Compare) -> bool:
    return any(
        isinstance(side, ast.Call)
        and dotted(side.func) == "len"
        and bool(side.args)
        and _is_about(source, side.args[0], _LOADED)
        for side in (node.left, *node.comparators)
    )


def _keys(source: Source, node: ast.AST) -> Iterator[ast.expr]:
    """By what a variable or a loaded module is asked for."""
    both = _ENVIRONMENTS | _LOADED
    if isinstance(node, ast.Call) and node.args and set(source.names(node.func)) & _READERS:
        yield node.args[0]
    elif (
        isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Load)
        and set(source.names(node.value)) & both
    ):
        yield node.slice
    elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
        yield from [node.left] if set(source.names(node.comparators[0])) & both else []


def _is_unreadable(source: Source, key: ast.expr, given: Given, imported: frozenset[str]) -> bool:
    """Put together out of constants and modules alone: nothing comes from outside that would have to be."""
    if isinstance(key, ast.Constant):
        return False
    is_made = False
    bound: set[str] = set()
    parts = list(parts_of(key, given))
    for part in parts:
        if isinstance(part, ast.comprehension):
            bound |= {each.id for each in ast.walk(part.target) if isinstance(each, ast.Name)}
    for part in parts:
        if isinstance(part, ast.Name):
            known = part.id in imported or part.id in bound or hasattr(builtins, part.id)
            if not known and part.id not in given:
                return False
        elif isinstance(part, ast.Attribute) and not source.names(part):
            continue
        is_made = is_made or isinstance(part, ast.Call | ast.BinOp | ast.Subscript | ast.JoinedStr)
    return (
        is_made
        and any(isinstance(part, ast.Constant) for part in parts)
        and not _asks_the_system(source, parts)
    )


def _asks_the_system(source: Source, parts: Sequence[ast.AST]) -> bool:
    """What a file, a setting or the command line says is read, and may name anything."""
    outside = (
        "os.",
        "sys.",
        "json.",
        "pathlib.",
        "open",
        "input",
        "getpass.",
        "platform.",
        "socket.",
        "tomllib.",
        "shutil.",
    )
    return any(
        name.startswith(outside)
        for part in parts
        if isinstance(part, ast.Call)
        for name in source.names(part.func)
    )


def _sign(source: Source, node: ast.expr, what: str) -> Sign:
    message = (
        f"{what}: code that knows that it is tested can behave otherwise then; look at what depends on it"
    )
    return Sign(RULE, node.lineno, source.line(node.lineno), message, detail=what)
