"""A project that is quick to gate, a spec for it, and replies of each kind."""

from __future__ import annotations

from program import new_file, replace

FILES = {
    "till.py": (
        '"""A till."""\n\n\ndef total(prices: list[int]) -> int:\n    """The sum of all prices, in cents."""\n'
        "    return sum(prices)\n"
    ),
    "tests/test_till.py": (
        "from till import total\n\n\ndef test_total():\n    assert total([1, 2]) == 3\n\n\n"
        "def test_empty():\n    assert total([]) == 0\n"
    ),
    "pyproject.toml": '[tool.pytest.ini_options]\ntestpaths = ["tests"]\n',
    ".gitignore": "__pycache__/\n",
}

SPEC = """\
schema: agent-gate/spec/v1
id: discount
title: Give a discount on the total
goal: total() takes a discount in per cent, rounded down to whole cents.
paths:
  allow: ["till.py", "tests/**"]
context: ["till.py"]
acceptance:
  - id: ACC-1
    statement: ten per cent off 1,000 cents are 900 cents
    verified_by: ["pytest:tests/test_discount.py::test_discount"]
failure_modes:
  - id: FAIL-1
    cause: a discount above 100 per cent is given
    response: ValueError, and no total
    verified_by: ["pytest:tests/test_discount.py::test_impossible_discount"]
security:
  - id: SEC-1
    threat: the discount is evaluated as code
    response: nothing evaluates it
    verified_by: ["bandit:B307"]
not_applicable:
  load: a pure function
  latency: a pure function
"""

MANUAL_SPEC = (
    SPEC
    + """\
approach:
  - id: DEC-1
    statement: whole cents only, no floating point
    verified_by: ["manual: no division gives a float"]
"""
)

QUICK_FILES = {**FILES, "agent-gate.toml": '[gates]\nrequired = ["scope"]\nadvisory = []\n'}
"""The same with one gate that takes no time, for what a run that waits for a person is enough for."""

QUICK_SPEC = """\
schema: agent-gate/spec/v1
id: discount
title: Give a discount on the total
goal: total() takes a discount in per cent, rounded down to whole cents.
paths:
  allow: ["till.py", "tests/**"]
acceptance:
  - id: ACC-1
    statement: nothing but the till is touched
    verified_by: ["gate:scope"]
approach:
  - id: DEC-1
    statement: whole cents only, no floating point
    verified_by: ["manual: no division gives a float"]
not_applicable: {load: a pure function, latency: a pure function, failure_modes: none, security: none}
"""

_OLD = (
    'def total(prices: list[int]) -> int:\n    """The sum of all prices, in cents."""\n    return sum(prices)'
)
_TESTS = """\
import pytest

from till import total


def test_discount():
    assert total([400, 600], discount=10) == 900


def test_impossible_discount():
    with pytest.raises(ValueError):
        total([1], discount=101)
"""


def _change(body: str) -> str:
    new = (
        'def total(prices: list[int], discount: int = 0) -> int:\n    """The sum of all prices less the discount."""\n'
        + body
    )
    return replace("till.py", _OLD, new) + "\n" + new_file("tests/test_discount.py", _TESTS)


_REFUSES = "    if not 0 <= discount <= 100:\n        raise ValueError(discount)\n"
GOOD = "Here is the change.\n\n" + _change(_REFUSES + "    return sum(prices) * (100 - discount) // 100")
WRONG = _change(_REFUSES + "    return sum(prices) * (100 + discount) // 100")
INSECURE = _change(_REFUSES + '    return eval("sum(prices) * (100 - discount) // 100")')
BREAKING = _change(_REFUSES + "    return sum(prices) * (100 - discount) // 100 + 1")
OUTSIDE = new_file("setup.py", "print('hello')\n")
NOT_APPLICABLE = replace("till.py", "def summe(preise):\n    pass", "def summe(preise):\n    return 0")
_REST = _REFUSES + "    return sum(prices) * (100 - discount) // 100"
HOLLOW = _change(_REST).replace(
    "assert total([400, 600], discount=10) == 900", 'assert total([400, 600], discount=10) != "900"'
)
"""The change is right, and the test of its first clause would accept any number."""
WEAKENING = GOOD + replace("tests/test_till.py", "    assert total([1, 2]) == 3", "    assert total([1, 2])")
PROSE = "I would suggest to add a discount parameter."
