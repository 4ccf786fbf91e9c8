"""Runs pytest over mutants in the sandbox: one process for all trials, each trial in a fork of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_gate.domain.pattern import matches
from agent_gate.gating.context import GateContext
from agent_gate.gating.copies import Copy
from agent_gate.gating.mutation import inside
from agent_gate.gating.mutation.plan import Subject, Tests, Trial
from agent_gate.gating.mutation.report import Ending, Trace, read_endings, read_trace
from agent_gate.gating.pytest_run import configuration_file
from agent_gate.process import Completed

_SLACK_S = 20.0
"""For the interpreter's start and the end of the last trial, beyond the budget."""
_REPORT_BYTES = 64 * 1024 * 1024


class MutationError(Exception):
    """Nothing was found out; the message says why."""

    def __init__(self, reason: str, hint: str = "", output_sha256: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
        self.output_sha256 = output_sha256


@dataclass(frozen=True)
class Harness:
    """The tree under test, and what we bring along to run it."""

    context: GateContext
    tree: str

    async def trace(
        self, places: Sequence[tuple[str, int]], selected: Sequence[str], limit_s: float
    ) -> Trace:
        """Runs the tests once without mutants; `selected` are node ids, none of them means all tests."""
        settings = {"places": places, "selected": selected, "limit_s": limit_s}
        completed = await self._run("tracing", settings, limit_s)
        try:
            return await asyncio.to_thread(read_trace, completed.stdout)
        except ValueError as error:
            raise _unreadable("the tests without mutants", completed, error) from None

    async def trials(
        self, subject: Subject, trials: Sequence[Trial], limits: Mapping[Tests, float], budget_s: float
    ) -> dict[str, Ending]:
        """Runs the trials in their order for at most `budget_s` seconds; the endings, by the trial's id.

        `limits` are the seconds that each set of tests may take.
        """
        sets = list(dict.fromkeys(trial.tests for trial in trials))
        tests = list(dict.fromkeys(test for each in sets for test in each))
        settings = {
            "budget_s": budget_s,
            "own_files": subject.files,
            "own_tests": [subject.test.partition("::")[0]],
            "tests": tests,
            "sets": _numbers(sets, tests),
            "trials": [_plain(trial, sets.index(trial.tests), limits[trial.tests]) for trial in trials],
        }
        completed = await self._run("trial", settings, budget_s)
        try:
            return await asyncio.to_thread(read_endings, completed.stdout)
        except ValueError as error:
            raise _unreadable("the trials", completed, error) from None

    async def _run(self, mode: str, settings: Mapping[str, Any], limit_s: float) -> Completed:
        context = self.context
        pristine, copy = await context.copies.shared(self.tree), await context.copies.fresh(self.tree)
        scripts = await asyncio.to_thread(_write_scripts, context.copies.new_folder())
        environment = context.environment
        sources = [str(path) for path in (copy.folder, copy.folder / "src") if path.is_dir()]
        whole = {
            **settings,
            "mode": mode,
            "path": sources,
            "root": str(copy.folder),
            "pristine": str(pristine.folder),
            "plugins": [[p.name, p.value, p.installed] for p in environment.plugins],
            "test_files": [
                path for path in copy.entries if matches(path, context.definition.options["tests"])
            ],
            "arguments": list(self._arguments(copy, scripts)),
        }
        completed = await context.execute(
            [str(environment.python), "-I", "-B", str(scripts / "start.py")],
            cwd=copy.folder,
            timeout_s=limit_s + _SLACK_S,
            writable=(copy.folder,),
            read_only=(*environment.paths, pristine.folder, scripts),
            env={
                "PATH": f"{environment.python.parent}:/usr/local/bin:/usr/bin:/bin",
                "PYTHONPATH": ":".join(sources),
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            },
            stdin=json.dumps(whole).encode(),
            output_cap=_REPORT_BYTES,
        )
        if completed.timed_out or completed.truncated or completed.returncode:
            raise _unreadable("the run", completed)
        return completed

    def _arguments(self, copy: Copy, scripts: Path) -> Iterator[str]:
        definition = self.context.definition
        yield from definition.options["argv"]
        wanted: Mapping[str, Sequence[str]] = definition.options["plugin_argv"]
        for plugin in self.context.environment.plugins:
            yield from wanted.get(plugin.name, ())
        configuration = configuration_file(copy, definition)
        yield from ("-c", str(copy.folder / configuration if configuration else scripts / "pytest.ini"))
        yield from (f"--rootdir={copy.folder}", f"--confcutdir={copy.folder}")


def _write_scripts(folder: Path) -> Path:
    for source in Path(inside.__file__).parent.glob("*.py"):
        (folder / source.name).write_bytes(source.read_bytes())
    (folder / "pytest.ini").write_text("[pytest]\n")  # else pytest would look for one further up
    for path in folder.iterdir():
        path.chmod(0o644)
    return folder


def _numbers(sets: Sequence[Tests], tests: Sequence[str]) -> list[list[int]]:
    number = {test: place for place, test in enumerate(tests)}
    return [[number[test] for test in each] for each in sets]


def _plain(trial: Trial, tests: int, limit_s: float) -> dict[str, Any]:
    """A trial as the inside sees it: no word says what kind it is."""
    edit = trial.edit
    return {
        "id": trial.id,
        "path": trial.path,
        "encoding": trial.encoding,
        "edit": [edit.start, edit.end, edit.text.decode()],
        "set": tests,
        "stop": trial.stop,
        "chain": trial.chain,
        "limit_s": limit_s,
    }


def _unreadable(what: str, completed: Completed, error: ValueError | None = None) -> MutationError:
    if completed.timed_out:
        told = "did not end in time"
    elif error is not None:
        told = f"left no report that can be read: {str(error).splitlines()[0][:200]}"
    else:
        told = f"ended with exit code {completed.returncode}"
    return MutationError(f"{what} {told}", completed.tail(6), completed.output_sha256)
