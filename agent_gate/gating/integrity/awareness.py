"""Source that asks whether it is being tested, or that reaches into the test runner.

Such code can do one thing under test and another one in production, so nothing that the tests show about it
holds. Reading the runner's own marks blocks; what honest programs do too (a look at `CI`, an import of a mock)
asks.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from agent_gate.domain.gate import Level
from agent_gate.domain.visible import quoted
from agent_gate.gating.integrity.places import located
from agent_gate.gating.integrity.sign import Sign
from agent_gate.gating.integrity.source import Source, dotted, text_of

RULE = "test-awareness"
_RUNNERS = (
    "pytest",
    "_pytest",
    "unittest",
    "nose",
    "nose2",
    "hypothesis",
    "doctest",
    "coverage",
    "xdist",
    "pluggy",
    "conftest",
    "tox",
)
TELLING = frozenset({"pytest", "_pytest", "unittest", "nose", "nose2", "conftest", "xdist"})
"""Whether one of these is loaded says that a test runs."""
_MARKS = ("PYTEST_", "COV_CORE_", "TOX_ENV", "TOX_WORK", "NOSE_", "UNITTEST_")
"""Beginnings of the variables that test runners set."""
_SOFT_MARKS = frozenset({
    "CI", "CONTINUOUS_INTEGRATION", "GITHUB_ACTIONS", "GITLAB_CI", "TRAVIS", "JENKINS_URL", "BUILDKITE", "CIRCLECI",
    "TESTING", "TEST", "TESTS", "IS_TEST", "UNDER_TEST", "UNIT_TEST", "UNIT_TESTS", "UNIT_TESTING", "TEST_MODE", "TEST_ENV",
    "RUNNING_TESTS", "COVERAGE_RUN", "COVERAGE_PROCESS_START", "_PYTEST_RAISE",
})  # fmt: skip
_WORDS = frozenset({*_RUNNERS, *_SOFT_MARKS, "builtins", "__builtins__", "argv", "modules"})
"""A file with none of these, and with no word of tests, asks nothing."""
_FRAMES = frozenset({"sys._getframe", "inspect.stack", "inspect.currentframe", "traceback.extract_stack", "traceback.walk_stack", "inspect.getouterframes", "sys._current_frames", "traceback.format_stack"})  # fmt: skip
_ENVIRONMENTS = frozenset({"os.environ", "os.environb", "posix.environ"})
_READERS = frozenset({"os.getenv", "os.environ.get", "os.environ.pop", "os.environ.setdefault", "os.getenvb"})
_ASKING = frozenset({"startswith", "endswith", "find", "count", "index", "__contains__"})


def source_signs(source: Source, *, is_testing: bool) -> Iterator[Sign]:
    """What stands in source; `is_testing`: the file is a plugin or a set of helpers for other people's tests."""
    if not any(word.startswith(_MARKS) or word in _WORDS or "test" in word.lower() for word in source.words):
        return
    prose = _docstrings(source)
    for node, place in located(source):
        for what, level in _seen(source, node, prose):
            yield _sign(source, node, what, "ask" if is_testing else level)
        if isinstance(node, ast.Import | ast.ImportFrom) and not is_testing:
            for module in _imported(node):
                if module.split(".")[0] in {"pytest", "_pytest"} or module.startswith("unittest.mock"):
                    yield _sign(source, node, f"an import of {module} in source", "ask")
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not (place.functions or is_testing):
            yield from _frame_signs(source, node)


def _sign(source: Source, node: ast.AST, what: str, level: Level) -> Sign:
    line = getattr(node, "lineno", 0)
    message = (
        f"{what}: code that knows that it is tested can behave otherwise then; look at what depends on it"
    )
    return Sign(RULE, line, source.line(line), message, level, detail=what)


def _seen(source: Source, node: ast.AST, prose: frozenset[int]) -> Iterator[tuple[str, Level]]:
    if isinstance(node, ast.Compare):
        yield from _compared(source, node)
    elif isinstance(node, ast.Call):
        yield from _called(source, node)
    elif isinstance(node, ast.Subscript):
        yield from _looked_up(source, node)
    elif isinstance(node, ast.Constant) and id(node) not in prose:
        text = text_of(node)
        if text and text.startswith(_MARKS) and text.isidentifier():
            yield f"the name of the test runner's variable {text}", "ask"


