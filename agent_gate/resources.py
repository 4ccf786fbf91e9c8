"""Finds the data that ships with the program, installed from a wheel or run from a checkout."""

from __future__ import annotations

from pathlib import Path

from agent_gate.errors import SetupError

_PACKAGE = Path(__file__).resolve().parent


def data_directory(name: str) -> Path:
    """The folder `gates` or `prompts`.

    The wheel carries them under `agent_gate/_data/`; an editable install does not see hatchling's
    force-include, so a checkout is looked at next.
    """
    for candidate in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if candidate.is_dir():
            return candidate
    raise SetupError(
        f"the folder {name!r} that belongs to agent-gate is missing beside {_PACKAGE}",
        hint="the installation is incomplete: install agent-gate again",
    )
