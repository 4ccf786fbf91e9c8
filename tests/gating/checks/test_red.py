from __future__ import annotations

import pytest

from agent_gate.gating.checks.red import introduced_names, redness
from agent_gate.gating.pytest_stream import Failure

BEFORE = {"calc.py": b"class Order:\n    def total(self): ...\n\ndef add(a, b): ...\n\ndef run(): ...\n"}
AFTER = {
    "calc.py": b"class Order:\n    note: str = ''\n    def total(self, tax): ...\n    def run(self): ...\n\n"
    b"def add(a, b, c=0): ...\n\ndef run(): ...\n",
    "pkg/extra.py": b"LIMIT = 3\n",
}
NAMES = introduced_names(BEFORE, AFTER)


def failure(error: BaseException) -> Failure:
    names = [str(n) for n in (getattr(error, "name", None), getattr(error, "name_from", None)) if n]
    return Failure(
        kinds=tuple(k.__name__ for k in type(error).__mro__), message=str(error), names=tuple(names)
    )


def test_what_a_change_introduces() -> None:
    assert {"note", "tax", "c", "extra", "LIMIT"} <= NAMES.names
    assert "run" in NAMES.names  # Order.run is new, though a function of that name is not
    assert "total" not in NAMES.names
    assert {"total", "add"} <= NAMES.functions


@pytest.mark.parametrize(
    ("error", "red"),
    [
        (AssertionError("assert 1 == 2"), "assertion"),
        (NameError("name 'LIMIT' is not defined", name="LIMIT"), "NameError"),
        (NameError("name 'LIMTI' is not defined", name="LIMTI"), ""),
        (AttributeError("'Order' object has no attribute 'note'", name="note"), "AttributeError"),
        (AttributeError("'Order' object has no attribute 'nothing'", name="nothing"), ""),
        (ImportError("cannot import name 'LIMIT' from 'pkg.extra'"), "ImportError"),
        (ModuleNotFoundError("No module named 'pkg.extra'", name="pkg.extra"), "ModuleNotFoundError"),
        (ModuleNotFoundError("No module named 'requests'", name="requests"), ""),
        (TypeError("add() got an unexpected keyword argument 'c'"), "TypeError"),
        (TypeError("add() takes 2 positional arguments but 3 were given"), "TypeError"),
        (TypeError("Order.total() takes 1 positional argument but 2 were given"), "TypeError"),
        (TypeError("run() takes 0 positional arguments but 1 was given"), ""),
        (TypeError("unsupported operand type(s) for +: 'int' and 'str'"), ""),
        (SyntaxError("invalid syntax"), ""),
        (ZeroDivisionError("division by zero"), ""),
        (KeyError("note"), ""),
    ],
)
def test_only_what_the_change_brings_makes_red(error: BaseException, red: str) -> None:
    assert redness(failure(error), NAMES) == red


def test_no_failure_is_not_red() -> None:
    assert redness(None, NAMES) == ""
