"""Source that looks into its callers: at their variables, their names, their place, or the text of their lines.

A test is a caller. What a function returns should depend on what it is given; a look at a frame's module or
line for a log or a warning is what honest programs do, and passes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from agent_gate.gating.integrity.sign import Sign
from agent_gate.gating.integrity.source import Source, text_of

RULE = "hidden-code"
_WORDS = frozenset({"f_locals", "f_globals", "f_lineno", "f_lasti", "co_name", "co_filename", "co_qualname", "code_context", "extract_stack", "walk_stack", "stack", "f_trace", "f_back", "getframeinfo", "co_consts", "co_code", "getsource", "getsourcelines", "getline", "findsource"})  # fmt: skip
_READING = {
    "f_locals": "the variables of whoever calls are in reach, a test's expected values among them",
    "code_context": "the text of whoever calls is read, a test's expected values among them",
    "co_consts": "the constants of other code are read, a test's expected values among them",
    "f_trace": "the lines of whoever calls can be watched and changed",
}
_SOURCES = frozenset({"inspect.getsource", "inspect.getsourcelines", "inspect.findsource", "linecache.getline", "linecache.getlines"})  # fmt: skip
_IDENTITY = frozenset({"f_globals", "co_name", "co_filename", "co_qualname", "f_lineno", "f_lasti", "function", "filename", "lineno"})  # fmt: skip
_FRAMES = frozenset({"sys._getframe", "inspect.stack", "inspect.currentframe", "inspect.getouterframes", "inspect.getframeinfo", "traceback.extract_stack", "traceback.walk_stack", "sys._current_frames"})  # fmt: skip
_OF_A_FRAME = frozenset({"f_code", "f_back", "f_lineno", "co_filename", "frame", "currentframe", "_getframe"})
_STACKS = frozenset({"traceback.extract_stack", "traceback.walk_stack", "inspect.getframeinfo"})
_CHANGING = frozenset({"update", "setdefault", "pop", "clear", "__setitem__"})
_ASKING = frozenset({"startswith", "endswith", "find", "index", "count"})


def signs(source: Source) -> Iterator[Sign]:
    """What stands in a file that is no test."""
    if source.words.isdisjoint(_WORDS):
        return
    walks = any(
        set(source.names(node)) & _FRAMES
        for node in source.nodes
        if isinstance(node, ast.Attribute | ast.Name)
    )
    for node in source.nodes:
        if isinstance(node, ast.Attribute):
            yield from _read(source, node)
        elif isinstance(node, ast.Constant) and (name := text_of(node)) in _READING:
            yield _sign(source, node, name or "", _READING[name or ""])
        elif isinstance(node, ast.Compare) and walks:
            yield from _compared(source, node)
        elif isinstance(node, ast.Call):
            yield from _called(source, node, walks=walks)
        elif (
            isinstance(node, ast.Subscript)
            and isinstance(node.ctx, ast.Store | ast.Del)
            and _is_module(node.value)
        ):
            yield _sign(source, node, "f_globals", "the module of whoever calls is changed")


def _read(source: Source, node: ast.Attribute) -> Iterator[Sign]:
    what = _READING.get(node.attr)
    if what and not _is_traceback(node.value):
        yield _sign(source, node, node.attr, what)
    elif node.attr == "line" and _is_of(source, node, _STACKS):
        yield _sign(source, node, "line", _READING["code_context"])


def _is_traceback(node: ast.expr) -> bool:
    """The frame of an exception: its variables are shown to people who look for a fault."""
    return isinstance(node, ast.Attribute) and node.attr == "tb_frame"


def _compared(source: Source, node: ast.Compare) -> Iterator[Sign]:
    """`frame.f_code.co_name == "…"`, `frame.f_lineno > 10`: with a constant."""
    sides = [node.left, *node.comparators]
    for side in sides:
        if (name := _identity(side)) and any(isinstance(other, _LITERAL) for other in sides):
            yield _sign(source, node, name, "it does another thing for one caller than for others")
            return


def _called(source: Source, node: ast.Call, *, walks: bool) -> Iterator[Sign]:
    function = node.func
    if not isinstance(function, ast.Attribute):
        return
    name = _identity(function.value)
    if walks and set(source.names(function)) & _SOURCES and any(map(_is_frames, node.args)):
        yield _sign(source, node, function.attr, _READING["code_context"])
    if function.attr in _CHANGING and _is_module(function.value):
        yield _sign(source, node, "f_globals", "the module of whoever calls is changed")
    elif walks and name and function.attr in _ASKING and node.args and text_of(node.args[0]) is not None:
        yield _sign(source, node, name, "it does another thing for one caller than for others")


def _is_frames(node: ast.expr) -> bool:
    """Something of a frame: its code, its file, its line."""
    return any(
        isinstance(each, ast.Attribute) and each.attr in _OF_A_FRAME for each in ast.walk(node)
    ) or any(isinstance(each, ast.Name) and "frame" in each.id.lower() for each in ast.walk(node))


def _is_module(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "f_globals"


def _identity(node: ast.expr) -> str:
    """`co_name` and its like, at the end of a chain or as what is asked of it."""
    for _ in range(6):
        if isinstance(node, ast.Attribute):
            if node.attr in _IDENTITY:
                return node.attr
            node = node.value
        elif isinstance(node, ast.Call):
            # `len(frame.f_code.co_name)`, or `frame.f_code.co_name.lower()`.
            node = node.args[0] if node.args and isinstance(node.func, ast.Name) else node.func
        elif isinstance(node, ast.Subscript | ast.BinOp):
            node = node.value if isinstance(node, ast.Subscript) else node.left
        else:
            return ""
    return ""


def _is_of(source: Source, node: ast.Attribute, wanted: frozenset[str]) -> bool:
    """Whether an attribute is one of what these functions return."""
    current: ast.expr = node.value
    for _ in range(6):
        if isinstance(current, ast.Call):
            return bool(set(source.names(current.func)) & wanted)
        if not isinstance(current, ast.Subscript | ast.Attribute):
            return False
        current = current.value
    return False


_LITERAL = ast.Constant | ast.Tuple | ast.List | ast.Set


def _sign(source: Source, node: ast.expr, name: str, what: str) -> Sign:
    message = f"{name}: {what}; look at why it is not given what it needs"
    return Sign(RULE, node.lineno, source.line(node.lineno), message, detail=name)
