"""What in the source a threat would come in by: the calls and the names that a security review looks for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from agent_gate.survey.python_source import dotted_name, is_test_file, last_name, parsed
from agent_gate.survey.source_tree import keyword
from agent_gate.survey.work_tree import WorkTree

MOST_READ = 2 * 1024 * 1024
"""So many characters of source are looked through; what comes after them is not."""


class Threat(NamedTuple):
    """A threat that the source gives a reason to think of, and where."""

    threat: str
    stride: tuple[str, ...]
    """The kinds of threat, as STRIDE letters."""
    cwe: str
    verifier: str
    """What a machine could verify it by; empty where there is no rule for it."""
    sign: str
    """What was seen, in a few words: `calls pickle.loads`."""
    path: str
    line: int


class _Weakness(NamedTuple):
    threat: str
    stride: tuple[str, ...]
    cwe: str
    verifier: str = ""


_SQL_INJECTION = _Weakness(
    "SQL injection through what is put into the statement", ("T", "I"), "CWE-89", "bandit:B608"
)
_SHELL = _Weakness("a shell command carries what somebody else wrote", ("T", "E"), "CWE-78")
_UNPICKLED = _Weakness("data that somebody else wrote runs as code when it is loaded", ("T", "E"), "CWE-502")
_EVALUATED = _Weakness("text that somebody else wrote runs as code", ("T", "E"), "CWE-95")
_SERVED_PATH = _Weakness("a path leads out of the folder that is served", ("I",), "CWE-22")
_UNPACKED = _Weakness(
    "an archive writes outside of the folder that it is unpacked in", ("T",), "CWE-22", "bandit:B202"
)
_TOKEN = _Weakness("a token that is forged, expired or meant for others is accepted", ("S", "E"), "CWE-347")
_MARKUP = _Weakness("script in what somebody wrote runs in somebody else's browser", ("T", "I"), "CWE-79")
_FORGED = _Weakness(
    "another site sends the request in the name of a user who is signed in", ("S", "T"), "CWE-352"
)
_UPLOAD = _Weakness("an upload is too large, or is not what it says", ("D", "T"), "CWE-434")
_PRIVATE = _Weakness("{} ends in a log, an error message or an answer", ("I",), "CWE-532")

_CALLS: Mapping[str, tuple[_Weakness, str]] = {
    "os.system": (_SHELL, "bandit:B605"), "os.popen": (_SHELL, "bandit:B605"),
    "pickle.loads": (_UNPICKLED, "bandit:B301"), "pickle.load": (_UNPICKLED, "bandit:B301"),
    "dill.loads": (_UNPICKLED, "bandit:B301"), "marshal.loads": (_UNPICKLED, "bandit:B302"),
    "eval": (_EVALUATED, "bandit:B307"), "exec": (_EVALUATED, "bandit:B102"), "send_file": (_SERVED_PATH, ""),
    "FileResponse": (_SERVED_PATH, ""), "jwt.decode": (_TOKEN, ""), "mark_safe": (_MARKUP, "bandit:B308"),
    "Markup": (_MARKUP, "bandit:B704"), "render_template_string": (_MARKUP, ""),
}  # fmt: skip
"""Calls, the weakness that they open, and bandit's test for it."""
_NAMES = {"csrf_exempt": _FORGED, "UploadFile": _UPLOAD, "request.files": _UPLOAD, "request.FILES": _UPLOAD}
_STATEMENTS = frozenset(
    {"execute", "executemany", "executescript", "fetch", "fetchrow", "fetchval", "raw", "text"}
)
_SQL = re.compile(r"\s*(?:select|insert|update|delete|create|drop|with)\b", re.IGNORECASE)
_SECRETS = {
    "password": "a password", "passwd": "a password", "secret": "a secret", "api_key": "an API key", "email": "an e-mail address",
    "phone": "a phone number", "iban": "an account number", "card_number": "a card number", "ssn": "a social security number",
    "birth_date": "a date of birth", "date_of_birth": "a date of birth",
}  # fmt: skip
"""Names of fields and parameters that hold what must not be told, and what that is called."""

_SIGNS = (
    "shell=", ".extractall(", "yaml.load", *(name.rpartition(".")[2] for name in (*_CALLS, *_NAMES)),
    *(f"{name}(" for name in _STATEMENTS), *(f"{name}:" for name in _SECRETS),
)  # fmt: skip
"""A file in which none of these stands need not be parsed."""


def threats_in(tree: WorkTree, paths: Iterable[str]) -> Iterator[Threat]:
    """The threats that these files give a reason to think of: each weakness once, where it is seen first."""
    seen: set[str] = set()
    read = 0
    for path in dict.fromkeys(paths):
        text = (
            tree.text(path) if path.endswith(".py") and not is_test_file(path) and read <= MOST_READ else ""
        )
        read += len(text)
        if not any(sign in text for sign in _SIGNS) or (root := parsed(text)) is None:
            continue
        found = [
            (line, sign, weakness) for node in ast.walk(root) for line, sign, weakness in _weaknesses(node)
        ]
        for line, sign, weakness in sorted(found):
            if weakness.cwe not in seen:
                seen.add(weakness.cwe)
                yield Threat(
                    weakness.threat, weakness.stride, weakness.cwe, weakness.verifier, sign, path, line
                )


def _weaknesses(node: ast.AST) -> Iterator[tuple[int, str, _Weakness]]:
    if isinstance(node, ast.Call):
        name = dotted_name(node.func)
        if weakness := _weakness_of_call(node, name):
            yield node.lineno, f"calls {name or last_name(node.func)}", weakness
    elif isinstance(node, ast.Name | ast.Attribute) and (name := dotted_name(node)) in _NAMES:
        yield node.lineno, f"uses {name}", _NAMES[name]
    elif isinstance(node, ast.AnnAssign | ast.arg) and node.annotation:
        name = node.arg if isinstance(node, ast.arg) else last_name(node.target)
        if name in _SECRETS:
            yield (
                node.lineno,
                f"holds {name}",
                _PRIVATE._replace(threat=_PRIVATE.threat.format(_SECRETS[name])),
            )


def _weakness_of_call(call: ast.Call, name: str) -> _Weakness | None:
    first, last, shell = call.args[0] if call.args else None, last_name(call.func), keyword(call, "shell")
    if name in _CALLS:
        weakness, verifier = _CALLS[name]
        return weakness._replace(verifier=verifier)
    if isinstance(shell, ast.Constant) and shell.value is True:
        return _SHELL._replace(verifier="bandit:B602" if name.startswith("subprocess.") else "bandit:B604")
    if last in _STATEMENTS and first is not None and _is_built_sql(first):
        return _SQL_INJECTION
    if name == "yaml.load" and len(call.args) < 2 and not keyword(call, "Loader"):
        return _UNPICKLED._replace(verifier="bandit:B506")
    return _UNPACKED if last == "extractall" else None


def _is_built_sql(node: ast.expr) -> bool:
    """Whether a statement is put together out of parts: by an f-string, `%`, `+` or `format`."""
    first: ast.expr | None = None
    if isinstance(node, ast.JoinedStr) and len(node.values) > 1:
        first = node.values[0]
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod | ast.Add):
        first = node.left
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        first = node.func.value
    return isinstance(first, ast.Constant) and bool(_SQL.match(str(first.value)))
