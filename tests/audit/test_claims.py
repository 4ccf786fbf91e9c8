from __future__ import annotations

import pytest

from agent_gate.audit.claims import claims_assistance
from agent_gate.vcs.trailers import Trailer


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Assisted-by", "anything"),
        ("generated-by", "some tool"),
        ("Agent-Gate-Run", "01J"),
        ("agent-gate-result", "pass"),
        ("Co-authored-by", "Claude <noreply@anthropic.com>"),
        ("Co-Authored-By", "Claude Opus 4.5 <noreply@anthropic.com>"),
        ("Co-authored-by", "Copilot <175728472+Copilot@users.noreply.github.com>"),
        ("Co-authored-by", "GitHub Copilot <copilot@example.org>"),
        ("Co-authored-by", "aider (gpt-4o) <aider@aider.chat>"),
        ("Co-authored-by", "Cursor Agent <cursoragent@cursor.com>"),
        ("Co-authored-by", "Devin AI <158243242+devin-ai-integration[bot]@users.noreply.github.com>"),
        ("Co-authored-by", "openhands <openhands@all-hands.dev>"),
    ],
)
def test_says_that_a_machine_took_part(key: str, value: str) -> None:
    assert claims_assistance([Trailer("Fixes", "#1"), Trailer(key, value)])


def test_lines_that_git_takes_for_prose() -> None:
    assert claims_assistance([], "Subject\n\nAgent-Gate-Result: pass\n: no key\n")
    assert not claims_assistance([], "Subject\n\n    Agent Gate: see the docs\nReviewed-by: Ana\n")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Co-authored-by", "Claude Monet <monet@example.org>"),
        ("Co-authored-by", "Devin Townsend <devin@example.org>"),
        ("Co-authored-by", "Junior Dev <j@example.org>"),
        ("Reviewed-by", "Ana Ito <ana@example.org>"),
        ("Signed-off-by", "Claude <claude@example.org>"),
        ("Helped-by", "Copilot"),
    ],
)
def test_says_nothing_of_the_kind(key: str, value: str) -> None:
    assert not claims_assistance([Trailer(key, value)])
