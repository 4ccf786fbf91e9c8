"""Runs pytest and tells what happens, as it happens. Started as a script in the environment's interpreter.

Standard library only, Python 3.9 or newer, pytest 7 or newer. Isolated (`python -I`), so that neither
`sitecustomize.py` nor a variable of the candidate runs first: pytest and the environment's plugins are
imported before the candidate's folders are put on the path.

What happens goes down a pipe, one line each, with a number and a word that only this run has. What was
sent cannot be taken back, whatever the code under test does later: it may patch pytest, rewrite the JUnit
file, or end the process, and the two accounts no longer agree. Tests that must fail, and some that must
pass, stand at the beginning, in the middle and at the end, under names of the project's own tests.

The code under test shares this process. Code that is written against these very lines can still forge
what they say: no measure inside one process can help against that, only rules about the source, mutation,
and a person who reads the change.

Settings come as JSON on standard input: `word`, `root`, `path`, `arguments`, `plugins`, `canary`,
`markers` (registered beside those of the configuration), `shard` (the files of the tests to run,
the files and functions that are run elsewhere, and whether it takes what nobody has), and `measured` where coverage is wanted.
"""

from __future__ import annotations

import fcntl
import importlib
import importlib.util
import json
import os
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

_MESSAGE = 2000
_DESCRIPTOR = 100
"""The pipe is kept above this number, out of the way of code that closes the low ones."""
Send = Callable[..., None]


def main() -> int:
    """Runs pytest once; the exit code is pytest's own."""
    settings = json.loads(sys.stdin.read())
    send = _channel(settings.pop("word"))
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    sys.dont_write_bytecode = True
    pytest = importlib.import_module("pytest")
    watching = _sibling("pytest_watch")
    watching.import_all_of_pytest()
    plugins = {name: _load(value) for name, value, installed in settings["plugins"] if installed}
    measurement = _measurement(settings.pop("measured", None), send)
    watch = watching.Watch(settings["root"])
    sys.path[:0] = settings["path"]
    plugins.update({name: _load(value) for name, value, installed in settings["plugins"] if not installed})
    last: list[Any] = [Recorder.pytest_collection_modifyitems, Recorder.pytest_unconfigure]
    first: list[Any] = [Recorder.pytest_runtest_makereport, Recorder.pytest_runtest_protocol]
    pytest.hookimpl(hookwrapper=True, tryfirst=True)(Recorder.pytest_load_initial_conftests)
    for hook in last:
        pytest.hookimpl(trylast=True)(hook)
    for hook in first:
        pytest.hookimpl(tryfirst=True)(hook)
    arguments = settings.pop("arguments")
    sys.argv = ["pytest", *arguments]
    own = [settings.pop(name) for name in ("canary", "markers", "shard")]
    recorder = Recorder(send, watch, plugins, *own)
    code = int(pytest.main(arguments, plugins=[recorder]))
    if measurement is not None:
        send("reached", files=measurement.reached)
    send("end", exit_code=code, modules=_modules())
    return code


def _channel(word: str) -> Send:
    """A way to tell one event, on what was standard output; from now on that is standard error.

    A forked child that carries on is not heard.
    """
    descriptor = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, _DESCRIPTOR)
    os.dup2(2, 1)
    write, dumps, getpid, pid = os.write, json.dumps, os.getpid, os.getpid()
    count = 0

    def send(event: str, **values: Any) -> None:
        nonlocal count
        if getpid() != pid:
            return
        text = dumps([word, count, event, values], ensure_ascii=False)
        count += 1
        line = text.encode("utf-8", "replace") + b"\n"
        while line:
            line = line[write(descriptor, line) :]

    return send


