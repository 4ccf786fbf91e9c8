"""The tests gate with the real pytest in the real sandbox: ways to a green light that must not be one."""

from __future__ import annotations

import asyncio
import py_compile
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from benches import Bench, Change, MakeBench

from agent_gate.domain.gate import GateResult

BASE = {
    "pyproject.toml": '[project]\nname="calc"\nversion="0"\n[tool.pytest.ini_options]\ntestpaths=["tests"]\n',
    "src/calc/__init__.py": "from .core import add, mean\n",
    "src/calc/core.py": "def add(a, b):\n    return a + b\n\n\ndef mean(xs):\n    return sum(xs) / len(xs)\n",
    "tests/conftest.py": "import pytest\n\n\n@pytest.fixture\ndef xs():\n    return [1, 2, 3]\n",
    "tests/test_core.py": "from calc import add, mean\n\n\ndef test_add():\n    assert add(-1, 2) == 1\n\n\n"
    "def test_mean(xs):\n    assert mean(xs) == 2\n",
}
CORE, TEST, CONFTEST = "src/calc/core.py", "tests/test_core.py", "tests/conftest.py"
BROKEN = BASE[CORE].replace("a + b", "abs(a) + b")
"""A wrong change: `test_add` fails over it."""
INIT = BASE["src/calc/__init__.py"]


