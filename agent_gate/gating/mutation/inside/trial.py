"""Tries mutants one after the other: each in a child of its own, with the tests that may notice it.

Python 3.9 or newer. Nothing here knows which of the trials change what the code does and which do not.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, ClassVar

_MOST_BYTES = 256 * 1024
_MOST_TOLD = 50
_SAID = 300


def run(
    settings: dict[str, Any],
    run_pytest: Callable[..., int],
    load: Callable[[str], Any],
    report: Callable[[Any], None],
) -> None:
    """Runs the trials in their order until the time is up; what is not reported was not run.

    Of the trials of one chain those after the first that a test notices are left out.
    """
    deadline = time.monotonic() + settings["budget_s"]
    folder = load("folder").Folder(settings["root"], settings["pristine"], settings["own_files"])
    in_child = load("child").in_child
    noticed: set[str] = set()
    for trial in settings["trials"]:
        left = deadline - time.monotonic()
        if left <= 0:
            return
        if trial["chain"] in noticed:
            continue
        folder.write(trial["path"], _edited(folder.content(trial["path"]), trial["encoding"], *trial["edit"]))
        recorder = Recorder(settings, trial)
        limit_s = min(trial["limit_s"], left)
        ended = in_child(recorder.work(run_pytest), limit_s, _MOST_BYTES)
        folder.restore()
        if ended["end"] == "late" and limit_s < trial["limit_s"]:
            return
        report({"trial": trial["id"], **ended})
        answer = ended["answer"]
        if trial["chain"] and answer and "test" in answer["failed"].values():
            noticed.add(trial["chain"])


def _edited(content: bytes, encoding: str, start: int, end: int, text: str) -> bytes:
    """Offsets are those of the text in UTF-8."""
    data = content.decode(encoding).encode()
    return (data[:start] + text.encode() + data[end:]).decode().encode(encoding, "backslashreplace")


class Recorder:
    """A pytest plugin that runs just these tests, and remembers how each ended."""

    HOOKS: ClassVar[dict[str, Any]] = {"pytest_collection_modifyitems": {"trylast": True}}

    def __init__(self, settings: dict[str, Any], trial: dict[str, Any]) -> None:
        tests = settings["sets"][trial["set"]]
        self.wanted = {settings["tests"][number]: place for place, number in enumerate(tests)}
        self.root = os.path.realpath(settings["root"])
        self.test_files = {*settings["test_files"], *settings["own_tests"]}
        self.stop = trial["stop"]
        self.broken = False
        self.passed: set[str] = set()
        self.failed: set[str] = set()
        self.raised: dict[str, str] = {}
        self.said = ""

    def work(self, run_pytest: Callable[..., int]) -> Callable[[], Any]:
        """What the child does."""

        def work() -> Any:
            files = sorted({test.partition("::")[0] for test in self.wanted})
            run_pytest(self, *(["--maxfail=1"] if self.stop else []), *files)
            return self.answer()

        return work

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Keeps the wanted tests, in the order in which they are wanted, after everybody else had a say."""
        kept = [item for item in items if item.nodeid in self.wanted]
        items[:] = sorted(kept, key=lambda item: self.wanted[item.nodeid])

    def pytest_collectreport(self, report: Any) -> None:
        """A file that cannot be imported: none of its tests runs."""
        if report.failed:
            self.broken = True
            self.said = self.said or str(report.longrepr)[-_SAID:]

    def pytest_exception_interact(self, node: Any, call: Any, report: Any) -> None:
        """Remembers who failed: the test, by a line of its own, or the code under test, by a crash."""
        if getattr(report, "when", ""):
            where = "test" if self._raised_in_test(call.excinfo.value.__traceback__) else "source"
            self.raised.setdefault(node.nodeid, where)
            self.said = self.said or f"{type(call.excinfo.value).__name__}: {call.excinfo.value}"[:_SAID]

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Remembers how a test ended."""
        if report.failed:
            self.failed.add(report.nodeid)
        elif report.when == "call" and report.passed:
            self.passed.add(report.nodeid)

    def _raised_in_test(self, traceback: Any) -> bool:
        """Whether the innermost frame in the project's own files is a test's."""
        own = ""
        while traceback is not None:
            path = os.path.relpath(os.path.realpath(traceback.tb_frame.f_code.co_filename), self.root)
            own = own if path.startswith("..") else path
            traceback = traceback.tb_next
        return own in self.test_files

    def answer(self) -> Any:
        """All that was seen, as plain data. What fails without an exception (strict xfail) fails by itself."""
        return {
            "passed": len(self.passed - self.failed),
            "missed": sorted(self.wanted.keys() - self.passed - self.failed)[:_MOST_TOLD],
            "failed": {test: self.raised.get(test, "test") for test in sorted(self.failed)[:_MOST_TOLD]},
            "broken": self.broken,
            "said": self.said,
        }
