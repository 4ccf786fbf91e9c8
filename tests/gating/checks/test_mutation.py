"""The mutation gate with the real pytest in the real sandbox: faults that tests notice, tests that notice none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from benches import Bench, Change, MakeBench
from values import critical_spec, only, spec

from agent_gate.domain.gate import NOT_APPLICABLE, GateResult
from agent_gate.domain.spec import Spec

BASE = {
    "shop/__init__.py": "",
    "shop/price.py": "LIMIT = 50\n\n\ndef shipping(total):\n    return 5\n\n\ndef name():\n    return 'x'\n",
    "tests/test_price.py": "from shop.price import shipping\n\n\ndef test_low():\n    assert shipping(10) == 5\n",
}
PRICE, TEST, NEW = "shop/price.py", "tests/test_price.py", "tests/test_free.py"
FREE = BASE[PRICE].replace("    return 5", "    if total >= LIMIT:\n        return 0\n    return 5")
STRONG = (
    "from shop.price import shipping\n\n\ndef test_free():\n"
    "    assert [shipping(total) for total in (49, 50, 51)] == [5, 0, 0]\n"
)
WEAK = "from shop.price import shipping\n\n\ndef test_free():\n    shipping(50)\n"
VERIFIER = f"{NEW}::test_free"


@pytest.fixture(scope="module")
def canary_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The gate's own canary is the same in all these tests: it is run once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
async def shop(bench: MakeBench, canary_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("AGENT_GATE_CACHE_DIR", str(canary_cache))
    return await bench(BASE, "mutation")


def rules(result: GateResult, level: str) -> set[str]:
    return {f.rule for f in result.findings if f.level == level}


def killed(result: GateResult) -> dict[str, bool]:
    """Of each test that a clause rests on, whether it was tried and noticed something."""
    assert all(case.mutants_tried for case in result.cases), result
    return {case.id: bool(case.mutants_killed) for case in result.cases}


async def test_tests_that_notice_every_fault_pass(shop: Bench) -> None:
    result = await shop.result({PRICE: FREE, NEW: STRONG})
    assert (result.status, result.findings) == ("passed", ()), result
    assert result.measures == {
        "mutants": 3, "killed": 3, "killed_by_time_limit": 0, "survived": 0, "uncovered": 0, "not_run": 0,
    }  # fmt: skip
    assert (result.sandbox, result.canary) == ("bubblewrap", "passed")


async def test_a_fault_that_no_test_notices_blocks(shop: Bench) -> None:
    result = await shop.result({PRICE: FREE, NEW: WEAK})
    found = {f.line: f for f in result.findings if f.rule == "survived" and "return" in f.excerpt}
    assert (result.status, rules(result, "block")) == ("failed", {"survived"})
    assert found[6].message == "`return 0` → `return 1` is not noticed by the one test that runs this line"
    assert (found[6].path, found[6].excerpt) == (PRICE, "- return 0\n+ return 1")


async def test_lines_that_no_test_runs_are_told_unless_none_is_run(shop: Bench) -> None:
    other = FREE.replace("'x'", "'y'")
    told = await shop.result({PRICE: other, NEW: STRONG})
    assert (told.status, rules(told, "note")) == ("passed", {"uncovered"})
    alone = await shop.result({PRICE: BASE[PRICE].replace("'x'", "'y'")})
    assert (alone.status, rules(alone, "block")) == ("failed", {"uncovered"})
    assert alone.reason == "no test runs line 9: no fault there would be noticed"


NOTHING: Mapping[str, Change] = {
    "words for people": {PRICE: '"""Prices."""\n\n# more\n' + BASE[PRICE]},
    "a log message": {PRICE: BASE[PRICE] + "\nimport logging\nlogging.info('x')\n"},
    "tests": {NEW: STRONG},
    "a script of the build": {"setup.py": "X = 1\n"},
}


@pytest.mark.parametrize("name", NOTHING)
async def test_without_a_line_that_can_be_wrong_there_is_nothing_to_look_at(shop: Bench, name: str) -> None:
    result = await shop.result(NOTHING[name])
    assert (result.status, result.reason) == ("skipped", NOT_APPLICABLE)


async def test_what_runs_at_import_matters_to_all_tests_and_fixtures_to_all_that_share_them(
    shop: Bench,
) -> None:
    result = await shop.result(
        {
            "shop/more.py": "RATE = 3\n\n\ndef table():\n    return [RATE, 7]\n",
            "tests/test_more.py": "import pytest\nfrom shop.more import RATE, table\n\n\n"
            "@pytest.fixture(scope='module')\ndef made():\n    return table()\n\n\n"
            "def test_first(made):\n    assert made\n\n\ndef test_second(made):\n    assert made[1] == 7\n\n\n"
            "def test_rate():\n    assert RATE == 3\n",
        }
    )
    assert (result.status, result.measures["killed"], result.measures["uncovered"]) == ("passed", 3, 0), (
        result
    )


async def test_a_fault_that_makes_a_test_hang_is_noticed_by_the_time_limit(shop: Bench) -> None:
    loop = "def count(n):\n    i = 0\n    while i < n:\n        i += 1\n    return i\n"
    test = "from shop.loop import count\n\n\ndef test_count():\n    assert [count(0), count(3)] == [0, 3]\n"
    result = await shop.result({"shop/loop.py": loop, "tests/test_loop.py": test})
    assert result.status == "passed", result
    assert result.measures["killed_by_time_limit"] > 0


def asked(*verifiers: str) -> Spec:
    return spec(*(f"pytest:{verifier}" for verifier in verifiers))


async def test_a_clauses_own_test_must_notice_a_fault_and_others_may_survive(shop: Bench) -> None:
    one_line = (
        "from shop.price import shipping\n\n\ndef test_free():\n    assert shipping(50) == 0\n\n\n"
        "def test_runs():\n    assert shipping(50) is not None or True\n"
    )
    result = await shop.result({PRICE: FREE, NEW: one_line}, spec=asked(VERIFIER, f"{NEW}::test_runs", TEST))
    assert killed(result) == {VERIFIER: True, f"{NEW}::test_runs": False}
    assert (result.status, rules(result, "note"), rules(result, "block")) == ("passed", {"weak-test"}, set())
    (finding,) = result.findings
    assert finding.path == NEW
    assert "test_runs asserts nothing much" in finding.message
    assert "`return 0` → `return 1` (shop/price.py:6)" in finding.message


async def test_a_crash_of_the_code_under_test_is_not_what_a_test_says(shop: Bench) -> None:
    code = "def total(xs):\n    xs = list(xs)\n    return sum(xs)\n"
    calls = "from shop.sum import total\n\n\ndef test_calls():\n    total([1])\n"
    asserts = "from shop.sum import total\n\n\ndef test_asserts():\n    assert total([1]) == 1\n"
    files = ("tests/test_calls.py", "tests/test_asserts.py")
    result = await shop.result({"shop/sum.py": code, files[0]: calls, files[1]: asserts}, spec=asked(*files))
    assert killed(result) == {f"{files[0]}::test_calls": False, f"{files[1]}::test_asserts": True}


async def test_a_test_that_starts_a_program_is_tried_too(shop: Bench) -> None:
    code = "import sys\n\nif len(sys.argv) > 1:\n    print('much')\n"
    test = (
        "import subprocess, sys\n\n\ndef test_much():\n    done = subprocess.run([sys.executable, 'shop/run.py', 'x'], "
        "capture_output=True, text=True)\n    assert done.stdout == 'much\\n'\n"
    )
    name = "tests/test_run.py"
    result = await shop.result({"shop/run.py": code, name: test}, spec=asked(name))
    assert killed(result) == {f"{name}::test_much": True}


GAMES: Mapping[str, str] = {
    "fails from the second time on": "from shop.price import shipping\nimport os\n\n\ndef test_free():\n    shipping(50)\n"
    "    seen = os.path.exists('/tmp/seen')\n    open('/tmp/seen', 'w').close()\n    assert not seen\n",
    "ends the process from the second time on": "from shop.price import shipping\nimport os\n\n\ndef test_free():\n"
    "    shipping(50)\n    if os.path.exists('/tmp/seen'):\n        os._exit(1)\n    open('/tmp/seen', 'w').close()\n",
    "looks at the source": "import hashlib, pathlib\nfrom shop.price import shipping\n\n\ndef test_free():\n    shipping(50)\n"
    "    found = hashlib.sha256(pathlib.Path('shop/price.py').read_bytes()).hexdigest()\n"
    "    assert found == '{digest}'\n",
    "looks at the byte code": "from shop.price import shipping\n\n\ndef test_free():\n    shipping(50)\n"
    "    code = shipping.__code__\n    assert (len(code.co_code), code.co_consts) == ({size}, {constants})\n",
}  # fmt: skip


@pytest.mark.parametrize("game", GAMES)
async def test_a_test_that_fails_whatever_the_code_does_notices_nothing(shop: Bench, game: str) -> None:
    import hashlib

    scope: dict[str, object] = {}
    exec(FREE, scope)
    code = scope["shipping"].__code__  # type: ignore[attr-defined]
    test = GAMES[game].replace("{digest}", hashlib.sha256(FREE.encode()).hexdigest())
    test = test.replace("{size}", str(len(code.co_code))).replace("{constants}", repr(code.co_consts))
    result = await shop.result({PRICE: FREE, NEW: test}, spec=asked(VERIFIER))
    assert [case.mutants_killed for case in result.cases] == [0], result
    assert "unsteady-test" in rules(result, "note")
    whole = await shop.result({PRICE: FREE, NEW: test})
    assert whole.status in {"failed", "errored"}, whole


REWRITING = (
    "import pytest\n\n\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport(item, call):\n    o = yield\n"
    "    r = o.get_result()\n    r.outcome = 'passed'\n    r.longrepr = None\n"
)


@pytest.mark.parametrize(
    "hook",
    [
        "def pytest_sessionfinish(session):\n    import os\n    os._exit(1)\n",
        REWRITING,
        "def pytest_collection_modifyitems(items):\n    items.clear()\n",
    ],
    ids=["exit", "reports", "no tests"],
)
async def test_a_conftest_that_changes_how_pytest_works_is_no_success(shop: Bench, hook: str) -> None:
    result = await shop.result({PRICE: FREE, NEW: STRONG, "conftest.py": hook})
    assert result.status in {"failed", "errored"}, result
    assert result.reason


async def test_what_cannot_be_done_is_an_error(shop: Bench) -> None:
    broken = await shop.result({PRICE: "def shipping(:\n"})
    assert (broken.status, PRICE in broken.reason) == ("errored", True)
    without = replace(shop.request.environment, pytest="", digest="other")
    missing = await shop.result({PRICE: FREE}, environment=without, use_cache=False)
    assert (missing.status, "pytest" in missing.reason) == ("errored", True)


@pytest.mark.parametrize(
    ("changes", "inputs"),
    [
        ({}, {"verifiers": [], "whole": True}),
        ({"spec": asked(VERIFIER)}, {"verifiers": [VERIFIER], "whole": False}),
        ({"spec": asked(VERIFIER), "policy": only("mutation")}, {"verifiers": [VERIFIER], "whole": True}),
        (
            {"spec": asked(VERIFIER), "policy": only("tests", advisory=("mutation",))},
            {"verifiers": [VERIFIER], "whole": True},
        ),
        ({"spec": spec("gate:mutation")}, {"verifiers": [], "whole": True}),
        ({"spec": critical_spec(f"pytest:{VERIFIER}")}, {"verifiers": [], "whole": False}),
    ],
    ids=["alone", "for a clause", "required", "advisory", "as a verifier", "critical"],
)
async def test_what_it_is_asked_depends_on_who_asks(
    shop: Bench, changes: dict[str, object], inputs: dict[str, object]
) -> None:
    from agent_gate.gating.checks.mutation import MUTATION

    assert MUTATION.inputs(shop.change({PRICE: FREE}, **changes)) == inputs
