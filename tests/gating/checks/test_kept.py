"""Tests that only moved, and tests that claim nothing: what the tests gate knows of them without a run."""

from __future__ import annotations

import tomllib

import pytest

from agent_gate.domain.gate import GateDefinition
from agent_gate.gating.checks.claims import hollow_tests
from agent_gate.gating.checks.kept import kept_tests
from agent_gate.gating.diff import FileDiff
from agent_gate.resources import data_directory

DEFINITION = GateDefinition.model_validate(
    tomllib.loads((data_directory("gates") / "tests.toml").read_text())
)
OLD, NEW = "tests/test_sums.py", "tests/sums/test_add.py"
HEAD = "import pytest\nfrom calc import add\n\nLIMIT = 9\n\n\n"
TEST = "def test_add():\n    assert add(4, 5) == LIMIT\n    assert add(1, 2) == 3\n"
ROWS = "[(4, 5, 9), (1, 2, 3)]"
TABLE = f'@pytest.mark.parametrize("a,b,c", {ROWS})\ndef test_add(a, b, c):\n    assert add(a, b) == c\n'


def diff(path: str, before: str | None, after: str | None) -> FileDiff:
    return FileDiff(
        path=path,
        old_path="" if before is None else path,
        before=None if before is None else before.encode(),
        after=None if after is None else after.encode(),
        before_mode="" if before is None else "100644",
        after_mode="" if after is None else "100644",
    )


def moved(after: str, path: str = NEW, before: str = HEAD + TEST) -> dict[str, str]:
    if path == OLD:
        return kept_tests(DEFINITION, [diff(OLD, before, after)])
    return kept_tests(DEFINITION, [diff(OLD, before, None), diff(path, None, after)])


def test_a_test_in_another_file_is_the_same_test() -> None:
    assert moved(HEAD + TEST) == {f"{OLD}::test_add": f"{NEW}::test_add"}
    assert moved(HEAD + TEST.replace("test_add", "test_sum")) == {f"{OLD}::test_add": f"{NEW}::test_sum"}
    held = f"class TestSums:\n    {TEST.replace(chr(10) + ' ', chr(10) + '     ')}"
    assert moved(HEAD + held, before=HEAD + held) == {
        f"{OLD}::TestSums::test_add": f"{NEW}::TestSums::test_add"
    }


@pytest.mark.parametrize(
    "after",
    [
        HEAD.replace("from calc import add", "from sums import add") + TEST,
        HEAD.replace("from calc import add", "def add(a, b):\n    return a + b") + TEST,
        HEAD.replace("LIMIT = 9", "LIMIT = add(4, 5)") + TEST,
        HEAD + TEST.replace("    assert add(1, 2) == 3\n", ""),
        HEAD + TEST.replace("== 3", "!= 4"),
        HEAD + "@pytest.mark.skipif(True)\n" + TEST,
        HEAD + TEST.replace("test_add", "check_add"),
        HEAD + TEST.replace("    assert", "    return\n    assert", 1),
        HEAD + TEST + "\n\ndef add(a, b):\n    return a + b\n",
        HEAD + "pytestmark = pytest.mark.skipif(False)\n" + TEST,
        HEAD
        + "@pytest.fixture(autouse=True)\ndef _steady(monkeypatch):\n    monkeypatch.setattr(calc, 'x', 1)\n"
        + TEST,
        HEAD + "def setup_module():\n    calc.x = 1\n\n\n" + TEST,
    ],
)
def test_what_means_something_else_is_another_test(after: str) -> None:
    assert moved(after) == {}


def test_a_helper_belongs_to_the_test() -> None:
    helper = "def check(a, b, c):\n    assert add(a, b) == c\n\n\n"
    before = HEAD + helper + "def test_add():\n    check(4, 5, 9)\n"
    assert moved(before, before=before) == {f"{OLD}::test_add": f"{NEW}::test_add"}
    assert moved(before.replace("== c", "!= c"), before=before) == {}
    assert moved(before.replace("    assert add", "    add = max\n    assert add"), before=before) == {}


