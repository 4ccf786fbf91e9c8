"""`spec new --no-ui`: the questions of the form as lines, from a pipe and at a terminal."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest
from program import agent_gate, command
from repositories import MakeRepository
from terminal import Terminal

from agent_gate.drafting.preset import PRESETS, preset, slots
from agent_gate.spec.lint import review_spec
from agent_gate.spec.reader import read_spec
from agent_gate.spec.surroundings import Surroundings

FILES = {
    "shop/__init__.py": "",
    "shop/db.py": "import psycopg\n\n\ndef store(): ...\n",
    "tests/test_db.py": "def test_store(): ...\n",
}
TRIVIAL = ["trivial", "Fix the spelling", "The page says recieved.", "shop/**"]


@pytest.fixture
def root(make_repository: MakeRepository) -> Path:
    return make_repository(FILES).root


def ask(root: Path, lines: list[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    stdin = "".join(f"{line}\n" for line in lines)
    return agent_gate(root, "spec", "new", "--no-ui", *arguments, stdin=stdin)


def kept(root: Path) -> list[Path]:
    return list((root / ".git/agent-gate/drafts").glob("*.json"))


def test_a_trivial_spec_takes_four_answers(root: Path) -> None:
    done = ask(root, TRIVIAL, "--blank")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "specs/fix-spelling.yaml\n"
    spec = read_spec(root / "specs/fix-spelling.yaml")
    assert (spec.risk, spec.title, spec.paths.allow) == ("trivial", "Fix the spelling", ("shop/**",))
    assert "\x1b" not in done.stderr
    assert kept(root) == []


@pytest.mark.parametrize("name", ["crud-endpoint", "data-migration"])
def test_a_preset_is_filled_by_its_slots(root: Path, name: str) -> None:
    answers = ["", *(slot.example for slot in slots(preset(name)))]
    done = ask(root, answers, "specs/mine.yaml", "--preset", name)
    assert done.returncode == 0, done.stderr
    read_spec(root / "specs/mine.yaml")
    review = review_spec((root / "specs/mine.yaml").read_bytes(), "x", Surroundings.of(root))
    assert review.errors == ()
    assert "a machine verifies" in done.stderr


def test_answers_that_end_too_early_are_kept_and_gone_on_with(root: Path) -> None:
    done = ask(root, TRIVIAL[:2], "--blank")
    assert done.returncode == 2
    assert "kept as a draft; go on with: agent-gate spec new --no-ui" in done.stderr
    assert len(kept(root)) == 1
    assert not (root / "specs").exists()
    done = ask(root, ["y", "", *TRIVIAL[2:]])
    assert done.returncode == 0, done.stderr
    assert "You left “Fix the spelling”. Go on with it?" in done.stderr
    assert read_spec(root / "specs/fix-spelling.yaml").goal == TRIVIAL[2]
    assert kept(root) == []


def test_standard_asks_section_by_section_and_lints_each_answer(root: Path) -> None:
    answers = [
        "standard", "Store an order", "back", "Store an order once", "An order is stored once.", "shop/**, tests/**", "", "shop/db.py",
        "n/a a nightly job; nobody sends it", "n/a", "n/a nobody waits for it",
        "y",  # from the repository: PostgreSQL
        "503 within 1 s", "", "n/a the caller retries", "fast", "pytest:tests/test_db.py::test_store; manual: look, and see",
    ]  # fmt: skip
    done = ask(root, answers, "--blank")
    assert done.returncode == 2
    said = done.stderr
    assert "What does somebody" not in said
    assert said.index("Paths") < said.index("Load") < said.index("Latency") < said.index("Failure modes")
    assert "n/a wants a reason" in said
    assert "FM01" in said
    assert "from the repository: PostgreSQL refuses connections" in said
    assert "shop/db.py:1 imports psycopg" in said
    assert "VE02" in said
    assert "FAIL-1   PostgreSQL refuses connections  pytest:tests/test_db.py::test_store, a person" in said
    (draft,) = kept(root)
    text = draft.read_text()
    assert "FM04:FAIL-1" in text
    assert "nobody waits for it" in text
    assert "Store an order once" in text


def test_the_help_names_every_preset(tmp_path: Path) -> None:
    told = " ".join(agent_gate(tmp_path, "spec", "new", "--help").stdout.split())
    assert f"Begin with a preset: {', '.join(each.name for each in PRESETS)}." in told


def test_a_question_mark_explains(root: Path) -> None:
    done = ask(root, ["?", "more", "trivial"], "--blank")
    assert "How much there is to lose" in done.stderr
    assert "more asks all fields of a clause" in done.stderr


def test_an_issue_is_where_it_can_begin(root: Path, tmp_path: Path) -> None:
    issue = tmp_path / "issue.md"
    issue.write_text("# Export as CSV\n\nAccountants want it.\n\n- [ ] the file has a header\n")
    done = ask(root, ["trivial", "shop/**", "manual: look into the file"], "--from", str(issue))
    assert done.returncode == 0, done.stderr
    spec = read_spec(root / "specs/export-as-csv.yaml")
    assert spec.goal == "Accountants want it."
    assert [clause.sentence for clause in spec.clauses] == ["the file has a header"]


def test_a_spec_is_where_it_can_begin(root: Path) -> None:
    assert ask(root, TRIVIAL, "--blank").returncode == 0
    done = ask(root, ["", "another"], "specs/another.yaml", "--from", "specs/fix-spelling.yaml")
    assert done.returncode == 0, done.stderr
    spec = read_spec(root / "specs/another.yaml")
    assert (spec.id, spec.goal) == ("another", TRIVIAL[2])


def test_nothing_is_overwritten_unasked(root: Path) -> None:
    target = root / "specs/fix-spelling.yaml"
    target.parent.mkdir()
    target.write_text("mine\n")
    ended = ask(root, TRIVIAL, "--blank")
    assert ended.returncode == 2
    assert "specs/fix-spelling.yaml is there already" in ended.stderr
    assert target.read_text() == "mine\n"
    other = ask(root, [*TRIVIAL, "", "n", "../outside.yaml", "specs/other.yaml"], "--blank")
    assert other.returncode == 0, other.stderr
    assert other.stdout == "specs/other.yaml\n"
    assert target.read_text() == "mine\n"
    assert ask(root, [*TRIVIAL, "", "y"], "--blank").returncode == 0
    assert read_spec(target).id == "fix-spelling"


def test_an_editor_finds_the_schema_where_init_has_put_it(root: Path) -> None:
    assert agent_gate(root, "init").returncode == 0
    assert ask(root, TRIVIAL, "a/b/c.yaml", "--blank").returncode == 0
    first = (root / "a/b/c.yaml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=../../.agent-gate/spec.schema.json"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--no-ui", "--blank", "--preset", "trivial"], "three ways to begin"),
        (["--no-ui", "--preset", "frobnicate"], "crud-endpoint"),
        (["--no-ui", "--blank", "../outside.yaml"], "lies outside of the repository"),
        (["--no-ui", "--blank", "shop/db.py"], "is there already"),
        (["--no-ui", "--from", "missing.md"], "missing.md"),
        ([], "the form needs a terminal"),
    ],
)
def test_what_does_not_fit_together_is_told(root: Path, arguments: list[str], told: str) -> None:
    done = agent_gate(root, "spec", "new", *arguments)
    assert done.returncode == 2
    assert told in done.stderr


def test_escape_sequences_and_broken_bytes_in_answers_do_no_harm(root: Path) -> None:
    done = subprocess.run(
        command("spec", "new", "--no-ui", "--blank"), cwd=root, check=False, capture_output=True,
        input=b"trivial\nFix \x1b[2J\xff\xfe it\nThe page.\nshop/**\nspecs/x.yaml\n",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    text = (root / "specs/x.yaml").read_text()
    assert "\x1b" not in text + done.stderr.decode()


def test_at_a_terminal_a_kill_loses_no_answer(root: Path) -> None:
    with Terminal(command("spec", "new", "--no-ui"), root, {"NO_COLOR": "1"}, size=(80, 24)) as terminal:
        terminal.wait_for("How do you want to begin?")
        terminal.type("7\n")
        terminal.wait_for("risk:")
        terminal.type("trivial\n")
        terminal.wait_for("title:")
        terminal.type("Fix the spelling\n")
        terminal.wait_for("goal:")
        terminal.process.send_signal(signal.SIGKILL)
    with Terminal(command("spec", "new", "--no-ui"), root, {"NO_COLOR": "1"}, size=(80, 24)) as terminal:
        terminal.wait_for("You left “Fix the spelling”. Go on with it? [Y/n]")
        terminal.type("\n")
        terminal.wait_for("now: trivial")
        terminal.type("\n")
        terminal.wait_for("goal:")
        terminal.type("The page says recieved.\n")
        terminal.wait_for("allow:")
        terminal.wait_for("e.g. shop/**")
        terminal.type("shop/**\n")
        terminal.wait_for("Write it to specs/fix-spelling.yaml?")
        terminal.type("\n")
        assert terminal.wait() == 0
    assert read_spec(root / "specs/fix-spelling.yaml").risk == "trivial"


def test_interrupted_it_says_how_to_go_on(root: Path) -> None:
    with Terminal(command("spec", "new", "--no-ui", "--blank"), root) as terminal:
        terminal.wait_for("risk:")
        terminal.type("trivial\n")
        terminal.wait_for("title:")
        assert terminal.interrupt() == 130
    assert "go on with: agent-gate spec new --no-ui" in terminal.output
    assert len(kept(root)) == 1
