"""Runs pytest and records what JUnit leaves out. Started as a script in the environment's interpreter.

Standard library only, Python 3.9 or newer, pytest 7 or newer. Isolated (`python -I`), so that neither
`sitecustomize.py` nor a variable of the candidate runs first: pytest and the environment's plugins are
imported before the candidate's folders are put on the path. Two tests that must fail run last; where
they pass, the code under test has tampered with pytest.

Settings come as JSON on standard input: `path`, `arguments`, `plugins`, `canary`, `record`.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from types import ModuleType
from typing import Any

_MESSAGE = 2000


def main() -> int:
    """Runs pytest once; the exit code is pytest's own."""
    settings = json.loads(sys.stdin.read())
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    sys.dont_write_bytecode = True
    pytest = importlib.import_module("pytest")
    plugins = {name: _load(value) for name, value, installed in settings["plugins"] if installed}
    sys.path[:0] = settings["path"]
    plugins.update({name: _load(value) for name, value, installed in settings["plugins"] if not installed})
    pytest.hookimpl(trylast=True)(Recorder.pytest_collection_modifyitems)
    sys.argv = ["pytest", *settings["arguments"]]
    recorder = Recorder(plugins, settings["canary"])
    code = int(pytest.main(settings["arguments"], plugins=[recorder]))
    recorder.write(settings["record"], code)
    return code


def _load(value: str) -> Any:
    module, _, attribute = value.partition(":")
    found: Any = importlib.import_module(module)
    for part in attribute.split(".") if attribute else ():
        found = getattr(found, part)
    return found


class Recorder:
    """A pytest plugin: names each test in the JUnit file, and remembers why something failed."""

    def __init__(self, plugins: dict[str, Any], canary: str) -> None:
        self.plugins = plugins
        self.canary = canary
        self.collected: dict[str, int] = {}
        self.canaries: list[str] = []
        self.files: dict[str, str] = {}
        self.failures: dict[str, dict[str, Any]] = {}

    def pytest_addoption(self, pluginmanager: Any) -> None:
        """Registers the environment's plugins by the names that they are known under."""
        for name, plugin in self.plugins.items():
            if not pluginmanager.has_plugin(name):
                pluginmanager.register(plugin, name)

    def pytest_collection_modifyitems(self, session: Any, items: list[Any]) -> None:
        """Appends the two tests that must fail, after everybody else had a say."""
        python = importlib.import_module("_pytest.python")
        pathlib = importlib.import_module("pathlib")
        module = python.Module.from_parent(session, path=pathlib.Path(self.canary))
        canaries = list(module.collect())
        self.canaries = [item.nodeid for item in canaries]
        items.extend(canaries)
        self.collected = {item.nodeid: (item.location[1] or 0) + 1 for item in items}

    def pytest_runtest_protocol(self, item: Any) -> None:
        """Writes the node id into the test's properties; JUnit's own names are ambiguous."""
        item.user_properties.append(("nodeid", item.nodeid))

    def pytest_collectreport(self, report: Any) -> None:
        """Remembers the files that could not be imported, or that skip themselves."""
        if report.outcome != "passed":
            self.files[report.nodeid] = report.outcome

    def pytest_exception_interact(self, node: Any, call: Any) -> None:
        """Remembers the first exception of each test and of each file that fails at collection."""
        error = call.excinfo.value
        if type(error).__name__ == "CollectError" and error.__cause__ is not None:
            error = error.__cause__
        self.failures.setdefault(
            node.nodeid,
            {
                "kinds": [kind.__name__ for kind in type(error).__mro__],
                "message": str(error)[:_MESSAGE],
                "names": [
                    str(n) for n in (getattr(error, "name", None), getattr(error, "name_from", None)) if n
                ],
            },
        )

    def write(self, path: str, code: int) -> None:
        """Writes what was recorded, with the file of each module that was imported."""
        modules = {
            name: str(module.__file__)
            for name, module in list(sys.modules.items())
            if isinstance(module, ModuleType) and getattr(module, "__file__", None)
        }
        record = {
            "exit_code": code,
            "collected": self.collected,
            "canaries": self.canaries,
            "files": self.files,
            "failures": self.failures,
            "modules": modules,
        }
        with open(path, "w", encoding="utf-8", errors="replace") as stream:  # noqa: PTH123 - Python 3.9
            json.dump(record, stream)


if __name__ == "__main__":
    sys.exit(main())
