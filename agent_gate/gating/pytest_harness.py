"""The files around one run of pytest: what is brought along, and where the reports go."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent_gate.domain.value import Value
from agent_gate.gating import pytest_recorder, pytest_watch
from agent_gate.gating.coverage import probes
from agent_gate.gating.pytest_stream import FileCoverage

_CANARY = """\
import importlib.util
from pathlib import Path


def must_fail():
    assert sum([1, 1]) == 3


def must_raise():
    raise RuntimeError


def must_pass():
    spec = importlib.util.spec_from_file_location("measured", Path(__file__).with_name("measured.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.used(True) == 1
"""
_MEASURED = """\
def used(word):
    if word:
        return 1
    return 0


def unused():
    return 2
"""
_MEASURED_LINES = {1: True, 2: True, 3: True, 4: False, 7: True, 8: False}
_MEASURED_BRANCHES = {"is never true": True, "is never false": False}


class Measured(Value):
    """What coverage is to be measured of: lines by file, and the base's exclusions."""

    files: Mapping[str, tuple[int, ...]]
    exclude: tuple[str, ...] = ()
    """Regular expressions of lines that need no test, with all that stands below them."""
    partial: tuple[str, ...] = ()
    """The same of lines whose branches need none."""


@dataclass(frozen=True)
class Harness:
    """Made anew for each run. What lies beside the recorder is read-only inside."""

    recorder: Path
    canary: Path
    """Tests that must fail, and one that must pass, under a name that nobody can know before."""
    measured: Path
    """A module of which the canary runs one function and not the other: coverage has to say so."""
    empty: Path
    """pytest's configuration where the base has none; else it would look for one further up."""
    junit: Path
    word: str
    """Stands in each line that the recorder sends."""

    @classmethod
    def make(cls, folder: Path) -> Harness:
        """Writes the files below an empty folder."""
        ours, reports = folder / "harness", folder / "report"
        ours.mkdir(mode=0o755)
        reports.mkdir(mode=0o755)
        harness = cls(
            recorder=ours / "recorder.py",
            canary=ours / f"test_{secrets.token_hex(12)}.py",
            measured=ours / "measured.py",
            empty=ours / "pytest.ini",
            junit=reports / "junit.xml",
            word=secrets.token_hex(8),
        )
        contents = {
            harness.recorder: Path(pytest_recorder.__file__).read_bytes(),
            ours / "pytest_watch.py": Path(pytest_watch.__file__).read_bytes(),
            ours / "probes.py": Path(probes.__file__).read_bytes(),
            harness.canary: _CANARY.encode(),
            harness.measured: _MEASURED.encode(),
            harness.empty: b"[pytest]\n",
        }
        for path, content in contents.items():
            path.write_bytes(content)
            path.chmod(0o644)
        return harness

    def measurement(self, measured: Measured) -> Mapping[str, object]:
        """The recorder's settings for coverage, its own canary among the files."""
        lines = range(1, len(_MEASURED.splitlines()) + 1)
        return {
            "files": {
                **{path: list(lines) for path, lines in measured.files.items()},
                str(self.measured): list(lines),
            },
            "exclude": list(measured.exclude),
            "partial": list(measured.partial),
        }

    def believed(self, coverage: Mapping[str, FileCoverage] | None) -> Mapping[str, FileCoverage] | None:
        """What was measured, without the canary; None where not exactly what the canary runs was seen of it."""
        rest = dict(coverage or {})
        told = rest.pop(str(self.measured), None)
        if told is None:
            return None
        reached = set(told.reached)
        lines = {line: probe in reached for line, probe in told.lines}
        branches = {word: probe in reached for _, word, probe in told.branches}
        return rest if lines == _MEASURED_LINES and branches == _MEASURED_BRANCHES else None


def sources(folder: Path) -> Sequence[str]:
    """The folders of a copy that are put on the path: itself, and `src` where there is one."""
    return [str(path) for path in (folder, folder / "src") if path.is_dir()]
