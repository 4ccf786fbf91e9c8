"""Finds out which tests run which lines of the changed files. Python 3.9 or newer, no coverage.py needed."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

_MOST_BYTES = 32 * 1024 * 1024
_TOOL_IDS = (4, 3, 5, 2, 1, 0)
_IN_FUNCTION = 0x1  # inspect.CO_OPTIMIZED: not set for the code of a module and of a class


def run(
    settings: dict[str, Any],
    run_pytest: Callable[..., int],
    load: Callable[[str], Any],
    report: Callable[[Any], None],
) -> None:
    """Runs the tests once, and reports each with the places that it runs."""

    def work() -> Any:
        lines = Lines(settings["root"], settings["places"])
        tracer = Tracer(lines)
        lines.watch()
        code = run_pytest(tracer, *settings["selected"])
        return tracer.answer(code)

    report(load("child").in_child(work, settings["limit_s"], _MOST_BYTES))


class Lines:
    """Notes which of the wanted places are run, by their numbers, in each set that is listening."""

    def __init__(self, root: str, places: list[tuple[str, int]]) -> None:
        self.root = os.path.realpath(root)
        self.imported: set[int] = set()
        self.listening: list[set[int]] = []
        self._wanted: dict[str, dict[int, int]] = {}
        for number, (path, line) in enumerate(places):
            self._wanted.setdefault(path, {})[line] = number
        self._files: dict[str, dict[int, int]] = {}

    def watch(self) -> None:
        """From now on; by sys.monitoring where there is one, which costs less (PEP 669)."""
        if not self._monitor():
            threading.settrace(self._call)
            sys.settrace(self._call)

    def listen_anew(self) -> None:
        """To be called when another set begins to listen: what was told once is told again."""
        monitoring: Any = getattr(sys, "monitoring", None)
        if monitoring is not None:
            monitoring.restart_events()

    def _of(self, filename: str) -> dict[int, int]:
        found = self._files.get(filename)
        if found is None:
            path = os.path.relpath(os.path.realpath(filename), self.root)
            found = self._files[filename] = self._wanted.get(path, {})
        return found

    def _note(self, flags: int, number: int) -> None:
        if not self.listening or not flags & _IN_FUNCTION:
            self.imported.add(number)
        for each in self.listening:
            each.add(number)

    def _call(self, frame: Any, _event: str, _argument: Any) -> Any:
        return self._line if self._of(frame.f_code.co_filename) else None

    def _line(self, frame: Any, event: str, _argument: Any) -> Any:
        if event == "line":
            code = frame.f_code
            number = self._of(code.co_filename).get(frame.f_lineno)
            if number is not None:
                self._note(code.co_flags, number)
        return self._line

    def _monitor(self) -> bool:
        monitoring: Any = getattr(sys, "monitoring", None)
        free = [n for n in _TOOL_IDS if monitoring is not None and monitoring.get_tool(n) is None]
        if not free:
            return False
        tool, events = free[0], monitoring.events

        def begins(code: Any, _offset: int) -> Any:
            if self._of(code.co_filename):
                monitoring.set_local_events(tool, code, events.LINE)
            return monitoring.DISABLE

        def line_is_run(code: Any, line: int) -> Any:
            number = self._of(code.co_filename).get(line)
            if number is not None:
                self._note(code.co_flags, number)
            return monitoring.DISABLE

        monitoring.use_tool_id(tool, "agent-gate")
        monitoring.register_callback(tool, events.PY_START, begins)
        monitoring.register_callback(tool, events.LINE, line_is_run)
        monitoring.set_events(tool, events.PY_START)
        return True


class Tracer:
    """A pytest plugin that knows what each test runs, its fixtures' set-up counted in.

    A fixture that several tests share is set up for the first of them alone; the lines of its set-up
    belong to all of them.
    """

    HOOKS: ClassVar[dict[str, Any]] = {
        "pytest_runtest_protocol": {"hookwrapper": True},
        "pytest_fixture_setup": {"hookwrapper": True},
    }

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.shared: dict[Any, set[int]] = {}
        self.tests: dict[str, set[int]] = {}
        self.ms: dict[str, float] = {}
        self.passed: set[str] = set()
        self.failed: set[str] = set()

    def pytest_runtest_protocol(self, item: Any) -> Iterator[None]:
        """Listens from a test's set-up to its end."""
        own: set[int] = set()
        self.lines.listening.append(own)
        self.lines.listen_anew()
        yield
        self.lines.listening.pop()
        for definitions in getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {}).values():
            for definition in definitions:
                own |= self.shared.get(definition, set())
        self.tests[item.nodeid] = own

    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        """Listens to the set-up of a fixture that more than one test may use."""
        own = self.shared.setdefault(fixturedef, set()) if fixturedef.scope != "function" else set()
        self.lines.listening.append(own)
        self.lines.listen_anew()
        yield
        self.lines.listening.pop()

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Remembers how a test ended, and how long it took."""
        self.ms[report.nodeid] = self.ms.get(report.nodeid, 0.0) + report.duration * 1000
        if report.failed:
            self.failed.add(report.nodeid)
        elif report.when == "call" and report.passed:
            self.passed.add(report.nodeid)

    def answer(self, code: int) -> Any:
        """All that was seen, as plain data."""
        good = self.passed - self.failed
        return {
            "exit_code": code,
            "imported": sorted(self.lines.imported),
            "tests": [
                {"id": test, "ms": int(self.ms.get(test, 0)), "passed": test in good, "places": sorted(own)}
                for test, own in self.tests.items()
            ],
        }
