"""The ruff gate, with the real ruff: what a change may write to silence it, and what it must not cry over."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from benches import MakeBench

from agent_gate.domain.gate import GateResult
from agent_gate.domain.policy import GateOptions, GatesPolicy, Policy
from agent_gate.domain.spec import Spec
from agent_gate.vcs.repo import Entry

OLD = "import os\n"
NEW = {"new.py": "import sys\n"}


def found(result: GateResult, level: str) -> list[tuple[str, str]]:
    return [(f.path, f.rule) for f in result.findings if f.level == level]


async def test_only_what_the_change_introduces_blocks(bench: MakeBench) -> None:
    result = await (await bench({"old.py": OLD}, "ruff")).result(NEW)
    assert result.status == "failed"
    assert found(result, "block") == [("new.py", "F401")]
    assert result.findings[0].excerpt == "import sys"
    assert result.tool_version


async def test_a_second_identical_finding_in_a_file_is_new(bench: MakeBench) -> None:
    base = "def a(x):\n    return x == None\n"
    twice = base + "\n\ndef b(x):\n    return x == None\n"
    result = await (await bench({"m.py": base}, "ruff")).result({"m.py": twice})
    assert found(result, "block") == [("m.py", "E711")]


async def test_moved_code_and_a_renamed_file_are_not_new(bench: MakeBench) -> None:
    text = "import os\nimport sys\n\n\ndef value():\n    return 1\n"
    made = await bench({"old.py": text}, "ruff")
    result = await made.result({"old.py": None, "renamed.py": f"X = 1\n{text}".replace("X = 1\n", "\n\n")})
    assert result.status == "passed", result.findings


OPINIONS = {
    "B904": "def f(x):\n    try:\n        return int(x)\n    except TypeError:\n        raise ValueError(x)\n",
    "B007": "def f(xs):\n    for x in xs:\n        print()\n",
    "B905": "def f(a, b):\n    return zip(a, b)\n",
    "E731": "f = lambda x: x\n",
    "S101": "def f(x):\n    assert x\n",
    "S110": "def f(x):\n    try:\n        x()\n    except Exception:\n        pass\n",
    "S311": "import random\n\n\ndef f():\n    return random.random()\n",
}


@pytest.mark.parametrize("rule", sorted(OPINIONS))
async def test_opinions_that_the_project_has_not_asked_for_are_told(bench: MakeBench, rule: str) -> None:
    change = {"pkg/new.py": OPINIONS[rule]}
    plain = await (await bench({"old.py": OLD}, "ruff")).result(change)
    assert (plain.status, found(plain, "note")) == ("passed", [("pkg/new.py", rule)])


@pytest.mark.parametrize("rule", sorted(OPINIONS))
async def test_opinions_block_where_the_project_asks_for_them(bench: MakeBench, rule: str) -> None:
    chosen = {"old.py": OLD, "ruff.toml": f'lint.select = ["{rule}"]\n'}
    assert found(await (await bench(chosen, "ruff")).result({"new.py": OPINIONS[rule]}), "block")


UNSORTED = "import sys\nimport os\n\nprint(os, sys)\n"
"""I001 and T201, of which the first is among the rules that ruff itself chooses."""


@pytest.mark.parametrize(
    ("configured", "level"),
    [
        ("line-length = 100\n", "note"),
        ("[lint]\nignore = ['E731']\n", "note"),
        ("[lint]\nselect = ['I']\n", "block"),
        ("[lint]\nextend-select = ['I001']\n", "block"),
        ("[lint]\nextend-select = ['ALL']\n", "block"),
    ],
)
async def test_rules_that_only_a_newer_ruff_chooses_are_told(
    bench: MakeBench, configured: str, level: str
) -> None:
    made = await bench({"old.py": OLD, "ruff.toml": configured}, "ruff")
    assert ("new.py", "I001") in found(await made.result({"new.py": UNSORTED}), level)


async def test_a_configuration_that_chooses_nothing_holds_what_none_holds(bench: MakeBench) -> None:
    made = await bench({"old.py": OLD, "ruff.toml": "line-length = 100\n"}, "ruff")
    assert found(await made.result(NEW), "block") == [("new.py", "F401")]
    nested = await made.result(
        {"n.py": "def f(x, y):\n    if x:\n        if y:\n            return 1\n    return 2\n"}
    )
    assert found(nested, "note") == [("n.py", "SIM102")], "it is not of the group S"
    broken = await made.result({"new.py": "def f(:\n"})
    assert {rule for _, rule in found(broken, "block")} == {"invalid-syntax"}


async def test_a_suppression_of_what_nobody_asked_for_is_told(bench: MakeBench) -> None:
    made = await bench({"old.py": OLD}, "ruff")
    silenced = {
        "tests/test_f.py": "def f():\n    1 / 0  # noqa: B018\n",
        "f.py": "import sys  # noqa: F401\n",
    }
    result = await made.result(silenced)
    assert (found(result, "note"), found(result, "ask")) == (
        [("tests/test_f.py", "B018")],
        [("f.py", "F401")],
    )


MATCH = "def f(x):\n    match x:\n        case 1:\n            return 2\n"


async def test_syntax_that_is_too_new_blocks_where_the_change_brings_it(bench: MakeBench) -> None:
    project = '[project]\nname = "m"\nrequires-python = ">=3.9"\n[tool.ruff]\nlint.select = ["E9"]\n'
    files = {"pyproject.toml": project, "m.py": MATCH}
    made = await bench(files, "ruff")
    assert found(await made.result({"m.py": MATCH + "\n\nX = 1\n"}), "block") == []
    assert found(await made.result({"n.py": MATCH}), "block") == [("n.py", "invalid-syntax")]
    raised = {"n.py": MATCH, "pyproject.toml": project.replace("3.9", "3.10")}
    assert found(await made.result(raised), "note") == [("n.py", "invalid-syntax")]


OLD_SHELL = "import subprocess\n\n\ndef f(c):\n    return subprocess.call(c, shell=True)\n"


@pytest.mark.parametrize("gate", ["ruff", "bandit"])
async def test_what_was_as_bad_before_it_was_edited_is_a_question(bench: MakeBench, gate: str) -> None:
    made = await bench({"m.py": OLD_SHELL}, gate)
    edited = OLD_SHELL.replace("(c, shell=True)", "(c, shell=True, text=True)")
    asked = await made.result({"m.py": edited})
    assert (asked.status, len(found(asked, "ask"))) == ("passed", 1), asked
    assert "the lines that the change replaces had the same" in asked.findings[0].message
    twice = await made.result(
        {"m.py": edited + "\n\n" + edited.partition("\n\n\n")[2].replace("f(c)", "g(c)")}
    )
    assert (twice.status, len(found(twice, "block"))) == ("failed", 1), "one of them is new"


async def test_another_line_is_no_place_for_an_old_fault(bench: MakeBench) -> None:
    text = OLD_SHELL + "\n\ndef g(c):\n    return c\n"
    moved = text.replace("(c, shell=True)", "(c)").replace(
        "return c\n", "return subprocess.call([c], shell=True)\n"
    )
    made = await bench({"m.py": text}, "ruff")
    assert found(await made.result({"m.py": moved}), "block") == [("m.py", "S602")]


async def test_opinions_block_where_the_policy_says_low(bench: MakeBench) -> None:
    policy = Policy(gates=GatesPolicy(options={"ruff": GateOptions(block_at="low")}))
    strict = await bench({"old.py": OLD}, "ruff", policy=policy)
    assert found(await strict.result({"new.py": OPINIONS["S101"]}), "block") == [("new.py", "S101")]


async def test_what_a_package_imports_for_others_is_used_and_a_useless_import_elsewhere_is_not(
    bench: MakeBench,
) -> None:
    made = await bench({"pkg/_json.py": "X = 1\n"}, "ruff")
    assert (await made.result({"pkg/__init__.py": "from ._json import X\n"})).status == "passed"
    beside = await made.result({"pkg/init.py": "from ._json import X\n"})
    assert found(beside, "block") == [("pkg/init.py", "F401")]


async def test_an_expression_for_its_exception_is_told_in_tests_only(bench: MakeBench) -> None:
    made = await bench({"old.py": OLD}, "ruff")
    raising = "def f():\n    1 / 0\n"
    assert found(await made.result({"testing/test_f.py": raising}), "note") == [("testing/test_f.py", "B018")]
    assert found(await made.result({"f.py": raising}), "block") == [("f.py", "B018")]


@pytest.mark.parametrize(
    "source",
    [
        "import sys  # noqa\n",
        "import sys  # noqa: F401\n",
        "# ruff: noqa\nimport sys\n",
        "# flake8: noqa\nimport sys\n",
        "# ruff: file-ignore[F401]\nimport sys\n",
        "import sys  # ruff: ignore[F401]\n",
        "# ruff: disable[F401]\nimport sys\n# ruff: enable[F401]\n",
    ],
)
async def test_a_new_suppression_is_a_question(bench: MakeBench, source: str) -> None:
    result = await (await bench({"old.py": OLD}, "ruff")).result({"new.py": source})
    assert ("new.py", "F401") in found(result, "ask")
    assert all(f.suppressed for f in result.findings if f.level == "ask")


async def test_a_suppression_over_old_findings_is_a_question_too(bench: MakeBench) -> None:
    result = await (await bench({"old.py": OLD}, "ruff")).result({"old.py": f"# ruff: noqa\n{OLD}"})
    assert found(result, "ask") == [("old.py", "F401")]


@pytest.mark.parametrize(
    "silencer",
    [
        {"ruff.toml": "lint.select = []\n"},
        {".ruff.toml": "lint.select = []\n"},
        {"pkg/ruff.toml": "lint.select = []\n"},
        {"pyproject.toml": "[tool.ruff.lint]\nselect = []\n"},
        {"pyproject.toml": '[tool.ruff]\nexclude = ["*"]\n'},
        {".gitignore": "*.py\n"},
        {".ignore": "*\n"},
        {"pkg/.ruffignore": "*\n"},
    ],
    ids=str,
)
@pytest.mark.parametrize("base", [{}, {"ruff.toml": 'lint.select = ["F"]\n'}], ids=["default", "configured"])
async def test_the_candidates_configuration_has_no_effect(
    bench: MakeBench, silencer: Mapping[str, str], base: Mapping[str, str]
) -> None:
    made = await bench({"old.py": OLD, "pkg/a.py": "", **base}, "ruff")
    result = await made.result({**silencer, "pkg/new.py": "import sys\n"})
    assert found(result, "block") == [("pkg/new.py", "F401")]


@pytest.mark.parametrize("folder", ["build", "dist", "venv", "node_modules", ".tox"])
async def test_folders_that_ruff_skips_by_itself_are_looked_at(bench: MakeBench, folder: str) -> None:
    result = await (await bench({"old.py": OLD}, "ruff")).result({f"{folder}/x.py": "import sys\n"})
    assert found(result, "block") == [(f"{folder}/x.py", "F401")]


@pytest.mark.parametrize("path", ["ruff.toml", ".ruff.toml", "pyproject.toml"])
async def test_the_base_configures(bench: MakeBench, path: str) -> None:
    prefix = "tool.ruff.lint" if path == "pyproject.toml" else "lint"
    made = await bench({path: f'[{prefix}]\nselect = ["E711"]\n', "m.py": ""}, "ruff")
    assert (await made.result(NEW)).status == "passed"
    assert found(await made.result({"n.py": "x = 1\nx == None\n"}), "block") == [("n.py", "E711")]


async def test_a_file_that_the_base_leaves_out_is_not_asked_about_but_a_new_place_is(
    bench: MakeBench,
) -> None:
    made = await bench({"ruff.toml": 'exclude = ["gen", "other"]\n', "gen/a.py": "", "m.py": ""}, "ruff")
    assert (await made.result({"gen/b.py": "import sys\n"})).findings == ()
    assert found(await made.result({"other/b.py": "import sys\n"}), "ask") == [("other/b.py", "unexamined")]


@pytest.mark.parametrize("content", ["def (\n", b"x = '\xff'\n", "x = 1\n\0"])
@pytest.mark.parametrize("base", [{}, {"ruff.toml": "lint.select = []\n"}], ids=["default", "configured"])
async def test_a_file_that_cannot_be_parsed_blocks(
    bench: MakeBench, content: str | bytes, base: Mapping[str, str]
) -> None:
    result = await (await bench({"old.py": OLD, **base}, "ruff")).result({"new.py": content})
    assert result.status == "failed"
    assert "new.py" in {path for path, _ in found(result, "block")}


async def test_a_changed_file_that_was_broken_before_still_blocks(bench: MakeBench) -> None:
    result = await (await bench({"m.py": "def (\n"}, "ruff")).result({"m.py": "def (\nx = 1\n"})
    assert result.status == "failed"


async def test_the_default_rules_spare_tests_from_s_and_lines_from_their_length(bench: MakeBench) -> None:
    long = "X = '" + "x" * 200 + "'\n"
    files = {
        "tests/test_a.py": f"def test_a():\n    assert 1 == 1\n\n\n{long}",
        "pkg/test_b.py": "assert True\n",
    }
    assert (await (await bench({"old.py": OLD}, "ruff")).result(files)).status == "passed"


async def test_new_syntax_is_no_syntax_error(bench: MakeBench) -> None:
    source = "type Pair[T] = tuple[T, T]\n"
    assert (await (await bench({"old.py": OLD}, "ruff")).result({"new.py": source})).status == "passed"


async def test_a_project_that_fixes_is_not_fixed(bench: MakeBench) -> None:
    made = await bench({"ruff.toml": 'fix = true\nlint.select = ["F"]\n', "m.py": ""}, "ruff")
    assert found(await made.result(NEW), "block") == [("new.py", "F401")]


async def test_a_configuration_that_ruff_refuses_is_an_error_with_a_hint(bench: MakeBench) -> None:
    result = await (await bench({"ruff.toml": "nonsense = 1\n", "m.py": ""}, "ruff")).result(NEW)
    assert result.status == "errored"
    assert "nonsense" in result.reason
    assert result.hint


async def test_nothing_to_look_at_is_not_applicable(bench: MakeBench) -> None:
    result = await (await bench({"README.md": "x"}, "ruff")).result({"README.md": "y"})
    assert (result.status, result.reason) == ("skipped", "not applicable")


async def test_a_link_in_place_of_source_is_not_followed(bench: MakeBench) -> None:
    made = await bench({"m.py": "", "secret.txt": "import sys\n"}, "ruff")
    link = Entry("120000", made.repository.write_blob(b"/etc/hostname"))
    result = await made.result({"evil.py": link, **NEW})
    assert all(f.excerpt == "" for f in result.findings if f.path == "evil.py")


def spec(*verifiers: str) -> Spec:
    return Spec.model_validate({
        "schema": "agent-gate/spec/v1", "id": "a", "title": "a", "goal": "a", "risk": "trivial",
        "paths": {"allow": ["*"]}, "acceptance": [{"id": "ACC-1", "statement": "s", "verified_by": verifiers}],
    })  # fmt: skip


async def test_a_rule_that_a_clause_rests_on_is_applied_and_known(bench: MakeBench) -> None:
    asked = spec("ruff:S608", "ruff:XYZ999")
    made = await bench({"ruff.toml": 'lint.select = ["E711"]\n', "m.py": ""}, "ruff", spec=asked)
    clean = await made.result({"n.py": "x = 1\n"})
    assert clean.known_rules == ("S608",)
    assert clean.status == "passed"
    sql = 'def q(c, n):\n    c.execute("SELECT * FROM t WHERE n = \'" + n + "\'")  # noqa\n'
    assert found(await made.result({"n.py": sql}), "block") == [("n.py", "S608")]


async def test_a_program_without_an_ending_is_linted(bench: MakeBench) -> None:
    program = "#!/usr/bin/env python3\n"
    made = await bench(
        {"old.py": "", "bin/old": f"{program}import os\n", "ruff.toml": "lint.select = ['F']\n"}, "ruff"
    )
    result = await made.result(
        {"bin/new": f"{program}import sys  # noqa\nimport json\n", "bin/old": f"{program}\nimport os\n"}
    )
    assert found(result, "block") == [("bin/new", "F401")]
    assert found(result, "ask") == [("bin/new", "F401")]
    assert {finding.excerpt for finding in result.findings} == {"import json", "import sys  # noqa"}
