"""The bandit gate, with the real bandit."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from benches import MakeBench

from agent_gate.domain.gate import NOT_APPLICABLE, GateResult
from agent_gate.domain.policy import GateOptions, GatesPolicy, Policy
from agent_gate.domain.spec import Spec

OLD = {"old.py": "X = 1\n"}
EVAL = "def run(text):\n    return eval(text)\n"


def found(result: GateResult, level: str) -> list[tuple[str, str]]:
    return [(f.path, f.rule) for f in result.findings if f.level == level]


async def test_a_new_smell_blocks_from_medium_on_and_is_told_below(bench: MakeBench) -> None:
    result = await (await bench(OLD, "bandit")).result({"new.py": f"import pickle\n\n\n{EVAL}"})
    assert found(result, "block") == [("new.py", "B307")]
    assert found(result, "note") == [("new.py", "B403")]
    assert next(f for f in result.findings if f.rule == "B307").excerpt == "return eval(text)"


async def test_the_policy_says_from_where_on_it_blocks(bench: MakeBench) -> None:
    strict = Policy(gates=GatesPolicy(options={"bandit": GateOptions(block_at="low")}))
    result = await (await bench(OLD, "bandit", policy=strict)).result({"new.py": "import pickle\n"})
    assert found(result, "block") == [("new.py", "B403")]


COPYING = "import pickle\n\n\ndef test_copy(x):\n    assert pickle.loads(pickle.dumps(x)) == x\n"


async def test_a_smell_in_a_test_is_told_and_blocks_where_it_is_deployed(bench: MakeBench) -> None:
    made = await bench(OLD, "bandit")
    told = await made.result({"tests/test_copy.py": COPYING})
    assert told.status == "passed"
    assert ("tests/test_copy.py", "B301") in found(told, "note")
    assert found(await made.result({"pkg/copy.py": COPYING}), "block") == [("pkg/copy.py", "B301")]


async def test_a_smell_in_a_test_blocks_where_the_project_configures_bandit(bench: MakeBench) -> None:
    configured = await bench({**OLD, "bandit.yaml": "skips: []\n"}, "bandit")
    asked_for = await configured.result({"tests/test_copy.py": COPYING})
    assert found(asked_for, "block") == [("tests/test_copy.py", "B301")]


async def test_a_second_identical_smell_in_a_file_is_new(bench: MakeBench) -> None:
    made = await bench({"m.py": EVAL}, "bandit")
    assert (await made.result({"m.py": f"\n\n{EVAL}"})).status == "passed"
    result = await made.result({"m.py": f"{EVAL}\n\n{EVAL.replace('run', 'again')}"})
    assert found(result, "block") == [("m.py", "B307")]


@pytest.mark.parametrize("comment", ["# nosec", "# nosec B307", "#nosec: B307"])
async def test_a_new_suppression_is_a_question(bench: MakeBench, comment: str) -> None:
    result = await (await bench(OLD, "bandit")).result(
        {"new.py": EVAL.replace("(text)\n", f"(text)  {comment}\n")}
    )
    assert result.status == "passed"
    assert found(result, "ask") == [("new.py", "B307")]


@pytest.mark.parametrize(
    "silencer",
    [
        {".bandit": "[bandit]\nskips: B307\n"},
        {".bandit": "[bandit]\nexclude: new.py,pkg\n"},
        {"pkg/.bandit": "[bandit]\nskips: B307\n"},
        {"bandit.yaml": "skips: ['B307']\n"},
        {"pyproject.toml": '[tool.bandit]\nskips = ["B307"]\n'},
    ],
    ids=str,
)
async def test_the_candidates_configuration_has_no_effect(
    bench: MakeBench, silencer: Mapping[str, str]
) -> None:
    result = await (await bench(OLD, "bandit")).result({**silencer, "pkg/new.py": EVAL})
    assert found(result, "block") == [("pkg/new.py", "B307")]


@pytest.mark.parametrize(
    "configuration",
    [
        {"bandit.yaml": "skips: ['B307']\n"},
        {"pyproject.toml": '[tool.bandit]\nskips = ["B307"]\n'},
        {".bandit": "[bandit]\nskips: B307\n"},
    ],
    ids=str,
)
async def test_the_base_configures(bench: MakeBench, configuration: Mapping[str, str]) -> None:
    source = EVAL + "\n\ndef more(text):\n    exec(text)\n"
    result = await (await bench({**OLD, **configuration}, "bandit")).result({"new.py": source})
    assert found(result, "block") == [("new.py", "B102")]


@pytest.mark.parametrize("folder", [".tox", ".eggs", "__pycache__", "x.egg"])
async def test_folders_that_bandit_skips_by_itself_are_looked_at(bench: MakeBench, folder: str) -> None:
    result = await (await bench(OLD, "bandit")).result({f"{folder}/new.py": EVAL})
    assert result.status == "failed"


async def test_a_file_that_cannot_be_parsed_blocks_though_bandit_exits_with_0(bench: MakeBench) -> None:
    result = await (await bench(OLD, "bandit")).result({"new.py": "def (\n"})
    assert found(result, "block") == [("new.py", "unparsable")]


async def test_a_changed_file_that_stays_broken_blocks_and_an_untouched_one_does_not(
    bench: MakeBench,
) -> None:
    made = await bench({"broken.py": "def (\n", **OLD}, "bandit")
    assert (await made.result({"old.py": "X = 2\n"})).status == "passed"
    assert (await made.result({"broken.py": "def (\nX = 2\n"})).status == "failed"


def spec(*verifiers: str) -> Spec:
    return Spec.model_validate({
        "schema": "agent-gate/spec/v1", "id": "a", "title": "a", "goal": "a", "risk": "trivial",
        "paths": {"allow": ["*"]}, "acceptance": [{"id": "ACC-1", "statement": "s", "verified_by": verifiers}],
    })  # fmt: skip


async def test_a_test_that_a_clause_rests_on_is_applied_whatever_the_base_skips(bench: MakeBench) -> None:
    files = {**OLD, "bandit.yaml": "skips: ['B307']\n"}
    made = await bench(files, "bandit", spec=spec("bandit:B307", "bandit:B999"))
    result = await made.result({"new.py": EVAL})
    assert result.known_rules == ("B307",)
    assert found(result, "block") == [("new.py", "B307")]


@pytest.mark.parametrize(
    "change",
    [
        {"new.py": EVAL, "gone.py": None},
        {"smelly.py": None, "moved/smelly.py": f"{EVAL}\n\nY = 2\n"},
        {"smelly.py": "X = 1\n"},
        {"smelly.py": f"{EVAL}# nosec\n", "-dash.py": EVAL},
        {"skipped/new.py": EVAL},
        {"broken.py": "def (\nX = 3\n", "a b.py": "eval(input())  # nosec\n"},
        {"notes.txt": "no Python at all\n"},
    ],
    ids=str,
)
async def test_looking_at_what_differs_says_the_same_as_looking_at_everything(
    bench: MakeBench, change: Mapping[str, str | None]
) -> None:
    base = {
        **OLD, "smelly.py": f"{EVAL}\n\nY = 1\n", "gone.py": EVAL, "broken.py": "def (\n", "skipped/old.py": EVAL,
        "pyproject.toml": '[tool.bandit]\nexclude_dirs = ["skipped"]\n',
    }  # fmt: skip
    made = await bench(base, "bandit", spec=spec("bandit:B102"))
    (definition,) = made.request.definitions
    assert definition.files_argv
    everything = definition.model_copy(update={"files_argv": ()})
    single = await made.result(change)
    whole = await made.result(change, definitions=(everything,))
    assert single.findings == whole.findings
    assert (single.status, single.known_rules, single.measures) == (
        whole.status,
        whole.known_rules,
        whole.measures,
    )


PROGRAM = f"#!/usr/bin/env python3\n{EVAL}"


async def test_a_program_without_an_ending_is_looked_at(bench: MakeBench) -> None:
    made = await bench({**OLD, "bin/old": PROGRAM, "bin/shell": "#!/bin/sh\n"}, "bandit")
    told = await made.result({"bin/nightly": PROGRAM})
    assert found(told, "block") == [("bin/nightly", "B307")]
    known = await made.result({"bin/old": f"{PROGRAM}\nX = 1\n", "bin/shell": "#!/bin/sh\neval $1\n"})
    assert (known.status, found(known, "block")) == ("passed", [])
    worse = await made.result({"bin/old": f"{PROGRAM}\n\n{EVAL.replace('run', 'again')}"})
    assert found(worse, "block") == [("bin/old", "B307")]
    assert found(await made.result({"bin/broken": "#!/usr/bin/python3\ndef (\n"}), "block") == [
        ("bin/broken", "unparsable")
    ]


async def test_a_program_alone_is_enough_for_the_gate(bench: MakeBench) -> None:
    made = await bench({"README.md": "x"}, "bandit")
    assert (await made.result({"notes": "no program"})).reason == NOT_APPLICABLE
    assert found(await made.result({"nightly": PROGRAM}), "block") == [("nightly", "B307")]
