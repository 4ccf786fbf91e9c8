from __future__ import annotations

import pytest

from agent_gate.edits.safe_path import path_problem


@pytest.mark.parametrize(
    "path",
    [
        "a",
        "shop/orders.py",
        ".github/workflows/ci.yml",
        ".gitignore",
        "docs/git~x.md",
        "a..b/c",
        "日本/é.py",
        "a b/c.py",
    ],
)
def test_usual_paths_are_accepted(path: str) -> None:
    assert path_problem(path) == ""


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "empty"),
        (" ", "empty"),
        ("/etc/passwd", "relative"),
        ("~/x", "relative"),
        ("C:/x.py", "relative"),
        ("../x.py", "'..'"),
        ("a/../../x.py", "'..'"),
        ("a/..", "'..'"),
        ("a//b", "empty part"),
        ("a/./b", "'.' part"),
        ("a/", "empty part"),
        ("a\\b.py", "backslash"),
        ("..\\b.py", "backslash"),
        (".git/config", "git itself"),
        ("sub/.git/hooks/x", "git itself"),
        (".GIT/config", "git itself"),
        (".Git", "git itself"),
        (".git./config", "git itself"),
        (".git /config", "git itself"),
        (".git . ./config", "git itself"),
        ("git~1/config", "git itself"),
        ("GIT~1", "git itself"),
        (".git::$INDEX_ALLOCATION/config", "git itself"),
        ("\uff0e\uff47\uff49\uff54/config", "git itself"),
        (".gitmodules", "git itself"),
        (".g\u200cit/config", "invisible"),
        (".git\ufeff/config", "invisible"),
        ("\u206b.git/config", "invisible"),
        ("a\u202egnp.py", "invisible"),
        ("a\nb.py", "control"),
        ("a\x1b[31m.py", "control"),
        ("a\x00b", "control"),
        ("a\u3164b.py", "invisible"),
        ("a\ud800.py", "invisible"),
        ("a. /b", "white space"),
        ("a/ b", "white space"),
        ("a/b.", "dot"),
        ("a" * 1025, "longer"),
    ],
)
def test_dangerous_paths_are_refused_with_the_reason(path: str, reason: str) -> None:
    assert reason in path_problem(path)