def test_a_class_belongs_to_its_tests() -> None:
    before = (
        HEAD
        + "class TestSums:\n    limit = 3\n\n    def test_add(self):\n        assert add(1, 2) == self.limit\n"
    )
    assert list(moved(before, before=before)) == [f"{OLD}::TestSums::test_add"]
    assert moved(before.replace("limit = 3", "limit = add(1, 2)"), before=before) == {}


def test_a_table_of_the_same_claims_is_the_same_test() -> None:
    before = HEAD + TEST.replace("LIMIT", "9")
    assert moved(HEAD + TABLE, OLD, before) == {f"{OLD}::test_add": f"{OLD}::test_add"}
    fewer = TABLE.replace(ROWS, "[(4, 5, 9)]")
    assert moved(HEAD + fewer, OLD, before) == {}
    skipped = TABLE.replace("(1, 2, 3)", "pytest.param(1, 2, 3, marks=pytest.mark.skip)")
    assert moved(HEAD + skipped, OLD, before) == {}
    assert moved(HEAD + TABLE.replace("== c", ">= c"), OLD, before) == {}
    assert moved(HEAD + TABLE.replace("    assert", "    if a > 9:\n        assert"), OLD, before) == {}
    assert (
        moved(HEAD + TABLE.replace("    assert", "    a = 1\n    b = 2\n    c = 3\n    assert"), OLD, before)
        == {}
    )


def test_what_cannot_be_read_is_no_known_test() -> None:
    assert moved("def (") == {}


@pytest.mark.parametrize(
    "body",
    [
        "    from calc import half\n",
        "    assert half\n    assert half is not None\n",
        "    half(3)\n",
        "    with suppress(Exception):\n        half(3)\n",
        "    assert True\n",
        "    assert half(3) == half(3)\n",
        "    assert callable(half)\n    assert hasattr(half, 'x')\n    assert isinstance(half, object)\n",
        "    half(3)\n    return\n    assert half(3) == 1\n",
    ],
)
def test_a_test_without_a_claim(body: str) -> None:
    found = hollow_tests(DEFINITION, [diff(OLD, None, f"def test_half():\n{body}")])
    assert found == {f"{OLD}::test_half"}


@pytest.mark.parametrize(
    "text",
    [
        "def test_half():\n    assert half(3) == 1\n",
        "def test_half():\n    with pytest.raises(ValueError):\n        half('x')\n",
        "def check(a, b):\n    assert half(a) == b\n\n\ndef test_half():\n    check(3, 1)\n",
        "from tests.support import verify_half\n\n\ndef test_half():\n    verify_half(3)\n",
        "from .cases import run\n\n\ndef test_half():\n    run(half)\n",
        "def test_half():\n    assert Half(3) == Half(3)\n",
        "def test_half():\n    assert half(3) == half(3)\n    assert half(4) == 2\n",
        "def test_half():\n    assert isinstance(half(3), int)\n",
        "def test_half(halves):\n    assert callable(halves)\n",
        "def test_half(halves):\n    assert halves\n",
        "def test_half():\n    number = half(3)\n    assert number\n",
        "def test_half(snapshot):\n    snapshot.compare(half(3))\n",
        "@given(integers())\ndef test_half(number):\n    half(number)\n",
        "def test_half():\n    if half(3) != 1:\n        raise AssertionError\n",
        "class TestHalf(TestCase):\n    def test_half(self):\n        self.assertEqual(half(3), 1)\n",
        "def test_half():\n    mocked.assert_called_once_with(3)\n",
        "def test_half(:\n",
    ],
)
def test_a_test_with_a_claim(text: str) -> None:
    assert hollow_tests(DEFINITION, [diff(OLD, None, text)]) == frozenset()
