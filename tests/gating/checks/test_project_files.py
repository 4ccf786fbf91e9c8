"""pyproject.toml and its like in the runs of the tests: pytest's tables are the base's, the rest is the change's."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_gate.gating.checks.project_files import judged_by_the_base

BASE = '[project]\nname = "calc"\nversion = "1"\n\n[tool.pytest.ini_options]\naddopts = "-ra"\n'
EASY = '[project]\nname = "calc"\nversion = "2"\n\n[tool.pytest.ini_options]\naddopts = "--co"\n\n[tool.x]\ny = 1\n'


def made(base: str | None, candidate: str | None, name: str = "pyproject.toml") -> str | None:
    result = judged_by_the_base(
        name,
        base.encode() if base is not None else None,
        candidate.encode() if candidate is not None else None,
    )
    return None if result is None else result.decode()


def test_what_is_not_pytest_s_is_the_change_s() -> None:
    data = tomllib.loads(made(BASE, EASY) or "")
    assert data["project"]["version"] == "2"
    assert data["tool"] == {"pytest": {"ini_options": {"addopts": "-ra"}}, "x": {"y": 1}}


def test_a_new_file_is_there_and_says_nothing_of_pytest() -> None:
    data = tomllib.loads(made(None, EASY) or "")
    assert (data["project"]["version"], data["tool"]) == ("2", {"x": {"y": 1}})
    cfg = "[metadata]\nname = calc\n\n[tool:pytest]\naddopts = --co\n\n[flake8]\nmax-line-length = 9\n"
    assert made(None, cfg, "setup.cfg") == "[metadata]\nname = calc\n\n[flake8]\nmax-line-length = 9\n\n"
    assert made("[tool:pytest]\naddopts = -ra", cfg, "setup.cfg") == (
        "[metadata]\nname = calc\n\n[flake8]\nmax-line-length = 9\n\n[tool:pytest]\naddopts = -ra"
    )


def test_a_plugin_s_table_is_the_base_s() -> None:
    assert "pytest_env" not in (made(BASE, BASE + '\n[tool.pytest_env]\nCI = "1"\n[tool.z]\na = 1\n') or "")


@pytest.mark.parametrize(
    "candidate",
    [
        'tool.pytest.ini_options.addopts = "--co"\n',
        '[tool]\npytest.ini_options.addopts = "--co"\n',
        'tool = {pytest = {ini_options = {addopts = "--co"}}}\n',
        '[tool."pytest".ini_options]\naddopts = "--co"\n',
        "['tool'.pytest.ini_options]\naddopts = '--co'\n",
        'tool = "none"\n',
        'text = """\n[tool.pytest.ini_options]\n"""\n\n[tool.x]\n',
        "not toml",
        "[" * 5000,
        "x = " + "[" * 5000,
    ],
)
def test_what_cannot_be_told_apart_is_the_base_s(candidate: str) -> None:
    assert made(BASE, candidate) == BASE
    assert made(None, candidate) is None


def test_a_value_below_a_key_without_one() -> None:
    assert made("[pytest]\n", "[a]\nkey\n  goes on\n", "tox.ini") == "[pytest]\n"


def test_bytes_that_are_no_text_and_a_file_that_is_gone() -> None:
    assert judged_by_the_base("pyproject.toml", BASE.encode(), b"\xff") == BASE.encode()
    assert made(BASE, None) == BASE
    assert made(BASE, EASY, "pytest.ini") == BASE


LINES = st.lists(
    st.sampled_from([
        "[tool.pytest.ini_options]", "[tool.pytest]", "[[tool.pytest]]", "[ tool . pytest.x ]", "[tool]", "[tool.x]",
        "[project]", 'a = """', '"""', "b = [", "]", "c = 1", "pytest = {a = 1}", "pytest.a = 2", "'", '["tool".pytest]',
        "# [tool.pytest]", "[tool:pytest]", "key", "  goes on", "[pytest]", "  [pytest]", "e = {tool.pytest.a = 1}",
    ])
)  # fmt: skip


@given(base=LINES, candidate=LINES, name=st.sampled_from(["pyproject.toml", "setup.cfg", "tox.ini"]))
def test_whatever_is_written_pytest_reads_what_the_base_says(
    base: list[str], candidate: list[str], name: str
) -> None:
    old, new = "\n".join(base), "\n".join(candidate)
    result = made(old, new, name)
    if name == "pyproject.toml" and result != old:
        assert _of_pytest(result or "") == _of_pytest(old)
    elif result != old:
        headers = [
            line
            for line in (result or "").splitlines()
            if line.strip().startswith(("[pytest", "[tool:pytest"))
        ]
        assert headers == [line for line in base if line.strip().startswith(("[pytest", "[tool:pytest"))]


def _of_pytest(text: str) -> object:
    return tomllib.loads(text).get("tool", {}).get("pytest")
