"""Whatever a change holds, the rules come to an end and say what they could not read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from integrity_samples import OPTIONS

from agent_gate.domain.gate import Finding
from agent_gate.gating.diff import FileDiff, Hunk
from agent_gate.gating.integrity.change import Change
from agent_gate.gating.integrity.examine import examine
from agent_gate.gating.integrity.source import MAX_BYTES

TEST = "tests/test_a.py"
PATHS = [
    "a.py",
    TEST,
    "conftest.py",
    "pyproject.toml",
    "package.json",
    "setup.cfg",
    "Makefile",
    "a.test.js",
    "README.md",
]
WORDS = st.sampled_from([
    b"def test_a():\n", b"    assert f(1) == 2\n", b"    assert x\n", b"    return\n", b"# noqa\n", b"import os\n", b"os._exit(0)\n",
    b"class A:\n", b"    def __eq__(self, o): return True\n", b"@pytest.mark.skip\n", b"[tool.ruff]\n", b"a = [1]\n", b'{"scripts": {}}',
    b"\xe2\x80\xae\n", b"\xff\n", b"\0", b"\r", b"(", b"'''", b"    if x:\n", b"test:\n\tpytest\n", b"expect(1)\n", b"\xd0\xb0 = 1\n",
])  # fmt: skip
CONTENT = st.one_of(st.none(), st.lists(WORDS, max_size=12).map(b"".join))


def diff(path: str, before: bytes | None, after: bytes | None) -> FileDiff:
    old, new = (content.count(b"\n") + 1 if content else 0 for content in (before, after))
    return FileDiff(
        path=path,
        old_path="" if before is None else path,
        before=before,
        after=after,
        before_mode="" if before is None else "100644",
        after_mode="" if after is None else "100644",
        hunks=(Hunk(min(old, 1), old, min(new, 1), new),) if before != after else (),
    )


def findings(*diffs: FileDiff) -> tuple[Finding, ...]:
    return examine(Change(diffs, OPTIONS))


def test_a_value_below_a_key_without_one_is_no_configuration() -> None:
    (found,) = findings(diff("setup.cfg", None, b"[flake8]\nkey\n    value\n"))
    assert (found.rule, found.level) == ("configuration", "ask")
    assert "cannot be read" in found.message


@settings(deadline=None, max_examples=150)
@given(st.dictionaries(st.sampled_from(PATHS), st.tuples(CONTENT, CONTENT), max_size=4))
def test_no_content_breaks_the_rules(files: dict[str, tuple[bytes | None, bytes | None]]) -> None:
    found = findings(*(diff(path, *sides) for path, sides in files.items()))
    assert all(f.level in {"block", "ask"} and f.message and f.introduced for f in found)
    assert len({f.fingerprint for f in found}) > 0 or not found


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(PATHS), CONTENT)
def test_what_stays_as_it_was_is_not_told(path: str, content: bytes | None) -> None:
    assert findings(diff(path, content, content)) == ()


@pytest.mark.parametrize(
    "source",
    [
        b"def broken(:\n",
        b"x = " + b"-" * 5000 + b"1\n",
        b"x = 1\n\0\n",
        b"# -*- coding: nonsense -*-\nx = 1\n",
        b"#" * (MAX_BYTES + 1),
        b"x = '\xff'\n",
        b"def test_a():\n    assert " + b" + ".join([b"f(1)"] * 3000) + b"\n",
    ],
    ids=["syntax", "depth", "zero byte", "encoding", "size", "bytes", "a chain"],
)
def test_what_cannot_be_read_blocks(source: bytes) -> None:
    found = findings(diff(TEST, None, source))
    assert [(f.rule, f.level) for f in found if f.level == "block"] == [("unparsable", "block")]


def test_what_could_not_be_read_before_either_is_a_question() -> None:
    (found,) = findings(diff("data/template.py", b"{{ name }} = {{\n", b"{{ name }} = {{ }\n"))
    assert (found.rule, found.level) == ("unparsable", "ask")


def test_names_that_double_themselves_stay_small() -> None:
    body = b"    a = (f, f)\n" + b"    a = (a, a)\n" * 500
    old, new = (b"def test_a():\n" + body + claim for claim in (b"    assert a == 1\n", b"    assert a\n"))
    (found,) = findings(diff(TEST, old, new))
    assert found.rule == "weakened-assertion"


def test_functions_that_call_each_other_end() -> None:
    source = b"def check_a(x):\n    assert x\n    check_b(x)\n\n\ndef check_b(x):\n    assert x\n    check_a(x)\n\n\n"
    assert findings(diff(TEST, None, source + b"def test_a():\n    check_a(1)\n")) == ()
