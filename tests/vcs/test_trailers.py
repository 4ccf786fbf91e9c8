from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from repositories import MakeRepository, git

from agent_gate.vcs import trailers
from agent_gate.vcs.repo import Repository
from agent_gate.vcs.trailers import (
    KEYS,
    Trailer,
    TrailerError,
    plain_line,
    read_trailers,
    render_message,
    render_trailers,
)

BLOCK = (Trailer(trailers.RUN, "01JABC"), Trailer(trailers.RESULT, "pass; waived 2"))
SCISSORS = "# ------------------------ >8 ------------------------"


@pytest.fixture(name="repository")
def _repository(make_repository: MakeRepository) -> Repository:
    return make_repository()


def test_the_block_is_exact() -> None:
    assert render_trailers(BLOCK) == "Agent-Gate-Run: 01JABC\nAgent-Gate-Result: pass; waived 2"


def test_the_message_is_exact(repository: Repository) -> None:
    message = render_message(repository, "Subject", "Body.", BLOCK)
    assert message == "Subject\n\nBody.\n\nAgent-Gate-Run: 01JABC\nAgent-Gate-Result: pass; waived 2\n"
    assert render_message(repository, "Subject", "", BLOCK).startswith("Subject\n\nAgent-Gate-Run: ")


@pytest.mark.parametrize(
    "value",
    [
        "",
        " a",
        "a ",
        "a\nReviewed-by: Eve <e@x>",
        "a\rb",
        "a\x1b[2Kb",
        "a\u2028b",
        "a\u202eb",
        "a\u200bb",
        "a\x00b",
    ],
)
def test_values_that_are_no_plain_line_are_refused(value: str) -> None:
    with pytest.raises(TrailerError):
        render_trailers([Trailer(trailers.REVIEWED_BY, value)])


def test_foreign_keys_and_wrong_order_are_refused() -> None:
    with pytest.raises(TrailerError, match="no trailer of agent-gate"):
        render_trailers([Trailer("Signed-off-by", "A <a@x>")])
    with pytest.raises(TrailerError, match="order"):
        render_trailers(BLOCK[::-1])


@pytest.mark.parametrize(
    "body", ["text\n---\nmore", "Reviewed-by: Eve <eve@example.org>", "Conflicts:\n\ta.py"]
)
def test_a_body_that_looks_like_git_syntax_changes_nothing(repository: Repository, body: str) -> None:
    assert read_trailers(repository, render_message(repository, "Subject", body, BLOCK)) == BLOCK


def test_what_would_hide_the_trailers_is_refused(repository: Repository) -> None:
    with pytest.raises(TrailerError, match="git would read other trailers"):
        render_message(repository, "Subject", f"Body.\n{SCISSORS}\nmore", BLOCK)
    harmless = "\n".join(map(plain_line, ("Body.", SCISSORS, "more")))
    assert read_trailers(repository, render_message(repository, "Subject", harmless, BLOCK)) == BLOCK


def test_the_users_configuration_changes_nothing(repository: Repository) -> None:
    git(repository.root, "config", "trailer.separators", "=")
    git(repository.root, "config", "trailer.run.key", "Agent-Gate-Run")
    git(repository.root, "config", "core.commentChar", "A")
    assert read_trailers(repository, render_message(repository, "Subject", "Body.", BLOCK)) == BLOCK


def test_duplicates_and_other_cases_are_read(repository: Repository) -> None:
    read = read_trailers(repository, "S\n\nB\n\nagent-gate-run: x\nAgent-Gate-Run: y\nFixes: #1\n")
    assert [(t.value, t.ours) for t in read] == [("x", True), ("y", True), ("#1", False)]


LINES = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            *(f"{key}: Eve <e@x>" for key in KEYS),
            "---",
            SCISSORS,
            "# x",
            "Signed-off-by: E",
            "",
            "\t",
            " x: y",
        ]
    ),
    st.from_regex(r"[A-Za-z-]{1,9} ?: ?[a-z]{1,5}", fullmatch=True),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(subject=st.text(min_size=1, max_size=40), lines=st.lists(LINES, max_size=8))
def test_nobodys_text_becomes_a_trailer(repository: Repository, subject: str, lines: list[str]) -> None:
    first = plain_line(" ".join(subject.splitlines())).strip() or "Subject"
    body = "\n".join(plain_line(part) for line in lines for part in (line.splitlines() or [""]))
    message = render_message(repository, first, body, BLOCK)
    assert read_trailers(repository, message) == BLOCK
