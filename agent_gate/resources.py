"""Where things lie: the data that ships with the program, and the folder for what can be made again."""

from __future__ import annotations

import os
from pathlib import Path

from agent_gate.errors import SetupError

CACHE_VARIABLE = "AGENT_GATE_CACHE_DIR"
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


def cache_directory() -> Path:
    """$AGENT_GATE_CACHE_DIR, or the platform's cache folder."""
    if told := os.environ.get(CACHE_VARIABLE):
        return Path(told)
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("agent-gate", appauthor=False))
