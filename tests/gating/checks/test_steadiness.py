"""Chance told apart from fault, by tests that fail for a reason that the second run does not have: what
the tests before them left behind."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from benches import Change, MakeBench

from agent_gate.domain.gate import GateResult

BASE = {
    "pyproject.toml": '[tool.pytest.ini_options]\ntestpaths = ["tests"]\n',
    "state.py": "LEFT = []\nMODE = True\n",
    "tests/test_m.py": "import state\n\n\ndef test_clean():\n    assert not state.LEFT\n",
    "tests/test_n.py": "import state\n\n\ndef test_other():\n    assert state.MODE in {True, False}\n",
}
CLEAN = "tests/test_m.py::test_clean"
POLLUTES = "import state\n\n\ndef test_a():\n    state.LEFT.append(1)\n    assert state.LEFT\n"


def rules(result: GateResult) -> set[tuple[str, str]]:
    return {(f.rule, f.level) for f in result.findings}


async def test_a_test_that_fails_once_is_a_question_and_never_a_silent_pass(bench: MakeBench) -> None:
    made = await bench(BASE, "tests")
    result = await made.result({"tests/test_a.py": POLLUTES})
    assert (result.status, rules(result)) == ("passed", {("flaky-test", "ask")})
    case = next(case for case in result.cases if case.id == CLEAN)
    assert (case.outcome, case.message.split(":")[0]) == ("failed", "flaky")


async def test_a_flaky_test_of_the_change_itself_blocks(bench: MakeBench) -> None:
    made = await bench(BASE, "tests")
    flaky = "import state\n\n\ndef test_z():\n    assert not state.LEFT\n"
    result = await made.result({"tests/test_z.py": POLLUTES + "\n\n" + flaky.partition("\n\n\n")[2]})
    assert (result.status, rules(result)) == ("failed", {("flaky-test", "block")})


async def test_a_test_that_fails_twice_is_no_chance(bench: MakeBench) -> None:
    made = await bench(BASE, "tests")
    result = await made.result({"state.py": "LEFT = [1]\nMODE = True\n"})
    assert (result.status, rules(result)) == ("failed", {("failing-test", "block")})


async def test_what_was_flaky_on_the_base_is_only_told(bench: MakeBench) -> None:
    made = await bench({**BASE, "tests/test_a.py": POLLUTES}, "tests")
    result = await made.result({"state.py": BASE["state.py"] + "X = 1\n"})
    assert (result.status, rules(result)) == ("passed", {("flaky-test", "note")})
    assert not any(finding.introduced for finding in result.findings)


async def test_a_flake_of_the_base_hides_no_fault(bench: MakeBench) -> None:
    """It failed on the base and then passed: whoever fails there always now needs a person's word."""
    made = await bench({**BASE, "tests/test_a.py": POLLUTES}, "tests")
    result = await made.result({"state.py": "LEFT = [1]\nMODE = True\n"})
    assert ("flaky-test", "ask") in rules(result)


async def test_many_failures_are_not_run_again(bench: MakeBench) -> None:
    many = "import pytest\nimport state\n\n\n@pytest.mark.parametrize('n', range(26))\ndef test_n(n):\n    assert not state.LEFT\n"
    made = await bench({**BASE, "tests/test_n.py": many}, "tests")
    result = await made.result({"tests/test_a.py": POLLUTES})
    assert (result.status, rules(result)) == ("failed", {("failing-test", "block")})


IDS: Mapping[str, str] = {
    "addresses": "import pytest\n\n\nclass T:\n    pass\n\n\n@pytest.mark.parametrize('t', [T(), T()], ids=repr)\n"
    "def test_t(t):\n    assert t\n",
    "paths of the copy": "import pathlib\nimport pytest\n\nHERE = sorted(pathlib.Path(__file__).parent.glob('*.txt'))\n\n\n"
    "@pytest.mark.parametrize('file', HERE, ids=str)\ndef test_file(file):\n    assert file.read_text()\n",
}


