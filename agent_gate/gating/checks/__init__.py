"""Gates that are logic, not a tool, by the name that a definition's `check` uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from agent_gate.gating.checks.check import Check

_NAMES = ("coverage", "dependencies", "hooks", "integrity", "mutation", "scope", "secrets", "tests")


class _Checks(Mapping[str, Check]):
    """Each check is the value of its own name, in capitals, in the module of its name.

    It is imported when it is asked for: what a change does not need costs no start-up time.
    """

    def __getitem__(self, name: str) -> Check:
        if name not in _NAMES:
            raise KeyError(name)
        module: Any = import_module(f"{__name__}.{name}")
        check: Check = getattr(module, name.upper())
        return check

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)

    def __contains__(self, name: object) -> bool:
        return name in _NAMES


CHECKS: Mapping[str, Check] = _Checks()
