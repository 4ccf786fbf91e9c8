"""Code that no reader and no other gate can see: decoded and executed, or put in the place of other code."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from agent_gate.gating.integrity.given import Given, given_values, parts_of
from agent_gate.gating.integrity.sign import Sign
from agent_gate.gating.integrity.source import Source, text_of

RULE = "hidden-code"
_RUNS = frozenset(
    {"exec", "eval", "compile", "builtins.exec", "builtins.eval", "builtins.compile", "types.FunctionType"}
)
_DECODES = (
    "base64.", "binascii.", "zlib.", "lzma.", "bz2.", "gzip.", "codecs.decode", "marshal.loads", "bytes.fromhex",
    "bytearray.fromhex", "urllib.parse.unquote",
)  # fmt: skip
_ALONE = {
    "marshal.loads": "byte code is loaded",
    "marshal.load": "byte code is loaded",
    "sys.settrace": "every line that runs can be watched and changed",
    "sys.setprofile": "every call can be watched",
    "threading.settrace": "every line that runs can be watched and changed",
    "threading.setprofile": "every call can be watched",
    "sys.monitoring.register_callback": "every line that runs can be watched",
    "sys.meta_path": "imports are redirected",
    "sys.path_hooks": "imports are redirected",
    "types.CodeType": "byte code is put together by hand",
    "ctypes.pythonapi": "the interpreter's own memory is in reach",
    "gc.get_referrers": "objects of other code, a running test among them, are in reach",
    "gc.get_objects": "objects of other code, a running test among them, are in reach",
    "ctypes.memmove": "memory of the interpreter is written to",
    "ctypes.memset": "memory of the interpreter is written to",
    "runpy.run_path": "a file is executed whatever its name is",
    "importlib.machinery.SourceFileLoader": "a file is executed whatever its name is",
    "importlib.machinery.SourcelessFileLoader": "byte code is loaded",
    "zipimport.zipimporter": "code is executed out of an archive",
    "code.InteractiveInterpreter": "text is executed",
    "code.InteractiveConsole": "text is executed",
    "sys.addaudithook": "everything that the interpreter does can be watched",
}
_COMPUTED = {"__import__", "builtins.__import__"}
_OPEN = frozenset({"os", "sys", "builtins", "__builtins__", "posix", "subprocess", "importlib", "ctypes"})
_WORDS = frozenset(
    name.rpartition(".")[2]
    for name in (*_RUNS, *_ALONE, *_COMPUTED, "getattr", "__code__", "spec_from_file_location")
)
_CODECS = frozenset({
    "utf-8", "utf8", "ascii", "us-ascii", "latin-1", "latin1", "iso-8859-1", "iso-8859-15", "cp1252", "cp1251", "koi8-r",
    "euc-jp", "shift-jis", "gbk", "gb2312", "big5", "utf-8-sig", "iso8859-1", "windows-1252", "iso-latin-1-unix",
})  # fmt: skip


def signs(source: Source, *, is_test: bool) -> Iterator[Sign]:
    """What stands in a Python file; of test files only what replaces code or text."""
    if source.encoding and source.encoding not in _CODECS:
        what = "the file is written in an encoding that can hide code"
        yield _sign(source, 1, source.encoding, what)
    if not source.words & _WORDS:
        return
    decoded = _decoded_names(source)
    given = given_values(source) if "spec_from_file_location" in source.words else {}
    for node in source.nodes:
        if isinstance(node, ast.Call):
            found = _called(source, node, decoded, given)
        elif isinstance(node, ast.Attribute | ast.Name) and not is_test:
            found = next(((name, _ALONE[name]) for name in source.names(node) if name in _ALONE), None)
        elif isinstance(node, ast.Assign | ast.AugAssign):
            targets = [node.target] if isinstance(node, ast.AugAssign) else node.targets
            replaced = any(
                isinstance(target, ast.Attribute) and target.attr == "__code__" for target in targets
            )
            found = ("__code__", "the code of something else is replaced") if replaced else None
        else:
            found = None
        if found and isinstance(node, ast.expr | ast.stmt):
            yield _sign(source, node.lineno, *found)


def _sign(source: Source, line: int, name: str, what: str) -> Sign:
    message = f"{name}: {what}; look at what really runs here, and whether it could be written plainly"
    return Sign(RULE, line, source.line(line), message, detail=name)


def _called(source: Source, node: ast.Call, decoded: frozenset[str], given: Given) -> tuple[str, str] | None:
    names = set(source.names(node.func))
    if names & _RUNS and any(_decodes(source, argument, decoded) for argument in node.args):
        return min(names & _RUNS), "text that nobody can read is decoded and executed"
    if (
        names & _COMPUTED
        and node.args
        and not isinstance(node.args[0], ast.Constant | ast.Name | ast.Attribute)
    ):
        return "__import__", "the name of a module is put together"
    if (
        "importlib.util.spec_from_file_location" in names
        and len(node.args) > 1
        and _is_no_python(node.args[1], given)
    ):
        return "spec_from_file_location", "a file is executed whatever its name is"
    if names & {"getattr", "builtins.getattr"} and len(node.args) > 1:
        owner = source.name(node.args[0])
        if (
            owner in _OPEN
            and text_of(node.args[1]) is None
            and not isinstance(node.args[1], ast.Name | ast.Attribute)
        ):
            return f"getattr({owner}, …)", "the name of a function is put together"
    return None


def _is_no_python(path: ast.expr, given: Given) -> bool:
    """A written path, also by a name, of which no part ends as Python source does."""
    texts = [text for part in parts_of(path, given) if (text := text_of(part))]
    return bool(texts) and not any(text.endswith(".py") for text in texts)


def _decodes(source: Source, argument: ast.expr, decoded: frozenset[str]) -> bool:
    """Whether a decoded text is anywhere in an argument, also through a name that was given one."""
    for node in ast.walk(argument):
        if isinstance(node, ast.Attribute | ast.Name):
            if any(name.startswith(_DECODES) for name in source.names(node)):
                return True
            if isinstance(node, ast.Name) and node.id in decoded:
                return True
    return False


def _decoded_names(source: Source) -> frozenset[str]:
    nothing: frozenset[str] = frozenset()
    return frozenset(
        target.id
        for node in source.nodes
        if isinstance(node, ast.Assign) and _decodes(source, node.value, nothing)
        for target in node.targets
        if isinstance(target, ast.Name)
    )