@pytest.mark.parametrize("kind", sorted(IDS))
async def test_ids_that_name_places_are_the_same_in_each_run(bench: MakeBench, kind: str) -> None:
    made = await bench(
        {**BASE, "tests/test_ids.py": IDS[kind], "tests/a.txt": "a", "tests/b.txt": "b"}, "tests"
    )
    result = await made.result({"state.py": BASE["state.py"] + "X = 1\n"})
    assert (result.status, result.findings) == ("passed", ())
    named = {case.id for case in result.cases if "test_ids" in case.id}
    expected = {
        "addresses": {
            "tests/test_ids.py::test_t[<test_ids.T object at 0x…>]",
            "tests/test_ids.py::test_t[<test_ids.T object at 0x…>]#2",
        },
        "paths of the copy": {
            "tests/test_ids.py::test_file[tests/a.txt]",
            "tests/test_ids.py::test_file[tests/b.txt]",
        },
    }
    assert named == expected[kind]


DRIFT = "import time\nimport pytest\nimport state\n\n\n@pytest.mark.parametrize('n', range(state.COUNT), ids=lambda n: str(time.time_ns()))\n"
DRIFT += "def test_n(n):\n    assert n < 3\n"


async def test_ids_that_no_two_runs_share_are_told_apart_from_lost_tests(bench: MakeBench) -> None:
    made = await bench(
        {**BASE, "state.py": BASE["state.py"] + "COUNT = 3\n", "tests/test_d.py": DRIFT}, "tests"
    )
    same = await made.result({"state.py": BASE["state.py"] + "COUNT = 3\nX = 1\n"})
    assert (same.status, rules(same)) == ("passed", {("drifting-id", "note")})
    fewer = await made.result({"state.py": BASE["state.py"] + "COUNT = 2\n"})
    assert (fewer.status, rules(fewer)) == ("failed", {("lost-test", "block")})


async def test_cases_that_the_source_takes_away_are_lost(bench: MakeBench) -> None:
    cases = "import pytest\nimport state\n\n\n@pytest.mark.parametrize('n', state.CASES)\ndef test_n(n):\n    assert n > 0\n"
    made = await bench(
        {**BASE, "state.py": BASE["state.py"] + "CASES = [1, 2]\n", "tests/test_c.py": cases}, "tests"
    )
    result = await made.result({"state.py": BASE["state.py"] + "CASES = [1, 3]\n"})
    assert (result.status, rules(result)) == ("failed", {("lost-test", "block")})


OLD = {
    "render.py": "def render():\n    return 'old'\n",
    "tests/conftest.py": "import pytest\nimport render\n\n\n@pytest.fixture\ndef expected():\n    return 'old'\n",
    "tests/expected.txt": "old",
    "tests/test_render.py": "import pathlib\nimport render\n\n\ndef test_file():\n"
    "    assert render.render() == pathlib.Path(__file__).with_name('expected.txt').read_text()\n\n\n"
    "def test_fixture(expected):\n    assert render.render() == expected\n",
}
NEW = {"render.py": OLD["render.py"].replace("old", "new"), "tests/expected.txt": "new"}


@pytest.mark.parametrize(
    ("conftest", "status"),
    [
        (OLD["tests/conftest.py"].replace("'old'", "'new'"), "passed"),
        (OLD["tests/conftest.py"] + "\n\ndef pytest_pyfunc_call(pyfuncitem):\n    return True\n", "failed"),
    ],
    ids=["a fixture", "a hook"],
)
async def test_what_tests_rest_on_may_change_by_a_persons_word_but_no_hook(
    bench: MakeBench, conftest: str, status: str
) -> None:
    made = await bench({**BASE, **OLD}, "tests")
    change: Change = {**NEW, "tests/conftest.py": conftest}
    result = await made.result(change)
    if status == "passed":
        assert (result.status, rules(result)) == ("passed", {("changed-expectation", "ask")})
        assert "tests/expected.txt" in result.findings[0].message
    else:
        assert result.status in {"failed", "errored"}


async def test_a_regression_test_for_a_crash_is_told_how_to_be_red(bench: MakeBench) -> None:
    made = await bench({**BASE, "calc.py": "def mean(xs):\n    return sum(xs) / len(xs)\n"}, "tests")
    result = await made.result(
        {
            "calc.py": "def mean(xs):\n    return sum(xs) / len(xs) if xs else 0\n",
            "tests/test_calc.py": "from calc import mean\n\n\ndef test_empty():\n    assert mean([]) == 0\n",
        }
    )
    (finding,) = result.findings
    assert (finding.rule, finding.level) == ("no-red-test", "ask")
    assert "tests/test_calc.py::test_empty ends with ZeroDivisionError" in finding.message
