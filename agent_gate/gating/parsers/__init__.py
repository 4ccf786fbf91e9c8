"""How each tool's output is read, by the name that a definition uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from agent_gate.gating.parsers.entry_point import load_parser

if TYPE_CHECKING:
    from agent_gate.gating.parsers.report import Parse

_BUILT_IN: Mapping[str, tuple[str, str]] = {
    "bandit-json": ("bandit", "parse_bandit"),
    "exit-code": ("exit_code", "parse_exit_code"),
    "github": ("annotations", "parse_annotations"),
    "junit-xml": ("junit", "parse_junit_findings"),
    "mypy-json": ("mypy", "parse_mypy"),
    "pyright-json": ("pyright", "parse_pyright"),
    "regex": ("regex", "parse_regex"),
    "ruff-json": ("ruff", "parse_ruff"),
    "sarif": ("sarif", "parse_sarif"),
}
_OPTIONS: Mapping[str, tuple[frozenset[str], str]] = {
    "exit-code": (frozenset({"failing"}), "check_exit_code"),
    "regex": (frozenset({"pattern", "clean"}), "check_regex"),
    "sarif": (frozenset({"artifacts"}), "check_sarif"),
}
"""For each parser that has any, the options that it knows and the function that checks them."""


class _Parsers(Mapping[str, "Parse"]):
    """Each is imported when it is asked for."""

    def __getitem__(self, name: str) -> Parse:
        module, function = _BUILT_IN[name]
        parse: Parse = _member(module, function)
        return parse

    def __iter__(self) -> Iterator[str]:
        return iter(_BUILT_IN)

    def __len__(self) -> int:
        return len(_BUILT_IN)

    def __contains__(self, name: object) -> bool:
        return name in _BUILT_IN


PARSERS: Mapping[str, Parse] = _Parsers()
"""The built-in ones; no other package can take one of these names."""


def _member(module: str, name: str) -> Any:
    return getattr(import_module(f"{__name__}.{module}"), name)


def find_parser(name: str) -> Parse | None:
    """The parser of a name: a built-in one, else one that an installed package offers.

    Raises PolicyError where that package's parser cannot be loaded.
    """
    return PARSERS[name] if name in PARSERS else load_parser(name)


def check_options(name: str, options: Mapping[str, Any]) -> None:
    """Raises ValueError for options that a built-in parser does not know or cannot use."""
    if name not in PARSERS:
        return  # its own package knows
    known, function = _OPTIONS.get(name, (frozenset(), ""))
    if unknown := sorted(set(options) - known):
        raise ValueError(
            f"{unknown[0]}: {name} has no such option (known: {', '.join(sorted(known)) or 'none'})"
        )
    if function:
        check: Callable[[Mapping[str, Any]], None] = _member(_BUILT_IN[name][0], function)
        check(options)
