"""The coverage gate with the real pytest in the real sandbox, in an environment without coverage.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from benches import Bench, Change, MakeBench

from agent_gate.domain.gate import GateResult
from agent_gate.domain.policy import GateOptions, GatesPolicy, Policy
from agent_gate.gating.runner import run_gates

BASE = {
    "pyproject.toml": '[project]\nname="calc"\nversion="0"\n[tool.pytest.ini_options]\ntestpaths=["tests"]\n',
    "src/calc/__init__.py": "",
    "src/calc/core.py": "def add(a, b):\n    return a + b\n\n\ndef debug():  # pragma: no cover\n    return 1\n",
    "src/calc/old.py": "def old():\n    return 1\n",
    "tests/test_core.py": "from calc.core import add\n\n\ndef test_add():\n    assert add(-1, 2) == 1\n",
}
CORE, TEST = "src/calc/core.py", "tests/test_core.py"
SIGN = "\n\ndef sign(n):\n    if n < 0:\n        return -1\n    return 1\n"
"""Five lines and branches that count: three of them where only a positive number is tried."""
TRIED = {
    TEST: BASE[TEST].replace("import add", "import add, sign")
    + "\n\ndef test_sign():\n    assert sign(1) == 1\n"
}
BOTH = {TEST: TRIED[TEST] + "    assert sign(-1) == -1\n"}


@pytest.fixture(scope="module")
def base_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
async def calc(bench: MakeBench, base_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("AGENT_GATE_CACHE_DIR", str(base_cache))
    return await bench(BASE, "coverage")


def rules(result: GateResult) -> set[tuple[str, str]]:
    return {(f.rule, f.level) for f in result.findings}


async def test_what_the_tests_run_passes(calc: Bench) -> None:
    result = await calc.result({CORE: BASE[CORE] + SIGN, **BOTH})
    assert (result.status, result.findings, result.canary) == ("passed", (), "in run"), result
    assert result.measures == {
        "changed_lines": 4, "missed_lines": 0, "changed_branches": 2, "missed_branches": 0, "excluded_lines": 0,
    }  # fmt: skip


async def test_lines_and_branches_that_no_test_runs_are_named(calc: Bench) -> None:
    result = await calc.result({CORE: BASE[CORE] + SIGN, **TRIED})
    (finding,) = result.findings
    assert (result.status, finding.rule, finding.level, finding.path) == ("failed", "not-run", "block", CORE)
    assert finding.message == "no test runs line 11; line 10 is never true"
    assert finding.excerpt == "if n < 0:\nreturn -1"
    assert result.reason == "the tests run 66.6 % of the changed lines and branches, and 80 % are asked"


@pytest.mark.parametrize(("per_cent", "status"), [(66, "passed"), (67, "failed"), (0, "passed")])
async def test_the_policy_says_how_much_is_enough(bench: MakeBench, per_cent: int, status: str) -> None:
    policy = Policy(gates=GatesPolicy(options={"coverage": GateOptions(changed_lines=per_cent)}))
    result = await (await bench(BASE, "coverage", policy=policy)).result({CORE: BASE[CORE] + SIGN, **TRIED})
    assert (result.status, rules(result)) == (
        status,
        {("not-run", "note" if status == "passed" else "block")},
    )
    assert "gates.coverage.changed_lines" not in policy.not_enforced


async def test_a_branch_alone_is_named(calc: Bench) -> None:
    least = "\n\ndef least(xs):\n    for x in xs:\n        if x:\n            return x\n    return None\n"
    tried = (
        BASE[TEST].replace("import add", "import add, least")
        + "\n\ndef test_least():\n    assert least([2]) == 2\n"
    )
    result = await calc.result({CORE: BASE[CORE] + least, TEST: tried})
    assert "line 10 never comes to its end; line 11 is never false" in result.findings[0].message


async def test_new_files_count_whole_and_unchanged_lines_not_at_all(calc: Bench) -> None:
    result = await calc.result({"src/calc/new.py": "def new():\n    return 1\n"})
    assert (result.status, result.measures["changed_lines"]) == ("failed", 2)
    edited = await calc.result({"src/calc/old.py": BASE["src/calc/old.py"].replace("1", "2")})
    assert (edited.status, edited.measures["changed_lines"], edited.findings[0].line) == ("failed", 1, 2)


@pytest.mark.parametrize(
    "change",
    [
        {CORE: BASE[CORE] + SIGN.replace("    if n < 0:", "    if n < 0:  # pragma: no cover")},
        {CORE: BASE[CORE] + SIGN.replace("def sign(n):", "def sign(n):  # pragma: no cover")},
        {CORE: BASE[CORE] + SIGN, ".coveragerc": "[run]\nomit = src/*\n[report]\nexclude_lines = return\n"},
        {
            CORE: BASE[CORE] + SIGN,
            "pyproject.toml": BASE["pyproject.toml"] + '[tool.coverage.run]\nomit=["src/**"]\n',
        },
        {CORE: BASE[CORE] + SIGN, "tests/sitecustomize.py": "raise SystemExit\n"},
        {CORE: (BASE[CORE] + SIGN).replace("\n", "\r")},
    ],
    ids=[
        "pragma on a branch",
        "pragma on a function",
        "coveragerc",
        "pyproject",
        "sitecustomize",
        "carriage returns",
    ],
)
async def test_what_the_change_says_about_coverage_does_not_count(calc: Bench, change: Change) -> None:
    result = await calc.result({**change, **TRIED})
    assert (result.status, rules(result)) == ("failed", {("not-run", "block")})
    assert "11; line 10 is never true" in result.findings[0].message


async def test_what_the_base_excludes_stays_excluded(calc: Bench) -> None:
    result = await calc.result({CORE: BASE[CORE].replace("return 1", "return 2")})
    assert (result.status, rules(result)) == ("passed", {("excluded", "ask")})
    assert result.measures["excluded_lines"] == 1


@pytest.mark.parametrize(
    ("path", "level"),
    [("src/calc/old.py", "note"), ("src/calc/new_gen.py", "ask")],
    ids=["an old file", "a new file"],
)
async def test_what_the_base_leaves_out_is_told_and_new_code_in_it_a_question(
    bench: MakeBench, path: str, level: str
) -> None:
    made = await bench(
        {**BASE, ".coveragerc": "[run]\nomit =\n    src/calc/old.py\n    */*_gen.py\n"}, "coverage"
    )
    result = await made.result({path: "def old():\n    return 2\n"})
    assert (result.status, rules(result)) == ("passed", {("left-out", level)})
    assert "by the base's .coveragerc" in result.findings[0].message


async def test_lines_that_leave_nothing_to_run_are_said_to_be_so(calc: Bench) -> None:
    result = await calc.result({CORE: '"""Sums."""\n\n# Nothing else.\n' + BASE[CORE] + "\n\nLIMIT: int\n"})
    assert (result.status, rules(result)) == ("passed", {("nothing-to-run", "note")})
    assert "comments" in result.findings[0].message


NOT_APPLICABLE: Mapping[str, Change] = {
    "tests alone": {TEST: BASE[TEST] + "\n\ndef test_more():\n    assert add(0, 0) == 0\n"},
    "lines taken away": {CORE: "def add(a, b):\n    return a + b\n"},
    "a deleted file": {"src/calc/old.py": None},
    "documentation": {"docs/conf.py": "X = 1\n", "README.md": "x"},
}


@pytest.mark.parametrize("kind", sorted(NOT_APPLICABLE))
async def test_with_no_line_of_source_added_there_is_nothing_to_measure(calc: Bench, kind: str) -> None:
    result = await calc.result(NOT_APPLICABLE[kind])
    assert (result.status, result.reason) == ("skipped", "not applicable")


async def test_what_cannot_be_parsed_is_not_measured(calc: Bench) -> None:
    result = await calc.result({"src/calc/new.py": "def new(:\n"})
    assert (result.status, rules(result)) == ("failed", {("not-measured", "block")})


async def test_a_configuration_that_cannot_be_read_is_an_error(bench: MakeBench) -> None:
    made = await bench({**BASE, ".coveragerc": "[report]\nexclude_lines =\n    (\n"}, "coverage")
    result = await made.result({CORE: BASE[CORE] + SIGN, **BOTH})
    assert result.status == "errored"
    assert ".coveragerc" in result.reason


async def test_a_measurement_whose_canary_was_not_seen_is_an_error(bench: MakeBench) -> None:
    strict = "import pytest\n\n\n@pytest.fixture(autouse=True)\ndef _known(request):\n    assert 'test_core.py' in str(request.node.path)\n"
    made = await bench({**BASE, "conftest.py": strict}, "tests", "coverage")
    tests, coverage = await run_gates(made.change({CORE: BASE[CORE] + SIGN, **BOTH}))
    assert tests.status == "passed"
    assert coverage.status == "errored"
    assert "of which it was known" in coverage.reason


async def test_a_missing_pytest_is_an_error_with_a_hint(calc: Bench) -> None:
    without = replace(calc.request.environment, pytest="", digest="other")
    result = await calc.result({CORE: BASE[CORE] + SIGN}, environment=without)
    assert result.status == "errored"
    assert "install it there" in result.hint


async def test_both_gates_look_at_one_run_and_either_alone_says_the_same(bench: MakeBench) -> None:
    made = await bench(BASE, "tests", "coverage")
    request = replace(made.change({CORE: BASE[CORE] + SIGN, **TRIED}), use_cache=False)
    tests, coverage = await run_gates(request)
    assert tests.output_sha256 == coverage.output_sha256  # of the word of a run, which no other run has
    for together in (tests, coverage):
        (definition,) = (d for d in request.definitions if d.id == together.gate)
        (alone,) = await run_gates(replace(request, definitions=(definition,)))
        assert alone.output_sha256 != together.output_sha256
        assert (alone.status, alone.findings, alone.measures) == (
            together.status,
            together.findings,
            together.measures,
        )


async def test_measuring_does_not_change_what_is_measured(bench: MakeBench) -> None:
    """What a probe could disturb: names, docstrings, tracers of the tests, code as a value, line numbers."""
    odd = (
        '"""Module."""\nfrom __future__ import annotations\nimport sys\n\n\ndef trace(f):\n    """Doc."""\n    seen = []\n\n'
        "    def tracer(frame, event, arg):\n        if event == 'line':\n            seen.append(frame.f_lineno)\n"
        "        return tracer\n\n    sys.settrace(tracer)\n    f(1)\n    sys.settrace(None)\n    return seen\n\n\n"
        "def small(x):\n    if x:\n        return 1\n    return 2\n\n\nclass Box:\n    a = 1\n    b: int = 2\n\n\n"
        "def where():\n    return sys._getframe().f_lineno\n"
    )
    tests = (
        "import inspect, pickle\nfrom calc import odd\n\n\ndef test_odd():\n    assert odd.__doc__ == 'Module.'\n"
        "    assert odd.trace.__doc__ == 'Doc.'\n    assert odd.trace(odd.small) == [22, 23]\n"
        "    assert {odd.small.__code__: 1}[odd.small.__code__] == 1\n    assert odd.where() == 33\n"
        "    assert [n for n in vars(odd.Box) if not n.startswith('__')] == ['a', 'b']\n"
        "    assert 'return 1' in inspect.getsource(odd.small)\n"
        "    assert all(isinstance(pickle.loads(pickle.dumps(c)), (bytearray, str, int, type(None))) for c in odd.small.__code__.co_consts)\n"
        "    assert not [n for n in vars(odd) if 'gate' in n]\n"
    )
    made = await bench(BASE, "tests", "coverage")
    results = await run_gates(made.change({"src/calc/odd.py": odd, "tests/test_odd.py": tests}))
    assert [result.status for result in results] == ["passed", "passed"], results
