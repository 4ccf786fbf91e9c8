"""Tests in several processes: they say what one process says, or one process runs them all."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from benches import Bench, MakeBench
from hypothesis import given
from hypothesis import strategies as st

from agent_gate.domain.gate import GateResult
from agent_gate.domain.policy import GateOptions, GatesPolicy, Policy
from agent_gate.gating.checks.again import function_of
from agent_gate.gating.checks.shards import cut, joined
from agent_gate.gating.pytest_recorder import belongs
from agent_gate.gating.pytest_result import CaseRecord, PytestRun, RunError
from agent_gate.gating.pytest_run import Shard
from agent_gate.gating.pytest_stream import FileCoverage
from agent_gate.gating.runner import run_gates

SLOW = "    time.sleep(0.06)\n"
CORE = "calc/core.py"
BASE = {
    "calc/__init__.py": "",
    CORE: "def mean(xs):\n    return sum(xs) / len(xs)\n\n\ndef least(xs):\n    return min(xs)\n",
    "tests/test_a.py": f"import time\nfrom calc.core import mean\n\n\ndef test_a():\n{SLOW}    assert mean([1, 3]) == 2\n",
    "tests/test_b.py": f"import time\nfrom calc.core import least\n\n\ndef test_b():\n{SLOW}    assert least([1, 3]) == 1\n",
}
ENDS = "def mean(xs):\n    return sum(xs) / len(xs)\n\n\ndef least(xs):\n    return sorted(xs)[0]\n"


@pytest.fixture
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are: shards are tests of their own number."""
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


pytestmark = pytest.mark.usefixtures("two_processors")


def rules(result: GateResult) -> set[str]:
    return {f.rule for f in result.findings if f.introduced}


async def sharding(bench: MakeBench, files: Mapping[str, str], *gates: str) -> Bench:
    """A repository whose tests are worth shards after a twentieth of a second."""
    made = await bench(files, *gates)
    soon = [
        gate.model_copy(update={"options": {**gate.options, "shard_s": 0.05}}) if gate.id == "tests" else gate
        for gate in made.request.definitions
    ]
    return replace(made, request=replace(made.request, definitions=tuple(soon)))


async def both(
    bench: MakeBench, more: Mapping[str, str], change: Mapping[str, str]
) -> tuple[GateResult, GateResult]:
    """What the gate says with shards, and what it says without."""
    made = await sharding(bench, {**BASE, **more}, "tests")
    alone = Policy(gates=GatesPolicy(options={"tests": GateOptions(shards=1)}))
    sharded, plain = await made.result(change), await made.result(change, policy=alone)
    assert "shards" not in plain.measures
    return sharded, plain


async def test_two_processors_run_half_of_the_tests_each(bench: MakeBench) -> None:
    sharded, plain = await both(bench, {}, {CORE: ENDS})
    assert sharded.measures == {**plain.measures, "shards": 2}
    assert (sharded.status, sharded.cases) == ("passed", plain.cases)


async def test_a_fault_that_a_shard_finds_is_not_looked_for_again(bench: MakeBench) -> None:
    sharded, plain = await both(bench, {}, {CORE: ENDS.replace("[0]", "[1]")})
    assert sharded.measures == {**plain.measures, "shards": 2}
    assert rules(sharded) == rules(plain) == {"failing-test"}
    assert [f.message for f in sharded.findings] == [f.message for f in plain.findings]


ORDER = {
    "tests/test_a.py": f"import time\nfrom calc import core\n\n\ndef test_a():\n{SLOW}    core.ready = True\n",
    "tests/test_b.py": f"import time\nfrom calc import core\n\n\ndef test_b():\n{SLOW}    assert core.ready\n",
}
AT_IMPORT = {
    **ORDER,
    "tests/test_a.py": f"import time\nfrom calc import core\n\ncore.ready = True\n\n\ndef test_a():\n{SLOW}    assert 1\n",
}
SKIPS = "    hasattr(core, 'ready') or pytest.skip()"


@pytest.mark.parametrize(
    ("files", "needs"),
    [(ORDER, "    assert core.ready"), (ORDER, SKIPS), (AT_IMPORT, "    assert core.ready")],
    ids=["fails", "skips", "needs an import"],
)
async def test_tests_that_need_each_other_are_run_in_one_process(
    bench: MakeBench, files: Mapping[str, str], needs: str
) -> None:
    second = ORDER["tests/test_b.py"].replace("    assert core.ready", needs)
    sharded, plain = await both(bench, {**files, "tests/test_b.py": f"import pytest\n{second}"}, {CORE: ENDS})
    assert sharded.measures == plain.measures
    assert (sharded.status, sharded.cases, rules(sharded)) == ("passed", plain.cases, set())


