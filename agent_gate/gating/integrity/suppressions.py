"""New words that silence a tool: comments of every kind, and the few calls and decorators that do the same.

In Python comments are found by tokens, so that a string which speaks of `noqa` is none. A search for "noqa"
alone would miss three of ruff's own forms.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

from agent_gate.domain.visible import quoted
from agent_gate.gating.diff import Line
from agent_gate.gating.integrity.sign import Sign
from agent_gate.gating.integrity.source import Source

RULE = "suppression"
_ALONE = 2
"""So many equal suppressions of one file are told one by one."""
_SHOWN = 8
_LONGEST = 2000
"""Of a longer line only this much is searched: it is generated, or it is an attack on the search."""

_PYTHON = re.compile(
    r"""\#\s*(?:
      noqa\b
    | (?:ruff|flake8)\s*[:=]\s*noqa\b
    | ruff\s*:\s*(?:ignore|file-ignore|disable)\b
    | nosec\b
    | type:\s*ignore\b
    | (?:based)?pyright\s*:\s*(?:ignore|basic|off|report\w+\s*=\s*(?:false|none|information|warning))
    | mypy\s*:\s*[\w-]
    | (?:ty|pyrefly|zuban)\s*:\s*ignore
    | pyre-(?:ignore|fixme|unsafe|placeholder)
    | pytype\s*:\s*(?:disable|skip-file)
    | pylint\s*:\s*(?:disable|skip-file)
    | pragma[:\s]?\s*no\s*(?:cover|branch|mutate)
    | noinspection\b
    | (?:codeql|lgtm)\s*\[
    )""",
    re.VERBOSE | re.IGNORECASE,
)
"""What tools obey only right behind a number sign."""
_ANYWHERE = re.compile(
    r"\b(?:nosem(?:grep)?|nosonar|gitleaks:allow|pragma:\s?allowlist\s(?:nextline\s)?secret|checkov:skip|trivy:ignore"
    r"|tfsec:ignore|ggignore|trufflehog:ignore)\b",
    re.IGNORECASE,
)
"""What tools obey anywhere in a comment."""
_COMMENTED = re.compile(
    r"""(?://+|/\*+|\#+|<!--|--|^\s*\*)\s*(?:
      eslint-(?:disable|env)\b | @ts-(?:ignore|nocheck|expect-error)\b | tslint:disable | biome-ignore | oxlint-disable
    | stylelint-disable | jshint\s+ignore | jscs:disable | flow(?:fixme|ignore)\b | \$flow(?:fixme|ignore)\b
    | (?:istanbul|c8|v8)\s+ignore | nolint\b | nolintnextline\b | nosec\b | noqa\b | rubocop\s*:\s*(?:disable|todo)
    | shellcheck\s+disable | hadolint\s+ignore | yamllint\s+disable | phpcs:(?:ignore|disable) | @phpstan-ignore
    | psalm-suppress | @psalm-suppress | @codecoverageignore | swiftlint:disable | ktlint-disable | noinspection
    | credo:disable | codeql\s*\[ | lgtm\s*\[ | lint:ignore | staticcheck | luacheck:\s*ignore | sqlfluff\s*:?\s*noqa
    | type:\s*ignore | pylint:\s*disable | zizmor:\s*ignore | kics-scan | dart\s+ignore | ignore(?:_for_file)?:\s
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_WORDS = frozenset({"filterwarnings", "simplefilter", "no_type_check"})
_WRITTEN = re.compile(
    r"#!?\[(?:allow|expect)\(|@SuppressWarnings\b|@SuppressFBWarnings\b|@file:Suppress\(|@Suppress\(|\[SuppressMessage\(|#pragma\s+warning\s*\(?\s*disable"
    r"|#pragma\s+(?:GCC|clang)\s+diagnostic\s+ignored"
)
"""Suppressions of other languages that are no comments."""


def python_signs(source: Source) -> Iterator[Sign]:
    """All suppressions of a Python file."""
    if _PYTHON.search(source.text) or _ANYWHERE.search(source.text):
        for comment in source.comments:
            for found in _found(comment.text):
                yield _sign(comment.line, source.line(comment.line), found)
        if source.token_problem:
            yield Sign(
                "unparsable", 0, "", f"its comments were not examined: {source.token_problem[:200]}", "block"
            )
    if source.words & _WORDS:
        yield from _written_signs(source)


def line_signs(lines: tuple[Line, ...]) -> Iterator[Sign]:
    """The suppressions in some lines of another language."""
    for line in lines:
        text = line.text[:_LONGEST]
        for pattern in (_COMMENTED, _WRITTEN):
            for found in pattern.finditer(text):
                yield _sign(line.number, line.text, text[found.start() :])
        marked = re.search(r"//|/\*|#|<!--|--|^\s*\*", text)
        anywhere = _ANYWHERE.search(text, marked.start()) if marked else None
        if anywhere:
            yield _sign(line.number, line.text, text[anywhere.start() :])


def together(signs: Iterable[Sign]) -> list[Sign]:
    """The same suppression many times in one file is one question; other signs stay as they are."""
    found: list[Sign] = []
    by_detail: dict[str, list[Sign]] = defaultdict(list)
    for sign in signs:
        (by_detail[sign.detail] if sign.rule == RULE else found).append(sign)
    for same in by_detail.values():
        if len(same) <= _ALONE:
            found += same
        else:
            shown = "\n".join(sign.text.strip()[:200] for sign in same[:_SHOWN])
            found.append(replace(same[0], text=shown, message=f"{len(same)} times: {same[0].message}"))
    return found


def _found(comment: str) -> Iterator[str]:
    """Each suppression in a comment, up to the next number sign."""
    text = comment[:_LONGEST]
    for pattern in (_PYTHON, _ANYWHERE):
        for found in pattern.finditer(text):
            yield text[found.start() :].lstrip("#").partition("#")[0]


def _sign(line: int, text: str, written: str) -> Sign:
    said = " ".join(written.lstrip("/*#<!- ").split())
    message = f"new suppression {quoted(said[:80])}: look at what it silences, and why the code is not mended instead"
    return Sign(RULE, line, text, message, detail=said[:80].lower())


def _written_signs(source: Source) -> Iterator[Sign]:
    """Decorators and calls: `no_type_check`, and warnings that are ignored for the whole process."""
    for node, is_local in _with_scope(source):
        if isinstance(node, ast.Call):
            name = source.name(node.func)
            if (
                name in {"warnings.filterwarnings", "warnings.simplefilter"}
                and not is_local
                and _ignores(node)
            ):
                yield _code(source, node, f"{name}('ignore')")
            elif name.endswith("mark.filterwarnings") and _ignores(node, prefix=True):
                yield _code(source, node, "mark.filterwarnings('ignore')")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for decorator in node.decorator_list:
                if source.name(decorator).rpartition(".")[2] == "no_type_check":
                    yield _code(source, decorator, "no_type_check")


def _code(source: Source, node: ast.expr, what: str) -> Sign:
    message = f"{what} silences warnings or checks from here on: look at which ones, and why they are not mended instead"
    return Sign(RULE, node.lineno, source.line(node.lineno), message, detail=what)


def _ignores(call: ast.Call, *, prefix: bool = False) -> bool:
    values = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "action")]
    texts = [
        value.value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str)
    ]
    return any(text == "ignore" or (prefix and text.startswith("ignore")) for text in texts)


def _with_scope(source: Source) -> Iterator[tuple[ast.AST, bool]]:
    """All nodes, and whether they stand in `with warnings.catch_warnings()`, which puts things back."""
    waiting: list[tuple[ast.AST, bool]] = [(source.tree, False)]
    while waiting:
        node, is_local = waiting.pop()
        yield node, is_local
        if isinstance(node, ast.With | ast.AsyncWith):
            contexts = (item.context_expr for item in node.items)
            is_local = is_local or any(
                isinstance(each, ast.Call) and source.name(each.func) == "warnings.catch_warnings"
                for each in contexts
            )
        waiting.extend((child, is_local) for child in ast.iter_child_nodes(node))
