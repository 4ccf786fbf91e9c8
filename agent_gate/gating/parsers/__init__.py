"""How each tool's output is read, by the name that a definition uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from agent_gate.gating.parsers.annotations import parse_annotations
from agent_gate.gating.parsers.bandit import parse_bandit
from agent_gate.gating.parsers.entry_point import load_parser
from agent_gate.gating.parsers.exit_code import check_exit_code, parse_exit_code
from agent_gate.gating.parsers.junit import parse_junit_findings
from agent_gate.gating.parsers.mypy import parse_mypy
from agent_gate.gating.parsers.pyright import parse_pyright
from agent_gate.gating.parsers.regex import check_regex, parse_regex
from agent_gate.gating.parsers.report import Parse
from agent_gate.gating.parsers.ruff import parse_ruff
from agent_gate.gating.parsers.sarif import check_sarif, parse_sarif

PARSERS: Mapping[str, Parse] = {
    "bandit-json": parse_bandit,
    "exit-code": parse_exit_code,
    "github": parse_annotations,
    "junit-xml": parse_junit_findings,
    "mypy-json": parse_mypy,
    "pyright-json": parse_pyright,
    "regex": parse_regex,
    "ruff-json": parse_ruff,
    "sarif": parse_sarif,
}
"""The built-in ones; no other package can take one of these names."""

_OPTIONS: Mapping[str, tuple[frozenset[str], Callable[[Mapping[str, Any]], None]]] = {
    "exit-code": (frozenset({"failing"}), check_exit_code),
    "regex": (frozenset({"pattern", "clean"}), check_regex),
    "sarif": (frozenset({"artifacts"}), check_sarif),
}


def find_parser(name: str) -> Parse | None:
    """The parser of a name: a built-in one, else one that an installed package offers.

    Raises PolicyError where that package's parser cannot be loaded.
    """
    return PARSERS.get(name) or load_parser(name)


def check_options(name: str, options: Mapping[str, Any]) -> None:
    """Raises ValueError for options that a built-in parser does not know or cannot use."""
    if name not in PARSERS:
        return  # its own package knows
    known, check = _OPTIONS.get(name, (frozenset(), None))
    if unknown := sorted(set(options) - known):
        raise ValueError(
            f"{unknown[0]}: {name} has no such option (known: {', '.join(sorted(known)) or 'none'})"
        )
    if check:
        check(options)
