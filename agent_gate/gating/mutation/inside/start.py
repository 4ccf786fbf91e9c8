"""Tries mutants, or finds out which tests run which lines. Started as a script in the environment's interpreter.

Standard library only, Python 3.9 or newer, pytest 7 or newer. Isolated (`python -I`): pytest and the
environment's plugins are imported before the candidate's folders are put on the path. The candidate's code
runs in forked processes only, so that each trial begins as the one before it did.

Settings come as JSON on standard input, reports leave as lines of JSON on standard output.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
from typing import Any

Settings = dict[str, Any]


def main() -> int:
    """Does what the settings ask for."""
    settings = json.loads(sys.stdin.read())
    reports = os.fdopen(os.dup(1), "w", encoding="utf-8")
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1):
        os.dup2(null, standard)
    os.close(null)
    sys.dont_write_bytecode = True

    def report(line: Any) -> None:
        reports.write(json.dumps(line) + "\n")
        reports.flush()

    session = Session(settings)
    _sibling(settings["mode"]).run(settings, session.run, _sibling, report)
    return 0


class Session:
    """pytest with the environment's plugins, loaded once and run once in each child."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.pytest = importlib.import_module("pytest")
        self.plugins = {name: _load(value) for name, value, own in settings["plugins"] if own}

    def run(self, recorder: Any, *arguments: str) -> int:
        """Runs pytest in this process, which must be a child's."""
        settings = self.settings
        sys.path[:0] = settings["path"]
        self.plugins.update({n: _load(value) for n, value, own in settings["plugins"] if not own})
        for hook, options in recorder.HOOKS.items():
            self.pytest.hookimpl(**options)(getattr(type(recorder), hook))
        words = [*settings["arguments"], *arguments]
        sys.argv = ["pytest", *words]
        return int(self.pytest.main(words, plugins=[_Plugins(self.plugins), recorder]))


class _Plugins:
    """A pytest plugin that registers the environment's plugins by the names that they are known under."""

    def __init__(self, plugins: dict[str, Any]) -> None:
        self.plugins = plugins

    def pytest_addoption(self, pluginmanager: Any) -> None:
        for name, plugin in self.plugins.items():
            if not pluginmanager.has_plugin(name):
                pluginmanager.register(plugin, name)


def _load(value: str) -> Any:
    module, _, attribute = value.partition(":")
    found: Any = importlib.import_module(module)
    for part in attribute.split(".") if attribute else ():
        found = getattr(found, part)
    return found


def _sibling(name: str) -> Any:
    """A module beside this one; the folder itself never gets onto the path."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{name}.py")  # noqa: PTH100, PTH118, PTH120 - Python 3.9
    spec = importlib.util.spec_from_file_location(f"agent_gate_{name}", path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    sys.exit(main())