@pytest.fixture(scope="module")
def base_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The base is the same in all these tests: it is measured once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def _shared_cache(base_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_GATE_CACHE_DIR", str(base_cache))


@pytest.fixture
async def calc(bench: MakeBench, _shared_cache: None) -> Bench:
    return await bench(BASE, "tests")


def rules(result: GateResult, level: str) -> set[str]:
    return {f.rule for f in result.findings if f.level == level and f.introduced}


async def test_an_honest_change_passes_and_its_test_is_red_on_the_base(calc: Bench) -> None:
    result = await calc.result(
        {
            CORE: BASE[CORE].replace("len(xs)", "len(xs) if xs else 0"),
            "tests/test_empty.py": "from calc import mean\n\n\ndef test_empty():\n"
            "    try:\n        got = mean([])\n    except ZeroDivisionError:\n        got = None\n    assert got == 0\n",
        }
    )
    assert (result.status, result.findings) == ("passed", ()), result
    case = next(case for case in result.cases if case.id == "tests/test_empty.py::test_empty")
    assert (case.outcome, case.on_base, case.red, case.changed) == ("passed", "failed", "assertion", True)
    other = next(case for case in result.cases if case.id == "tests/test_core.py::test_add")
    assert (other.outcome, other.on_base, other.red, other.changed) == ("passed", "passed", "", False)
    assert (result.sandbox, result.measures["tests"], result.measures["red_on_base"]) == ("bubblewrap", 3, 1)


async def test_a_wrong_change_fails_with_the_assertion_and_its_place(calc: Bench) -> None:
    result = await calc.result({CORE: BROKEN})
    (finding,) = result.findings
    assert result.status == "failed"
    assert (finding.rule, finding.path, finding.line) == ("failing-test", TEST, 4)
    assert "assert 3 == 1" in finding.message
    assert "assert add(-1, 2) == 1" in finding.excerpt
    assert len(finding.excerpt.splitlines()) <= 12


# Each of these turns pytest's exit code, its output or its collection green over the broken source.
ATTACKS: Mapping[str, Change] = {
    "conftest that rewrites reports": {
        CONFTEST: BASE[CONFTEST]
        + "\n\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport(item, call):\n    o = yield\n"
        "    r = o.get_result()\n    r.outcome = 'passed'\n    r.longrepr = None\n"
    },
    "conftest that sets the exit status": {
        CONFTEST: BASE[CONFTEST]
        + "\n\n@pytest.hookimpl(trylast=True)\ndef pytest_sessionfinish(session, exitstatus):\n    session.exitstatus = 0\n"
    },
    "conftest that ends the process": {
        CONFTEST: BASE[CONFTEST] + "\n\ndef pytest_collection_finish(session):\n    import os\n    os._exit(0)\n"
    },
    "conftest that drops tests": {
        CONFTEST: BASE[CONFTEST]
        + "\n\ndef pytest_collection_modifyitems(items):\n    items[:] = [i for i in items if 'add' not in i.name]\n"
    },
    "new root conftest": {
        "conftest.py": "def pytest_pyfunc_call(pyfuncitem):\n    return True\n",
    },
    "new conftest that ignores the folder": {"conftest.py": "collect_ignore = ['tests']\n"},
    "addopts that deselect": {
        "pyproject.toml": BASE["pyproject.toml"] + "addopts = \"-k 'not add'\"\n",
    },
    "addopts that only collect": {"pyproject.toml": BASE["pyproject.toml"] + 'addopts = "--co"\n'},
    "new pytest.ini": {"pytest.ini": "[pytest]\npythonpath = src\npython_functions = check_*\ntestpaths = tests\n"},
    "new tests/pytest.ini": {"tests/pytest.ini": "[pytest]\naddopts = -k nothing\n"},
    "exit at import": {"src/calc/__init__.py": INIT + "import os, sys\nif 'pytest' in sys.modules:\n    os._exit(0)\n"},
    "exit in the function": {CORE: "import os\n" + BROKEN.replace("return abs", "os._exit(0)\n    return abs")},
    "sys.exit at import": {"src/calc/__init__.py": INIT + "import sys\nsys.exit(0)\n"},
    "exit at the end": {"src/calc/__init__.py": INIT + "import atexit, os\natexit.register(os._exit, 0)\n"},
    "source that patches the reports": {
        "src/calc/__init__.py": INIT
        + "import sys\nR = sys.modules['_pytest.reports'].TestReport\no = R.from_item_and_call.__func__\n\n\n"
        "def f(cls, item, call):\n    r = o(cls, item, call)\n    r.outcome = 'passed'\n    r.longrepr = None\n"
        "    return r\n\n\nR.from_item_and_call = classmethod(f)\n"
    },
    "source that patches the call": {
        "src/calc/__init__.py": INIT
        + "import _pytest.python\n_pytest.python.Function.runtest = lambda self: None\n"
    },
    "shadow pytest.py": {"pytest.py": "import sys\nfixture = lambda f: f\nmain = lambda *a, **k: 0\n"},
    "shadow _pytest": {"_pytest/__init__.py": "", "_pytest/reports.py": "x = 1\n"},
    "sitecustomize": {"sitecustomize.py": "import os\nos._exit(0)\n"},
    "a plugin by distribution metadata": {
        "evil.dist-info/METADATA": "Metadata-Version: 2.1\nName: evil\nVersion: 1\n",
        "evil.dist-info/entry_points.txt": "[pytest11]\nevil = evil\n",
        "evil.py": "def pytest_pyfunc_call(pyfuncitem):\n    return True\n",
    },
    "byte code in place of source": {
        "src/calc/__pycache__/core.cpython-311.pyc": b"poison",
    },
}  # fmt: skip


@pytest.mark.parametrize("attack", sorted(ATTACKS))
async def test_no_way_around_a_failing_test(calc: Bench, attack: str) -> None:
    result = await calc.result({CORE: BROKEN, **ATTACKS[attack]})
    assert result.status in {"failed", "errored"}, result
    assert result.reason
    if result.status == "errored":
        assert result.hint


QUESTIONS: Mapping[str, tuple[Change, str]] = {
    "a deleted test": ({TEST: BASE[TEST].split("\n\n\ndef test_mean")[0] + "\n"}, "removed-test"),
    "a deleted file": ({TEST: None}, "removed-test"),
    "a renamed test": ({TEST: BASE[TEST].replace("def test_add", "def check_add")}, "removed-test"),
    "a new skip": (
        {TEST: BASE[TEST].replace("def test_add", "@pytest.mark.skip\ndef test_add").replace("from", "import pytest\nfrom", 1)},
        "skipped-test",
    ),
    "an xfail": (
        {TEST: BASE[TEST].replace("def test_add", "@pytest.mark.xfail\ndef test_add").replace("from", "import pytest\nfrom", 1)},
        "skipped-test",
    ),
    "a changed expectation": ({TEST: BASE[TEST].replace("== 1", "== 3")}, "changed-expectation"),
    "an assertion that cannot fail": ({TEST: BASE[TEST].replace("== 1", "== 1 or True")}, "changed-expectation"),
    "an early return": ({TEST: BASE[TEST].replace("    assert add", "    return\n    assert add")}, "changed-expectation"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(QUESTIONS))
async def test_weakened_tests_are_questions(calc: Bench, name: str) -> None:
    change, rule = QUESTIONS[name]
    result = await calc.result({CORE: BROKEN, **change})
    assert rule in rules(result, "ask"), result
    asked = next(f for f in result.findings if f.rule == rule)
    assert asked.path == TEST
    assert "test_" in asked.message


async def test_a_test_of_an_untouched_file_that_a_conftest_skips_is_lost(calc: Bench) -> None:
    skipping = BASE[CONFTEST] + "\n\n@pytest.fixture(autouse=True)\ndef _skip():\n    pytest.skip('later')\n"
    result = await calc.result({CONFTEST: skipping})
    assert rules(result, "block") == {"lost-test", "no-tests-run"}


async def test_red_by_a_name_that_the_change_introduces(calc: Bench) -> None:
    more = BASE[CORE] + "\n\ndef total(xs, start=0):\n    return sum(xs) + start\n"
    result = await calc.result(
        {
            CORE: more,
            "src/calc/extra.py": "ONE = 1\n",
            "tests/test_import.py": "from calc.core import total\n\n\ndef test_total():\n    assert total([1]) == 1\n",
            "tests/test_module.py": "import calc.extra\n\n\ndef test_one():\n    assert calc.extra.ONE == 1\n",
            "tests/test_attribute.py": "from calc import core\n\n\ndef test_total():\n    assert core.total([1], start=1) == 2\n",
        }
    )
    assert {c.id: c.red for c in result.cases if c.changed} == {
        "tests/test_import.py::test_total": "ImportError",
        "tests/test_module.py::test_one": "ModuleNotFoundError",
        "tests/test_attribute.py::test_total": "AttributeError",
    }
    assert result.findings == ()


async def test_a_missing_package_and_a_syntax_error_are_not_red(calc: Bench) -> None:
    result = await calc.result(
        {
            CORE: BASE[CORE] + "\nX = 1\n",
            "tests/test_third.py": "import no_such_package\n\n\ndef test_x():\n    assert no_such_package\n",
            "tests/test_bad.py": "def test_y(:\n    pass\n",
        }
    )
    assert rules(result, "block") == {"collection-error"}
    assert not [case.red for case in result.cases if case.red]


async def test_tests_that_show_nothing_are_a_question(calc: Bench) -> None:
    result = await calc.result(
        {CORE: BASE[CORE] + "\nX = 1\n", "tests/test_new.py": "def test_new():\n    assert True\n"}
    )
    assert (result.status, rules(result, "ask")) == ("passed", {"no-red-test"})


async def test_a_change_of_tests_alone_that_pass_on_the_base_is_neither(calc: Bench) -> None:
    result = await calc.result(
        {"tests/test_new.py": "from calc import add\n\n\ndef test_new():\n    assert add(1, 1) == 2\n"}
    )
    assert (result.status, result.findings) == ("passed", ())


@pytest.mark.parametrize(
    "attack",
    [
        "addopts that deselect",
        "addopts that only collect",
        "new pytest.ini",
        "new tests/pytest.ini",
        "sitecustomize",
        "shadow pytest.py",
        "a plugin by distribution metadata",
        "byte code in place of source",
    ],
)
async def test_configuration_and_start_up_files_of_the_change_have_no_effect(
    calc: Bench, attack: str
) -> None:
    result = await calc.result({CORE: BASE[CORE] + "\nX = 1\n", **ATTACKS[attack]})
    assert (result.status, result.measures["passed"]) == ("passed", 2), result


async def test_byte_code_never_stands_in_for_source(calc: Bench, tmp_path: Path) -> None:
    source = tmp_path / "core.py"
    source.write_text(BASE[CORE])
    compiled = py_compile.compile(
        str(source), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
    )
    assert compiled
    poison = await asyncio.to_thread(Path(compiled).read_bytes)
    tag = sys.implementation.cache_tag
    result = await calc.result({CORE: BROKEN, f"src/calc/__pycache__/core.{tag}.pyc": poison})
    assert rules(result, "block") == {"failing-test"}


async def test_what_failed_before_is_not_the_changes_doing(bench: MakeBench) -> None:
    made = await bench({**BASE, CORE: BROKEN, "tests/test_broken.py": "import no_such_package\n"}, "tests")
    result = await made.result({"src/calc/other.py": "X = 1\n"})
    assert result.status == "passed"
    assert {(f.rule, f.level, f.introduced) for f in result.findings} == {
        ("failing-test", "note", False), ("collection-error", "note", False),
    }  # fmt: skip


async def test_source_without_a_single_test_is_a_question(bench: MakeBench) -> None:
    result = await (await bench({"m.py": "X = 1\n"}, "tests")).result({"m.py": "X = 2\n"})
    assert (result.status, rules(result, "ask")) == ("passed", {"no-tests"})


async def test_no_source_is_not_applicable_but_deleting_all_of_it_is_not_nothing(bench: MakeBench) -> None:
    made = await bench({"README.md": "x", "tests/test_a.py": "def test_a():\n    assert True\n"}, "tests")
    assert rules(await made.result({"tests/test_a.py": None}), "ask") == {"removed-test"}
    other = replace(
        made, request=replace(made.request, base_tree=(tree := made.change({"tests/test_a.py": None}).tree))
    )
    assert tree
    assert (await other.result({"README.md": "y"})).reason == "not applicable"


async def test_a_run_that_changes_tracked_files_is_an_error(calc: Bench) -> None:
    writer = "def test_writes():\n    open('src/calc/core.py', 'a').write('# more')\n"
    result = await calc.result({"tests/test_writes.py": writer})
    assert result.status == "errored"
    assert "src/calc/core.py" in result.reason


async def test_a_missing_pytest_is_an_error_with_a_hint(calc: Bench) -> None:
    without = replace(calc.request.environment, pytest="", digest="other")
    result = await calc.result({CORE: BROKEN}, environment=without)
    assert result.status == "errored"
    assert "install it there" in result.hint


async def test_a_time_limit_ends_all_runs_together(bench: MakeBench) -> None:
    made = await bench(BASE, "tests")
    definition = made.request.definitions[0]
    short = definition.model_copy(update={"options": {**definition.options, "minimum_s": 2, "times_base": 0}})
    result = await made.result(
        {"tests/test_slow.py": "import time\n\n\ndef test_slow():\n    time.sleep(60)\n"},
        definitions=(short,),
    )
    assert result.status == "errored"
    assert "time limit" in result.reason
    assert result.duration_ms < 12_000


async def test_without_a_sandbox_nothing_runs_unless_a_person_agreed(calc: Bench) -> None:
    refused = await calc.result({CORE: BROKEN}, sandbox=None, use_cache=False)
    assert (refused.status, refused.sandbox) == ("errored", "")
    assert "allow-unsandboxed" in refused.hint
    agreed = await calc.result({CORE: BROKEN}, sandbox=None, allow_unsandboxed=True)
    assert (agreed.status, agreed.sandbox) == ("failed", "none")


@pytest.mark.parametrize("confined", [True, False], ids=["confined", "unconfined"])
@pytest.mark.parametrize("prefix", ["", "src/"], ids=["flat", "src"])
async def test_the_candidates_code_is_imported_not_an_installed_version(
    bench: MakeBench, tmp_path: Path, prefix: str, confined: bool
) -> None:
    checkout = tmp_path / "checkout"
    (checkout / "calc").mkdir(parents=True)
    (checkout / "calc" / "__init__.py").write_text("VERSION = 'installed'\n")
    made = await bench(
        {
            f"{prefix}calc/__init__.py": "VERSION = 'base'\n",
            "tests/test_v.py": "import calc\n\n\ndef test_v():\n    assert calc.VERSION in {'base', 'candidate'}\n",
        },
        "tests",
        confined=confined,
    )
    python = _environment_with_editable(tmp_path / "venv", checkout, made.request.environment.python)
    environment = replace(
        made.request.environment, python=python, paths=(*made.request.environment.paths, tmp_path / "venv")
    )
    change = {f"{prefix}calc/__init__.py": "VERSION = 'candidate'\n"}
    good = await made.result(change, environment=environment)
    assert good.status == "passed", good
    bad = await made.result({f"{prefix}calc/__init__.py": "VERSION = 'broken'\n"}, environment=environment)
    assert bad.status == "failed", bad


def _environment_with_editable(folder: Path, checkout: Path, python: Path) -> Path:
    """A virtual environment that sees this one's packages, and an editable install of a checkout."""
    import sysconfig
    import venv

    venv.create(folder, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "editable.pth").write_text(f"{checkout}\n{sysconfig.get_path('purelib')}\n")
    assert python.exists()
    return folder / "bin" / "python"


async def test_code_from_elsewhere_is_an_error_that_names_the_file(bench: MakeBench, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    (checkout / "calc").mkdir(parents=True)
    (checkout / "calc" / "__init__.py").write_text("VERSION = 'installed'\n")
    first = f"import sys\nsys.path.insert(0, {str(checkout)!r})\n"
    made = await bench(
        {
            "calc/__init__.py": "VERSION = 'base'\n",
            "conftest.py": first,
            "tests/test_v.py": "import calc\n\n\ndef test_v():\n    assert calc.VERSION\n",
        },
        "tests",
        confined=False,
    )
    result = await made.result({"calc/__init__.py": "VERSION = 'candidate'\n"})
    assert result.status == "errored"
    assert str(checkout / "calc" / "__init__.py") in result.reason
    assert "calc/__init__.py" in result.reason


async def test_the_environments_plugins_work_by_their_names(bench: MakeBench) -> None:
    from agent_gate.gating.environment import describe

    made = await bench(
        {
            "pyproject.toml": '[tool.pytest.ini_options]\nasyncio_mode = "auto"\naddopts = "-n 2"\n',
            "m.py": "X = 1\n",
            "test_m.py": "async def test_m():\n    assert True\n",
        },
        "tests",
    )
    whole = await describe(made.request.environment.python, Path("/nowhere"))
    assert {"asyncio", "xdist"} <= {plugin.name for plugin in whole.plugins}
    result = await made.result({"m.py": "X = 2\n"}, environment=whole)
    assert (result.status, result.findings) == ("passed", ()), result


async def test_what_a_failing_test_says_is_the_same_in_every_run(calc: Bench) -> None:
    change = {
        "tests/test_says.py": "class Box:\n    pass\n\n\ndef test_address():\n    assert Box() == 1\n\n\n"
        "def test_without_fixture(no_such_fixture):\n    assert no_such_fixture\n"
    }
    first = await calc.result(change, use_cache=False)
    second = await calc.result(change, use_cache=False)
    assert first.status == "failed"
    assert [f.fingerprint for f in first.findings] == [f.fingerprint for f in second.findings]
    said = {finding.message.partition(": ")[2] for finding in first.findings}
    assert any(text.startswith("fixture 'no_such_fixture' not found") for text in said), said
    assert not any("/agent-gate-" in finding.excerpt + finding.message for finding in first.findings)


async def test_a_conftest_that_needs_the_change_is_red_and_no_error(calc: Bench) -> None:
    """Over the base's source it cannot be imported: so are all tests below it, for a name that is new."""
    result = await calc.result({
        CORE: BASE[CORE] + "\n\ndef twice(x):\n    return 2 * x\n",
        CONFTEST: "from calc.core import twice\n" + BASE[CONFTEST],
        "tests/test_twice.py": "from calc.core import twice\n\n\ndef test_twice():\n    assert twice(2) == 4\n",
    })  # fmt: skip
    assert (result.status, rules(result, "block"), rules(result, "ask")) == ("passed", set(), set()), result
    case = next(case for case in result.cases if case.id.endswith("::test_twice"))
    assert (case.outcome, case.on_base, case.red) == ("passed", "errored", "ImportError")


async def test_a_conftest_that_the_change_breaks_is_one_question(calc: Bench) -> None:
    """The base's conftest.py asks for a name that is gone: its tests were never run over the new source."""
    base = {**BASE, CONFTEST: "from calc.core import mean\n" + BASE[CONFTEST]}
    made = {path: text.replace("mean", "average") for path, text in base.items()}
    tree = calc.change(base).tree
    moved = replace(calc, request=replace(calc.request, base_tree=tree))
    result = await moved.result(made)
    assert rules(result, "block") == set(), result
    (asked,) = [f for f in result.findings if f.rule == "changed-expectation"]
    assert "tests/conftest.py cannot be imported: cannot import name 'mean'" in asked.message


async def test_a_conftest_that_is_broken_is_an_error_that_names_it(calc: Bench) -> None:
    result = await calc.result({CONFTEST: "import no_such_package\n" + BASE[CONFTEST]})
    assert result.status == "errored"
    assert "tests/conftest.py cannot be imported: No module named 'no_such_package'" in result.reason


async def test_a_new_mark_counts_although_the_configuration_is_the_base_s(calc: Bench) -> None:
    strict = BASE["pyproject.toml"] + 'addopts = "--strict-markers"\n'
    tree = calc.change({"pyproject.toml": strict}).tree
    made = replace(calc, request=replace(calc.request, base_tree=tree))
    marked = "import pytest\n\n\n@pytest.mark.slow\ndef test_slow():\n    assert 1 + 1 == 2\n"
    registered = strict + 'markers = ["slow: takes long"]\n'
    wanted = {"pyproject.toml": registered, "tests/test_slow.py": marked}
    assert rules(await made.result(wanted), "block") == set()
    unknown = await made.result({"pyproject.toml": strict, "tests/test_slow.py": marked})
    assert rules(unknown, "block") == {"collection-error"}


async def test_a_test_that_fails_before_and_after_may_have_a_new_neighbour(calc: Bench) -> None:
    tree = calc.change({CORE: BROKEN}).tree
    made = replace(calc, request=replace(calc.request, base_tree=tree))
    neighbour = BASE[TEST] + "\n\ndef test_nothing():\n    assert add(0, 0) == 0\n"
    result = await made.result({CORE: BROKEN, TEST: neighbour})
    assert result.status == "passed"
    assert {(f.rule, f.level, f.introduced) for f in result.findings} == {("failing-test", "note", False)}
    rewritten = BASE[TEST].replace("add(-1, 2) == 1", "add(-1, 2) == 7")
    assert (await made.result({CORE: BASE[CORE], TEST: rewritten})).status == "failed", (
        "its old version passes now"
    )
