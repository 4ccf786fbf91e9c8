"""Source that asks what process it runs in: who started it, who watches it, what is around it.

A test run differs from the run of a program in all of this. Variables of one's own, one's own number and the
machine's memory are everybody's business; the parent, the tracer and the names of all variables are hardly
anybody's.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from agent_gate.domain.visible import quoted
from agent_gate.gating.integrity.sign import Sign
from agent_gate.gating.integrity.source import Source, dotted, text_of

RULE = "test-awareness"
_CALLED = {
    "os.getppid": "the number of the process that started this one",
    "sys.gettrace": "whether somebody traces the run",
    "sys.getprofile": "whether somebody profiles the run",
    "sys.monitoring.get_tool": "whether somebody watches the run",
    "threading.gettrace": "whether somebody traces the run",
}
_READ = {
    "sys.orig_argv": "how the interpreter was started",
    "sys.flags.isolated": "how the interpreter was started",
    "sys.flags.safe_path": "how the interpreter was started",
    "sys.flags.dont_write_bytecode": "how the interpreter was started",
    "sys.dont_write_bytecode": "how the interpreter was started",
}
_WORDS = frozenset({name.rpartition(".")[2] for name in (*_CALLED, *_READ)} | {"parent", "parents"})  # fmt: skip
_PLACES = re.compile(
    r"/proc/(?:self|thread-self|\d+|\W|$)(?:.{0,40}/)?(?:cmdline|environ|maps|smaps|exe|cgroup|mountinfo|mounts|ns|stat|comm|uid_map|attr)\b"
    r"|/proc/1/|/\.dockerenv|/run/\.containerenv"
)
_PATHS = frozenset({"Path", "PurePath", "joinpath", "join", "open", "read_text", "read_bytes", "exists", "isfile", "isdir", "glob", "rglob", "iglob", "listdir", "scandir", "files", "with_name"})  # fmt: skip
_INSTALLED = re.compile(r"(?:site|dist)-packages|\.venv|\bvenv\b|^/?tmp/|^src$")
_TEST_FILE = re.compile(r"tests?|conftest\.py|test_[\w*]*\.py|\w{1,60}_test\.py")
_PARTS = frozenset({"cmdline", "environ", "maps", "exe", "cgroup", "mountinfo", "stat", "comm"})


def signs(source: Source, *, is_testing: bool) -> Iterator[Sign]:
    """What stands in a file that is no test; `is_testing`: it is about tests, so it may look at them."""
    known = not source.words.isdisjoint(_WORDS)
    watched = _own_parents(source) if known else frozenset()
    # Whether a block is run, the gate `coverage` sees; what an expression comes to, nobody.
    blocks = {
        id(part)
        for node in source.nodes
        if isinstance(node, ast.If)
        for part in (node.test, getattr(node.test, "operand", None))
    }
    prose = {id(node.value) for node in source.nodes if isinstance(node, ast.Expr)}
    for node in source.nodes:
        if isinstance(node, ast.Constant) and id(node) not in prose:
            yield from _place(source, node)
        elif isinstance(node, ast.JoinedStr):
            yield from _joined_place(source, node)
        elif isinstance(node, ast.Compare):
            yield from _installed(source, node)
        elif isinstance(node, ast.Name) and node.id == "__debug__" and id(node) not in blocks:
            yield _sign(source, node, "a look at whether assertions are switched on")
        if isinstance(node, ast.BinOp | ast.Call) and not is_testing:
            yield from _tests_beside(source, node)
        if known and isinstance(node, ast.Call) and id(node) not in watched:
            yield from _called(source, node)
        elif known and isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            yield from (
                _sign(source, node, f"a look at {_READ[n]}") for n in source.names(node) if n in _READ
            )


def _tests_beside(source: Source, node: ast.expr) -> Iterator[Sign]:
    """`Path(__file__).parents[1] / "tests"`, `os.path.join(root, "tests")`, `open("tests/data/a.txt")`."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        texts = [text_of(node.right)]
    elif (
        isinstance(node, ast.Call)
        and (dotted(node.func).rpartition(".")[2] or getattr(node.func, "attr", "")) in _PATHS
    ):
        texts = [text_of(argument) for argument in node.args[:4]]
    else:
        return
    for text in texts:
        if text and any(_TEST_FILE.fullmatch(part) for part in text.split("/")[:20]):
            yield _sign(source, node, f"a look at {quoted(text)}, where the tests are")
            return


def _place(source: Source, node: ast.Constant) -> Iterator[Sign]:
    text = text_of(node)
    if text and len(text) < 200 and _PLACES.search(text):
        yield _sign(
            source, node, f"a look at {quoted(text)}, which tells what process this is and what confines it"
        )


def _installed(source: Source, node: ast.Compare) -> Iterator[Sign]:
    """`"site-packages" in __file__`: whether this is the installed code, or the one that is being tested."""
    parts = [part for side in (node.left, *node.comparators) for part in ast.walk(side)]
    if any(isinstance(part, ast.Name) and part.id == "__file__" for part in parts):
        named = [text for part in parts if (text := text_of(part)) and _INSTALLED.search(text)]
        if named:
            yield _sign(source, node, f"a look for {quoted(named[0])} in the file's own path")


def _joined_place(source: Source, node: ast.JoinedStr) -> Iterator[Sign]:
    """`f"/proc/{os.getpid()}/environ"`."""
    texts = [text for part in node.values if (text := text_of(part))]
    if texts and texts[0].startswith("/proc/") and any(t.strip("/").split("/")[-1] in _PARTS for t in texts):
        yield _sign(source, node, "a look at a process in /proc, which tells what process this is")


def _called(source: Source, node: ast.Call) -> Iterator[Sign]:
    names = source.names(node.func)
    if what := next((_CALLED[name] for name in names if name in _CALLED), ""):
        yield _sign(source, node, f"a look at {what}")
    elif isinstance(node.func, ast.Attribute) and node.func.attr in {"parent", "parents"}:
        owner = node.func.value
        if isinstance(owner, ast.Call) and "psutil.Process" in source.names(owner.func) and not owner.args:
            yield _sign(source, node, "a look at the process that started this one")


def _own_parents(source: Source) -> frozenset[int]:
    """Calls that only notice that the parent is gone: what `os.getppid()` said is kept, and compared with later."""
    plain: set[int] = set()
    written: set[str] = set()
    kept: set[str] = set()
    for node in source.nodes:
        if isinstance(node, ast.Assign):
            names = {dotted(target) for target in node.targets}
            written |= names if isinstance(node.value, ast.Constant) else set()
            if _is_parent(source, node.value):
                plain.add(id(node.value))
                kept |= names
    for node in source.nodes:
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        names = {dotted(side) for side in sides} - {""}
        parents = {id(side) for side in sides if _is_parent(source, side)}
        is_equality = isinstance(node.ops[0], ast.Eq | ast.NotEq) and len(sides) == 2
        if is_equality and parents and names and not names & written:
            plain |= parents
        elif names & kept:
            return frozenset()  # what was kept is compared with something else
    return frozenset(plain)


def _is_parent(source: Source, node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and "os.getppid" in source.names(node.func)


def _sign(source: Source, node: ast.expr, what: str) -> Sign:
    message = (
        f"{what}: code that knows where it runs can behave otherwise in a test; look at what depends on it"
    )
    return Sign(RULE, node.lineno, source.line(node.lineno), message, detail=what)