async def test_a_new_test_that_needs_another_one_is_run_with_it(
    bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    new = {CORE: ENDS, "tests/test_c.py": "from calc import core\n\n\ndef test_c():\n    assert core.ready\n"}
    more = {**ORDER, "tests/test_b.py": BASE["tests/test_b.py"]}
    sharded, plain = await both(bench, more, new)
    assert (sharded.status, sharded.measures) == ("passed", plain.measures)


async def test_a_changed_test_does_not_keep_the_others_from_being_split(
    bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    alone = await both(bench, {}, {CORE: ENDS, "tests/test_c.py": "def test_c():\n    assert True\n"})
    assert [result.measures.get("shards") for result in alone] == [2, None]


async def test_a_test_that_the_source_makes_may_be_gone(bench: MakeBench) -> None:
    made = f"import time\nfrom calc import core\n\n\ndef any_():\n{SLOW}\n\nglobals()[core.NAME] = any_\n"
    base = {CORE: f"{BASE[CORE]}\n\nNAME = 'test_b'\n", "tests/test_b.py": made}
    sharded, plain = await both(bench, base, {CORE: f"{ENDS}\n\nNAME = 'test_c'\n"})
    assert (sharded.status, rules(sharded)) == (plain.status, rules(plain))
    assert (sharded.status, sharded.cases) == ("failed", plain.cases)


async def test_many_failures_at_once_are_looked_at_in_one_process(bench: MakeBench) -> None:
    table = f'@pytest.mark.parametrize("n", range(30))\ndef test_b(n):\n    assert core.ready\n\n\ndef test_c():\n{SLOW}    pass\n'
    more = {**ORDER, "tests/test_b.py": f"import time\nimport pytest\nfrom calc import core\n\n\n{table}"}
    sharded, plain = await both(bench, more, {CORE: ENDS})
    assert (sharded.measures, rules(sharded)) == (plain.measures, set())


async def test_a_process_that_ends_is_told_as_without_shards(bench: MakeBench) -> None:
    sharded, plain = await both(
        bench, {}, {CORE: f"import os\n{ENDS}".replace("sorted", "os._exit(0) or sorted")}
    )
    assert (sharded.status, sharded.reason) == ("errored", plain.reason)


async def test_a_change_of_tests_too_takes_the_processors_for_its_other_runs(bench: MakeBench) -> None:
    third = BASE["tests/test_b.py"].replace("test_b", "test_c")
    made = await sharding(bench, {**BASE, "tests/test_c.py": third}, "tests")
    result = await made.result({CORE: ENDS, "tests/test_c.py": f"{third}    assert least([5]) == 5\n"})
    assert (result.status, "shards" in result.measures) == ("passed", False)


async def test_lines_that_either_shard_runs_are_covered(bench: MakeBench) -> None:
    made = await sharding(bench, BASE, "tests", "coverage")
    edited = ENDS.replace("sum(xs)", "sum(x for x in xs)")
    told = {result.gate: result for result in await run_gates(made.change({CORE: edited}))}
    assert told["tests"].measures["shards"] == 2
    assert (told["coverage"].status, told["coverage"].measures["missed_lines"]) == ("passed", 0), told[
        "coverage"
    ]


def run_of(durations: dict[str, int]) -> PytestRun:
    return PytestRun(
        cases={test: CaseRecord(outcome="passed", duration_ms=ms) for test, ms in durations.items()}
    )


IDS = st.builds(
    "tests/test_{}.py::test_{}{}".format,
    st.integers(0, 3),
    st.integers(0, 5),
    st.sampled_from(["", "[1]", "[2]"]),
)


@given(st.dictionaries(IDS, st.integers(0, 3000), max_size=30), st.integers(1, 5))
def test_each_test_is_in_one_shard_and_no_function_in_two(durations: dict[str, int], count: int) -> None:
    shards = cut(run_of(durations), count, lambda _: True)
    assert 1 <= len(shards) <= count
    assert [shard.is_last for shard in shards] == [*[False] * (len(shards) - 1), True]
    for test in (*durations, *(function_of(test) for test in durations), "tests/test_new.py::test_new"):
        takers = [shard for shard in shards if runs_it(shard, test)]
        assert len(takers) == 1
        assert test.partition("::")[0] not in takers[0].others, (
            "a file that is left out holds none of its tests"
        )
    assert all(set(shard.files).isdisjoint(shard.others) for shard in shards)


def runs_it(shard: Shard, test: str) -> bool:
    return belongs(test, **shard.model_dump())


def begin_of_the_second(durations: dict[str, int], may_begin: Callable[[str], bool] = lambda _: True) -> str:
    shards = cut(run_of(durations), 2, may_begin)
    return next(test for test in durations if runs_it(shards[1], test))


def test_shards_take_about_as_long_as_each_other() -> None:
    many = {f"tests/test_a.py::test_{n}": 10 for n in range(100)}
    assert begin_of_the_second({"tests/test_0.py::test_0": 20, **many}) == "tests/test_a.py::test_49"
    early = {f"tests/test_a.py::test_{n}": 10 for n in range(98)}
    uneven = {**early, "tests/test_b.py::test_0": 10, "tests/test_b.py::test_1": 1010}
    assert begin_of_the_second(uneven) == "tests/test_b.py::test_0", "a file is left whole"
    assert begin_of_the_second(many, lambda test: test.endswith("_7")) == "tests/test_a.py::test_7"


def test_shards_that_ran_the_same_test_show_nothing() -> None:
    one = run_of({"tests/test_a.py::test_a": 1})
    with pytest.raises(RunError, match="the same test"):
        joined([one, one])


def test_what_one_shard_says_of_pytest_does_not_hide_what_another_one_says() -> None:
    parts = [
        run_of({test: 1}).model_copy(update={"altered": {"_pytest.runner.call": where}})
        for test, where in (("a", "calc/core.py"), ("b", "tests/conftest.py"))
    ]
    with pytest.raises(RunError, match="different things"):
        joined(parts)


def test_shards_that_measured_other_lines_show_nothing() -> None:
    measured = [
        run_of({test: 1}).model_copy(update={"coverage": {"a.py": FileCoverage(lines=((1, probe),))}})
        for test, probe in (("a", 0), ("b", 1))
    ]
    with pytest.raises(RunError, match="different lines"):
        joined(measured)
    blind = measured[1].model_copy(update={"coverage": None})
    assert joined([measured[0], blind]).coverage is None
