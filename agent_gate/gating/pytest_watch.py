"""Notices what the code under test alters of pytest, of the code of tests, and of what both rest on.

Runs beside the recorder, in the environment's interpreter: standard library only, Python 3.9 or newer.
It remembers functions before the first line of the candidate is imported, and compares afterwards.

Code in the same process can undo each single measure here if it knows of it. What this makes sure of is
that the usual ways leave a trace, which was sent away before they could take it back.
"""

from __future__ import annotations

import builtins
import functools
import importlib
import inspect
import os
import sys
import types
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Optional

_PYTEST = ("_pytest", "pluggy", "pytest")
_OFTEN = (
    "_pytest.runner.", "_pytest.reports.TestReport.", "_pytest.python.Function.", "_pytest.python.pytest_pyfunc_call",
    "_pytest.unittest.TestCaseFunction.", "_pytest.skipping.", "pluggy._callers.", "pluggy._hooks.HookCaller.",
)  # fmt: skip
"""Compared after each test: they carry its outcome. About a tenth of a millisecond."""
_BESIDE = ("unittest.case", "json", "json.encoder", "importlib._bootstrap", "importlib._bootstrap_external")
_OF_OS = ("_exit", "write", "getpid", "kill")
_HASH_DIGITS = 16


class _Place(NamedTuple):
    """One name, and what stood there."""

    name: str
    names: Any
    """The namespace of its module or class, live."""
    attribute: str
    value: Any
    function: Optional[types.FunctionType]  # noqa: UP045 - Python 3.9
    state: tuple[Any, ...]

    def now(self) -> Any:
        """What stands there now; a replaced name gives its replacement, an intact one None."""
        value = self.names.get(self.attribute)
        if value is not self.value:
            return value if value is not None else "nothing"
        if self.function is not None and _state(self.function) != self.state:
            return self.function
        return None


class Watch:
    """Compares functions and classes with what they were when it was made."""

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root) + os.sep
        folders = {os.path.realpath(folder) for folder in sys.path if folder}
        self._installed = sorted((f for f in folders if not f"{f}{os.sep}".startswith(self.root)), key=len)
        self._places = list(_places())
        self._often = [place for place in self._places if place.name.startswith(_OFTEN)]
        self._finders = [type(finder) for finder in sys.meta_path]
        self._told: set[str] = set()
        self._codes: dict[str, list[types.CodeType]] = {}

    def outcome_makers(self) -> Iterator[tuple[str, str]]:
        """What was altered of the functions that carry a test's outcome: names, and where from."""
        yield from self._altered(self._often)
        for name, trace in (("sys.settrace", sys.gettrace()), ("sys.setprofile", sys.getprofile())):
            if trace is not None and self._inside(_where(trace)):
                yield from self._once(name, trace)

    def everything(self) -> Iterator[tuple[str, str]]:
        """The same of all that is watched, at the end of a run."""
        yield from self._altered(self._places)
        for finder in sys.meta_path:
            kind = finder if isinstance(finder, type) else type(finder)
            if kind not in self._finders and self._inside(_where(kind)):
                yield from self._once(f"sys.meta_path: {kind.__qualname__}", kind)

    def plugins(self, manager: Any) -> Iterator[tuple[str, str]]:
        """Plugins that come from the candidate's code and are no conftest.py."""
        for name, plugin in manager.list_name_plugin():
            where = _where(plugin if isinstance(plugin, types.ModuleType) else type(plugin))
            if plugin is not None and self._inside(where) and not where.endswith("/conftest.py"):
                yield from self._once(f"plugin: {name}", plugin)

    def remember(self, item: Any) -> str:
        """Keeps the code of a test; gives a digest of the part that stands in the test's own file."""
        found = self._codes[item.nodeid] = list(_codes(item))
        own = [code for code in found if code.co_filename == str(getattr(item, "path", ""))]
        return _digest(own) if own else ""

    def swapped(self, item: Any) -> Iterator[tuple[str, str]]:
        """Whether a test is no longer the code that was collected."""
        before, now = self._codes.get(item.nodeid, []), list(_codes(item))
        if len(before) != len(now) or any(a is not b for a, b in zip(before, now)):  # noqa: B905 - Python 3.9
            yield from self._once(f"the code of {item.nodeid}", getattr(item, "function", None))
        for name in ("runtest", "setup", "ihook"):
            if name in vars(item):
                yield from self._once(f"{name} of {item.nodeid}", vars(item)[name])

    def _altered(self, places: Iterable[_Place]) -> Iterator[tuple[str, str]]:
        for place in places:
            now = place.now()
            if now is not None:
                yield from self._once(place.name, now)

    def _once(self, name: str, new: Any) -> Iterator[tuple[str, str]]:
        if name not in self._told:
            self._told.add(name)
            yield name, self._relative(_where(new))

    def _inside(self, where: str) -> bool:
        return os.path.realpath(where).startswith(self.root)

    def _relative(self, where: str) -> str:
        """Within the copy, or after a slash within a folder of modules: wherever these lie on the machine."""
        path = os.path.realpath(where)
        if self._inside(path):
            return path[len(self.root) :]
        holding = [folder for folder in self._installed if path.startswith(folder + os.sep)]
        return path[len(holding[-1]) :] if holding else where