def _sibling(name: str) -> Any:
    """A module that lies beside this file, which isolated Python does not look for."""
    path = Path(__file__).resolve().with_name(f"{name}.py")
    spec: Any = importlib.util.spec_from_file_location(f"agent_gate_{name}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _load(value: str) -> Any:
    module, _, attribute = value.partition(":")
    found: Any = importlib.import_module(module)
    for part in attribute.split(".") if attribute else ():
        found = getattr(found, part)
    return found


def _measurement(settings: Any, send: Send) -> Any:
    if settings is None:
        return None
    measurement = _sibling("probes").Measurement(settings)
    measurement.install()
    send("plan", files=measurement.plan)
    return measurement


def _modules() -> dict[str, str]:
    """The file of each module that was imported."""
    return {
        name: str(module.__file__)
        for name, module in list(sys.modules.items())
        if isinstance(module, ModuleType) and getattr(module, "__file__", None)
    }


class Recorder:
    """A pytest plugin: names each test in the JUnit file, and tells what becomes of it."""

    def __init__(
        self,
        send: Send,
        watch: Any,
        plugins: dict[str, Any],
        canary: str,
        markers: list[str],
        shard: dict[str, Any],
    ) -> None:
        self.send = send
        self.watch = watch
        self.plugins = plugins
        self.canary = canary
        self.markers = markers
        self.others = frozenset(shard["others"])
        self.shard = shard
        self.raised = ""
        self.numbers: dict[str, int] = {}
        self.told: tuple[Any, ...] = ()

    def pytest_addoption(self, pluginmanager: Any) -> None:
        """Registers the environment's plugins by the names that they are known under."""
        for name, plugin in self.plugins.items():
            if not pluginmanager.has_plugin(name):
                pluginmanager.register(plugin, name)

    def pytest_load_initial_conftests(self) -> Iterator[None]:
        """Tells of a conftest.py that cannot be imported."""
        outcome: Any = yield
        error: Any = outcome.excinfo[1] if outcome.excinfo else None
        if type(error).__name__ == "ConftestImportFailure":
            cause = getattr(error, "cause", None) or error.excinfo[1]  # before pytest 8.1
            self.send("conftest", path=str(error.path), **_about(cause))

    def pytest_configure(self, config: Any) -> None:
        """Registers the marks of the change's own tests."""
        for line in self.markers:
            config.addinivalue_line("markers", line)

    def pytest_ignore_collect(self, collection_path: Path, config: Any) -> bool | None:
        """Leaves out the files of other shards; whatever else there is, is collected as ever."""
        return True if _relative(collection_path, config.rootpath) in self.others else None

    def pytest_collection_modifyitems(self, session: Any, items: list[Any]) -> None:
        """Puts in the tests that must fail, after everybody else had a say."""
        items[:] = [item for item in items if belongs(item.nodeid, **self.shard)]
        bad, good = _put_in(session, items, self.canary)
        tests = [[i.nodeid, (i.location[1] or 0) + 1, self.watch.remember(i)] for i in items]
        self.numbers = {item.nodeid: number for number, item in enumerate(items)}
        self.send("collected", tests=tests, must_fail=bad, must_pass=good)

    def pytest_runtest_protocol(self, item: Any) -> None:
        """Writes the node id into the test's properties; JUnit's own names are ambiguous."""
        item.user_properties.append(("nodeid", item.nodeid))
        self._altered(self.watch.swapped(item))

    def pytest_runtest_makereport(self, item: Any, call: Any) -> None:
        """Sees what a phase raised, before anybody else makes a report of it."""
        self.raised = type(call.excinfo.value).__name__ if call.excinfo is not None else ""
        if call.when == "teardown":  # what a test replaced for itself alone is back in its place
            self._altered(self.watch.swapped(item))
            self._altered(self.watch.outcome_makers())

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Tells the outcome of one phase, and what it raised; a set-up without a word went well.

        A test of many subtests reports each: what would only be said again is not.
        """
        told = (self.numbers[report.nodeid], report.when, report.outcome, self.raised)
        if told[1:] != ("setup", "passed", "") and told != self.told:
            self.send("phase", test=told[0], when=told[1], outcome=told[2], raised=told[3])
        self.told, self.raised = told, ""

    def pytest_collectreport(self, report: Any) -> None:
        """Tells of files that could not be imported, or that skip themselves."""
        if report.outcome != "passed":
            self.send("file", file=report.nodeid, outcome=report.outcome)

    def pytest_exception_interact(self, node: Any, call: Any) -> None:
        """Tells each exception by which a test failed, or a file at collection."""
        error = call.excinfo.value
        if type(error).__name__ == "CollectError" and error.__cause__ is not None:
            error = error.__cause__
        self.send("failure", node=node.nodeid, **_about(error))

    def pytest_unconfigure(self, config: Any) -> None:
        """Tells what was altered in the course of the run and still is."""
        self._altered(self.watch.everything())
        self._altered(self.watch.plugins(config.pluginmanager))

    def _altered(self, found: Iterator[tuple[str, str]]) -> None:
        for name, where in found:
            self.send("altered", name=name, where=where)


def _about(error: BaseException) -> dict[str, Any]:
    names = [str(n) for n in (getattr(error, "name", None), getattr(error, "name_from", None)) if n]
    kinds = [kind.__name__ for kind in type(error).__mro__]
    return {"kinds": kinds, "message": str(error)[:_MESSAGE], "names": names}


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if root in path.parents else ""


def belongs(test: str, files: list[str], others: list[str], elsewhere: list[str], *, is_last: bool) -> bool:
    """Whether a shard runs the test."""
    file = test.partition("::")[0]
    return file not in others and test.partition("[")[0] not in elsewhere and (is_last or file in files)


def _put_in(session: Any, items: list[Any], canary: str) -> tuple[list[str], list[str]]:
    """Puts a pair of canaries at each place; gives the ids of those that must fail and must pass."""
    python: Any = importlib.import_module("_pytest.python")
    path = Path(canary)
    before = list(sys.path)
    functions = python.Module.from_parent(session, path=path).obj
    sys.path[:] = before  # pytest puts the canaries' folder there
    named, chance = [i for i in items if isinstance(i, python.Function)], random.SystemRandom()
    bad, good = [], []
    for place, fails in zip(reversed(_places(items)), ("must_fail", "must_raise", "must_fail")):  # noqa: B905
        like = chance.choice(named) if named else None
        beside = _beside(like, chance)
        module = python.Module.from_parent(session, path=session.config.rootpath / beside, nodeid=beside)
        module.obj = functions
        name = like.name if like else "test_value"
        pair = [
            python.Function.from_parent(module, name=name, callobj=getattr(functions, fails)),
            python.Function.from_parent(module, name=f"{name}_too", callobj=functions.must_pass),
        ]
        items[place:place] = pair
        bad.append(pair[0].nodeid)
        good.append(pair[1].nodeid)
    return bad, good


def _places(items: list[Any]) -> list[int]:
    """The beginning, the end, and between two files in the middle: fixtures of one file stay undisturbed."""
    between = [n for n in range(1, len(items)) if items[n].path != items[n - 1].path]
    middle = sorted(between, key=lambda n: abs(n - len(items) // 2))[:1]
    return [0, *middle, len(items)]


def _beside(like: Any, chance: Any) -> str:
    """The id of a file that could lie beside the one that holds a test; the same conftest.py sees it."""
    file = like.nodeid.partition("::")[0] if like else "test_values.py"
    stem, _, ending = file.rpartition(".")
    return f"{stem or file}_{chance.getrandbits(64):x}.{ending or 'py'}"


if __name__ == "__main__":
    sys.exit(main())
