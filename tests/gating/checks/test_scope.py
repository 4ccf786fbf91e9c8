from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from benches import Bench, Change, MakeBench

from agent_gate.domain.gate import GateResult
from agent_gate.domain.spec import Spec
from agent_gate.gating.runner import run_gates
from agent_gate.vcs.repo import Entry

FILES = {
    "shop/orders.py": "import json\n\nX = 1\n",
    "conftest.py": "",
    "pyproject.toml": "",
    "tests/test_a.py": "",
}


LONG = "".join(f"x{n} = {n}\n" for n in range(50))


def spec(risk: str = "trivial", **paths: Any) -> Spec:
    return Spec.model_validate({
        "schema": "agent-gate/spec/v1", "id": "a", "title": "a", "goal": "a", "risk": risk,
        "paths": {"allow": ["shop/**", "tests/**"], **paths},
        "not_applicable": {} if risk == "trivial" else dict.fromkeys(("load", "latency", "failure_modes", "security"), "r"),
    })  # fmt: skip


def rules(result: GateResult, level: str = "block") -> list[tuple[str, str]]:
    return sorted((f.rule, f.path) for f in result.findings if f.level == level)


@pytest.fixture
async def shop(bench: MakeBench) -> Bench:
    return await bench(FILES, "scope", spec=spec("standard"))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"shop/orders.py": "X = 2\n"}, []),
        ({"other.py": ""}, [("path", "other.py")]),
        ({"shop/orders.py": None, "README": "x"}, [("path", "README")]),
        ({}, [("empty", "")]),
    ],
)
async def test_the_specs_paths_bind(shop: Bench, change: Change, expected: list[tuple[str, str]]) -> None:
    result = await shop.result(change)
    assert rules(result) == expected
    assert result.status == ("failed" if expected else "passed")


async def test_deny_wins_over_allow(bench: MakeBench) -> None:
    made = await bench(FILES, "scope", spec=spec("standard", deny=["shop/payments/**"]))
    assert rules(await made.result({"shop/payments/a.py": ""})) == [("path", "shop/payments/a.py")]


async def test_a_protected_path_asks_also_without_a_spec(bench: MakeBench) -> None:
    made = await bench(FILES, "scope")
    result = await made.result({"tests/conftest.py": "x = 1\n", "shop/orders.py": "X = 3\n"})
    assert (result.status, rules(result, "ask")) == ("passed", [("protected", "tests/conftest.py")])


async def test_links_and_submodules_block(bench: MakeBench) -> None:
    made = await bench(FILES, "scope")
    link = Entry("120000", made.repository.write_blob(b"/etc/passwd"))
    module = Entry("160000", made.request.base_commit)
    assert rules(await made.result({"shop/link": link, "shop/module": module})) == [
        ("submodule", "shop/module"), ("symlink", "shop/link"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[2Jb", "a\u202eb", "a\u200bb"])
async def test_names_that_deceive_block_and_are_told_in_plain_letters(bench: MakeBench, name: str) -> None:
    result = await (await bench(FILES, "scope")).result({f"shop/{name}": "x"})
    (finding,) = [f for f in result.findings if f.rule == "characters"]
    assert finding.message.isascii()
    assert finding.message.isprintable()


TRIVIAL = [
    ({"shop/orders.py": "import json\n\nX = 2\n"}, []),
    (
        {"shop/orders.py": "import json\n\n" + "".join(f"X{i} = {i}\n" for i in range(31))},
        [("not-trivial", "")],
    ),
    ({"tests/test_a.py": "".join(f"X{i} = {i}\n" for i in range(40))}, []),
    ({"shop/orders.py": "import json\nimport socket\n"}, [("not-trivial", "shop/orders.py")]),
    (
        {"shop/orders.py": "def f():\n    from requests import get\n    return get\n"},
        [("not-trivial", "shop/orders.py")],
    ),
    (
        {"shop/orders.py": "from shop import orders\nfrom . import x\nfrom __future__ import annotations\n"},
        [],
    ),
    ({"shop/requirements.txt": "requests\n"}, [("not-trivial", "shop/requirements.txt")]),
    ({"tests/conftest.py": ""}, [("protected", "tests/conftest.py")]),
]


@pytest.mark.parametrize(("change", "expected"), TRIVIAL)
async def test_a_trivial_change_is_held_to_its_word(
    bench: MakeBench, change: Change, expected: list[tuple[str, str]]
) -> None:
    made = await bench(FILES, "scope", spec=spec())
    assert rules(await made.result(change)) == expected


def executable(made: Bench, content: bytes) -> Entry:
    return Entry("100755", made.repository.write_blob(content))


async def test_a_rename_out_of_what_is_denied_counts_as_a_change_of_it(bench: MakeBench) -> None:
    made = await bench(
        {**FILES, "shop/payments/a.py": LONG}, "scope", spec=spec("standard", deny=["shop/payments/**"])
    )
    assert rules(await made.result({"shop/payments/a.py": None, "shop/a.py": LONG})) == [
        ("path", "shop/payments/a.py")
    ]


async def test_an_executable_bit_needs_a_first_line(bench: MakeBench) -> None:
    made = await bench({**FILES, "shop/run.py": "print()\n"}, "scope")
    script, source = executable(made, b"#!/bin/sh\necho\n"), executable(made, b"print()\n")
    assert rules(await made.result({"run.sh": script}), "ask") == []
    assert rules(await made.result({"shop/run.py": source}), "ask") == [("executable", "shop/run.py")]
    assert rules(await made.result({"shop/new.py": source}), "ask") == [("executable", "shop/new.py")]
    assert rules(await made.result({"shop/tool": executable(made, b"\x7fELF\x02\x01\x01\0")}), "ask") == [
        ("binary", "shop/tool")
    ]


async def test_an_executable_that_was_one_is_not_asked_about(bench: MakeBench) -> None:
    made = await bench(FILES, "scope")
    base = made.repository.write_tree(made.request.base_tree, {"run": executable(made, b"x")})
    tree = made.repository.write_tree(base, {"run": executable(made, b"y")})
    changed = made.repository.changed_files(base, tree)
    (result,) = await run_gates(replace(made.request, base_tree=base, tree=tree, changed=changed))
    assert result.findings == ()


async def test_a_name_that_is_no_text_blocks_and_can_be_told(bench: MakeBench) -> None:
    result = await (await bench(FILES, "scope")).result({"shop/a\udcff.py": "x"})
    assert rules(result) == [("characters", "shop/a\\udcff.py")]
    assert [finding.fingerprint for finding in result.findings]
