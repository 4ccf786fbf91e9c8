"""The formatting gate, with the real ruff."""

from __future__ import annotations

from benches import MakeBench

from agent_gate.domain.gate import GateResult

MESSY = "x   =  1\n"


def blocked(result: GateResult) -> list[tuple[str, str]]:
    return [(f.path, f.rule) for f in result.findings if f.level == "block"]


async def test_a_new_file_has_to_be_formatted(bench: MakeBench) -> None:
    made = await bench({"a.py": "x = 1\n"}, "ruff-format")
    assert blocked(await made.result({"b.py": MESSY})) == [("b.py", "unformatted")]
    clean = await made.result({"b.py": "y = 2\n"})
    assert (clean.status, clean.canary) == ("passed", "passed")


async def test_a_file_that_was_not_before_is_not_held_against_the_change(bench: MakeBench) -> None:
    made = await bench({"old.py": MESSY, "same.py": MESSY}, "ruff-format")
    assert (await made.result({"old.py": f"{MESSY}y   =  2\nz   =  3\n"})).status == "passed"
    assert (await made.result({"old.py": None, "moved.py": MESSY})).status == "passed"
    assert blocked(await made.result({"another.py": MESSY})) == [("another.py", "unformatted")]


async def test_the_base_configures(bench: MakeBench) -> None:
    single = {"ruff.toml": 'format.quote-style = "single"\n', "a.py": "x = 'a'\n"}
    made = await bench(single, "ruff-format")
    assert (await made.result({"b.py": "y = 'b'\n"})).status == "passed"
    change = {"b.py": 'y = "b"\n', "ruff.toml": 'format.quote-style = "double"\n'}
    assert blocked(await made.result(change)) == [("b.py", "unformatted")]


async def test_a_file_that_cannot_be_parsed_blocks_where_the_change_touches_it(bench: MakeBench) -> None:
    made = await bench({"broken.py": "def (\n", "a.py": "x = 1\n"}, "ruff-format")
    assert (await made.result({"a.py": "x = 2\n"})).status == "passed"
    assert blocked(await made.result({"broken.py": "def (\nx = 1\n"})) == [("broken.py", "invalid-syntax")]
