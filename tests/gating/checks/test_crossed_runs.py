"""The tests gate where tests meet the files of another version: what honest releases were blocked for."""

from __future__ import annotations

from benches import MakeBench

from agent_gate.domain.gate import GateResult
from agent_gate.domain.policy import GateOptions, GatesPolicy, Policy

PROJECT, CORE, CONFTEST = "pyproject.toml", "calc/core.py", "tests/conftest.py"
BASE = {
    PROJECT: '[project]\nname="calc"\nversion="0"\n[tool.pytest.ini_options]\ntestpaths=["tests"]\n',
    "calc/__init__.py": "",
    CORE: "def mean(xs):\n    return sum(xs) / len(xs)\n",
    "tests/test_core.py": "from calc.core import mean\n\n\ndef test_core():\n    assert mean([1, 3]) == 2\n",
}


def rules(result: GateResult, level: str) -> set[str]:
    return {f.rule for f in result.findings if f.level == level and f.introduced}


VERSION = (
    "import tomllib\nfrom pathlib import Path\n\n\ndef test_version():\n"
    "    assert tomllib.loads(Path('pyproject.toml').read_text())['project']['version'] == '1'\n"
)


async def test_tests_see_the_project_file_of_the_change_and_pytest_the_base_s(bench: MakeBench) -> None:
    made = await bench(BASE, "tests")
    raised = BASE[PROJECT].replace('"0"', '"1"')
    honest = await made.result({PROJECT: raised, "tests/test_version.py": VERSION})
    assert (honest.status, honest.measures["passed"]) == ("passed", 2), honest
    easy = raised.replace('["tests"]', '["none"]') + 'addopts = "--co"\n'
    broken = {PROJECT: easy, "tests/test_version.py": VERSION, CORE: "def mean(xs):\n    return 2.5\n"}
    assert rules(await made.result(broken), "block") == {"failing-test"}


async def test_a_new_project_file_is_there(bench: MakeBench) -> None:
    made = await bench({path: text for path, text in BASE.items() if path != PROJECT}, "tests")
    raised = BASE[PROJECT].replace('"0"', '"1"') + 'addopts = "--co"\n'
    result = await made.result({PROJECT: raised, "tests/test_version.py": VERSION})
    assert (result.status, result.measures["passed"]) == ("passed", 2), result


LOOP = "def above(x):\n    n = 0\n    while n != x:\n        n += 1\n    return n\n"


async def test_a_test_that_takes_for_ever_without_the_change_is_no_error(bench: MakeBench) -> None:
    policy = Policy(gates=GatesPolicy(options={"tests": GateOptions(timeout_s=5)}))
    made = await bench({**BASE, CORE: BASE[CORE] + LOOP}, "tests", policy=policy)
    tested = "from calc.core import above\n\n\ndef test_above():\n    assert above(2.5) == 3\n"
    ending = BASE[CORE] + LOOP.replace("n != x", "n < x")
    result = await made.result({CORE: ending, "tests/test_above.py": tested})
    assert (result.status, rules(result, "ask")) == ("passed", {"no-red-test"}), result
    assert "over the base they did not finish in time" in result.findings[0].message
    case = next(case for case in result.cases if case.id.endswith("::test_above"))
    assert (case.outcome, case.on_base, case.red) == ("passed", "absent", "")
    late = await made.result({CORE: ending.replace("n < x", "True"), "tests/test_above.py": tested})
    assert late.status == "errored", "the change itself has to end in time"


async def test_a_conftest_that_the_change_breaks_is_a_question_although_its_hooks_are_edited(
    bench: MakeBench,
) -> None:
    hook = "from calc.core import mean\n\n\ndef pytest_configure(config):\n    config.told = 1\n"
    other = "def test_other():\n    assert 1 + 1 == 2\n"
    made = await bench({**BASE, CONFTEST: hook, "tests/test_other.py": other}, "tests")
    result = await made.result(
        {
            CORE: BASE[CORE].replace("mean", "average"),
            CONFTEST: hook.replace("mean", "average").replace("told = 1", "told = 2"),
            "tests/test_core.py": BASE["tests/test_core.py"].replace("mean", "average"),
        }
    )
    assert (rules(result, "block"), rules(result, "ask")) == (set(), {"changed-expectation"}), result
