"""Secrets in what Python puts together: adjacent strings, sums, joined and decoded constants."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from agent_gate.domain.secret import Secret, find_secrets
from agent_gate.domain.secret_place import Place
from agent_gate.gating.folding import spelled_texts
from agent_gate.syntax import parse_python

MAX_BYTES = 2 * 1024 * 1024
"""Larger files are not parsed."""
_SHORTEST = 6
_PYTHON = (".py", ".pyi", ".pyw")
_FIRST_LINE = re.compile(rb"#![^\n]{0,200}python")


class Spelled(NamedTuple):
    """A secret that stands in no line as a whole, and the lines that it is put together from."""

    secret: Secret
    first: int
    last: int


def spelled_secrets(path: str, content: bytes, place: Place) -> Iterator[Spelled]:
    """The secrets of a Python file that a look at its lines cannot show. Nothing in what cannot be parsed."""
    is_python = path.endswith(_PYTHON) or _FIRST_LINE.match(content)
    if not is_python or len(content) > MAX_BYTES or not any(mark in content for mark in (b'"', b"'")):
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape in the candidate is not our warning
            tree = parse_python(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # the gate integrity says so
    names = _given(tree)
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")  # as Python counts them
    for node, text in spelled_texts(tree):
        if len(text) < _SHORTEST or text.encode(errors="surrogatepass") in _written(lines, node):
            continue
        name = names.get(id(node), "")
        said = f'{name} = "{text}"' if name else text
        last = node.end_lineno or node.lineno
        yield from (Spelled(secret, node.lineno, last) for secret in find_secrets(said, place))


def _given(tree: ast.Module) -> Mapping[int, str]:
    """The names that values are given, by identity of the value: a password is known by its name alone."""
    found: dict[int, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            found[id(node.value)] = _name(target)
        elif isinstance(node, ast.keyword) and node.arg:
            found[id(node.value)] = node.arg
        elif isinstance(node, ast.Dict):
            found |= {
                id(value): key.value
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant) and isinstance(key.value, str)
            }
    return found


def _name(target: ast.expr) -> str:
    if isinstance(target, ast.Attribute):
        return target.attr
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        return str(target.slice.value)[:100]
    return target.id if isinstance(target, ast.Name) else ""


def _written(lines: list[bytes], node: ast.expr) -> bytes:
    """How an expression stands in the file."""
    held = lines[node.lineno - 1 : node.end_lineno]
    if len(held) == 1:
        return held[0][node.col_offset : node.end_col_offset]
    return (
        b"\n".join([held[0][node.col_offset :], *held[1:-1], held[-1][: node.end_col_offset]])
        if held
        else b""
    )