def import_all_of_pytest() -> None:
    """Imports what pytest would import later, so that there is something to compare with."""
    for name in importlib.import_module("_pytest.config").default_plugins:
        importlib.import_module(f"_pytest.{name}")


def _places() -> Iterator[_Place]:
    for name, module in sorted(sys.modules.items()):
        if name.partition(".")[0] in _PYTEST or name in _BESIDE:
            yield from _of_module(name, module)
    for name, value in list(vars(builtins).items()):
        if callable(value):
            yield _Place(f"builtins.{name}", vars(builtins), name, value, None, ())
    for name in _OF_OS:
        yield _Place(f"os.{name}", vars(os), name, getattr(os, name), None, ())


def _of_module(name: str, module: Any) -> Iterator[_Place]:
    for attribute, value in list(vars(module).items()):
        function = _function(value)
        if function is not None or isinstance(value, (type, types.BuiltinFunctionType)):
            yield _place(f"{name}.{attribute}", vars(module), attribute, value, function)
        if isinstance(value, type) and value.__module__ == name:
            for inner, member in list(vars(value).items()):
                function = _function(member)
                if function is not None:
                    yield _place(f"{name}.{attribute}.{inner}", vars(value), inner, member, function)


def _place(
    name: str,
    names: Any,
    attribute: str,
    value: Any,
    function: Optional[types.FunctionType],  # noqa: UP045 - Python 3.9
) -> _Place:
    return _Place(name, names, attribute, value, function, _state(function) if function else ())


def _function(value: Any) -> Optional[types.FunctionType]:  # noqa: UP045 - Python 3.9
    if isinstance(value, (staticmethod, classmethod)):
        value = value.__func__
    elif isinstance(value, property):
        value = value.fget
    elif isinstance(value, functools.cached_property):
        value = value.func
    return value if isinstance(value, types.FunctionType) else None


def _state(function: Any) -> tuple[Any, ...]:
    """By identity: equal code from elsewhere would not be the same."""
    return id(function.__code__), id(function.__defaults__), id(function.__kwdefaults__)


def _where(value: Any) -> str:
    """The file that a replacement comes from; else what it is."""
    if isinstance(value, (staticmethod, classmethod)):
        value = value.__func__
    if isinstance(value, types.MethodType):
        value = value.__func__
    code = getattr(value, "__code__", None)
    if isinstance(code, types.CodeType):
        return code.co_filename
    if isinstance(value, types.ModuleType):
        return str(getattr(value, "__file__", ""))
    kind = value if isinstance(value, type) else type(value)
    module = sys.modules.get(kind.__module__)
    return str(getattr(module, "__file__", None) or kind.__module__)


def _codes(item: Any) -> Iterator[types.CodeType]:
    """The code of a test's function and of all that its decorators wrap."""
    function = getattr(item, "function", None)
    seen: set[int] = set()
    while function is not None and id(function) not in seen:
        seen.add(id(function))
        code = getattr(function, "__code__", None)
        if isinstance(code, types.CodeType):
            yield code
        function = inspect.getattr_static(function, "__wrapped__", None)


def _digest(codes: Iterable[types.CodeType]) -> str:
    import hashlib

    digest = hashlib.sha256()
    for code in codes:
        digest.update(repr(_plain(code)).encode("utf-8", "replace"))
    return digest.hexdigest()[:_HASH_DIGITS]


def _plain(value: Any) -> Any:
    """A code object's content without what differs from run to run; marshal tells of reference counts."""
    if isinstance(value, types.CodeType):
        consts = [_plain(const) for const in value.co_consts]
        return (value.co_name, value.co_firstlineno, value.co_code, value.co_names, value.co_varnames, consts)
    if isinstance(value, frozenset):
        return sorted(map(repr, value))
    return repr(value)