def _compared(source: Source, node: ast.Compare) -> Iterator[tuple[str, Level]]:
    """`"pytest" in sys.modules`, `"PYTEST_CURRENT_TEST" in os.environ`, `"pytest" in sys.argv[0]`."""
    sides = [node.left, *node.comparators]
    texts = [text for side in sides for text in _texts(side)]
    named = {name for side in sides for part in _parts(side) for name in source.names(part)}
    for text in texts:
        if named & {"sys.modules", "sys.modules.keys"} and text.split(".")[0] in _RUNNERS:
            yield f"a look for {quoted(text)} in sys.modules", "block"
        elif named & _ENVIRONMENTS:
            yield from _variable(text)
        elif named & {"sys.argv", "sys.orig_argv"} and any(
            r in text.lower() for r in ("pytest", "unittest", "test")
        ):
            yield f"a look for {quoted(text)} in sys.argv", "block" if "pytest" in text.lower() else "ask"
        elif named & {"sys.executable", "__main__.__file__", "sys._MEIPASS"} and "pytest" in text.lower():
            yield f"a comparison with {quoted(text)}", "block"


def _called(source: Source, node: ast.Call) -> Iterator[tuple[str, Level]]:
    names = set(source.names(node.func))
    first = text_of(node.args[0]) if node.args else None
    if first is not None:
        if names & _READERS:
            yield from _variable(first)
        elif "sys.modules.get" in names and first.split(".")[0] in _RUNNERS:
            yield f"a look for {quoted(first)} in sys.modules", "block"
        elif names & {"sys.modules.get", "sys.modules.pop"} and _is_test_module(first):
            yield f"a look for {quoted(first)} in sys.modules", "ask"
        elif names & {
            "importlib.util.find_spec",
            "pkgutil.find_loader",
            "importlib.import_module",
            "__import__",
        } and (first.split(".")[0] in TELLING):
            yield f"a look for the module {quoted(first)}", "ask"
    if isinstance(node.func, ast.Attribute) and node.func.attr in _ASKING and first is not None:
        yield from _asked_of(source, node.func.value, first)


def _asked_of(source: Source, owner: ast.expr, text: str) -> Iterator[tuple[str, Level]]:
    """`sys.argv[0].endswith("pytest")`: a program may ask for its options, which begin with a hyphen."""
    named = {name for part in _parts(owner) for name in source.names(part)}
    if named & {"sys.argv", "sys.orig_argv"} and not text.startswith("-"):
        lowered = text.lower()
        if any(word in lowered for word in ("test", "__main__")):
            yield f"a look for {quoted(text)} in sys.argv", "block" if "pytest" in lowered else "ask"


def _looked_up(source: Source, node: ast.Subscript) -> Iterator[tuple[str, Level]]:
    text = text_of(node.slice)
    if text is None:
        return
    names = set(source.names(node.value))
    if "sys.modules" in names and text.split(".")[0] in TELLING:
        yield f"sys.modules[{text!r}]", "block"
    elif "sys.modules" in names and _is_test_module(text):
        yield f"sys.modules[{text!r}]", "ask"
    elif names & _ENVIRONMENTS and isinstance(node.ctx, ast.Load):
        yield from _variable(text)


def _is_test_module(name: str) -> bool:
    return any(part in {"tests", "test"} or part.startswith("test_") for part in name.split("."))


def _variable(name: str) -> Iterator[tuple[str, Level]]:
    if name.startswith(_MARKS):
        yield f"a look at the test runner's variable {quoted(name)}", "block"
    elif name in _SOFT_MARKS:
        yield f"a look at the variable {quoted(name)}", "ask"


def _frame_signs(source: Source, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Sign]:
    """A walk over the callers that looks for a test among them."""
    walks = [
        node for node in ast.walk(function)
        if isinstance(node, ast.Attribute | ast.Name) and set(source.names(node)) & _FRAMES
    ]  # fmt: skip
    if not walks:
        return
    for node in ast.walk(function):
        text = text_of(node)
        if text and len(text) < 60 and _speaks_of_tests(text):
            yield _sign(source, walks[0], f"a look for {quoted(text)} among the callers", "block")
            return


def _speaks_of_tests(text: str) -> bool:
    lowered = text.lower()
    return (
        "pytest" in lowered
        or "unittest" in lowered
        or lowered in {"test", "tests", "test_", "/test", "/tests", "_test"}
    )


def _texts(node: ast.expr) -> list[str]:
    """A string, or the strings in a literal collection."""
    items = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]
    return [text for item in items[:50] if (text := text_of(item)) is not None]


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    """The names that a side of a comparison is about: itself, what is called, subscripted or formed from it."""
    for _ in range(10):
        yield node
        if isinstance(node, ast.Call):
            if node.args:
                yield node.args[0]
            node = node.func
        elif isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
            node = node.value
        elif isinstance(node, ast.BinOp):
            node = node.left
        else:
            return


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if node.level or not node.module:
        return []
    return [
        f"{node.module}.{alias.name}" if node.module == "unittest" else node.module for alias in node.names
    ]


def _docstrings(source: Source) -> frozenset[int]:
    """Strings that stand alone: nobody reads them at run time."""
    return frozenset(
        id(node.value) for node in source.nodes if isinstance(node, ast.Expr) and dotted(node.value) == ""
        and isinstance(node.value, ast.Constant)
    )  # fmt: skip
