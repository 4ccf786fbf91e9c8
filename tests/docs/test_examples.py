"""Every spec that people are shown is read, is clean, and can be run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from program import agent_gate
from repositories import new_repository

from agent_gate.spec.codes import is_error
from agent_gate.spec.lint import Review, review_spec
from agent_gate.spec.reader import parse_spec
from agent_gate.spec.surroundings import Surroundings
from agent_gate.survey.work_tree import WorkTree

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
WISH = EXAMPLES / "payment-system.yaml"
CREDITS = EXAMPLES / "credits.yaml"
CLEAN = {
    "the contract's": (ROOT / "tests" / "golden" / "contract_spec.yaml").read_text(encoding="utf-8"),
    "the demo's": (ROOT / "agent_gate" / "demo" / "spec.yaml").read_text(encoding="utf-8"),
    "credits": CREDITS.read_text(encoding="utf-8"),
}
REQUIREMENTS = {
    "users buy credits": {"ACC-1"},
    "features consume them": {"ACC-2"},
    "of two calls with credits for one, one succeeds": {"LOAD-1", "ACC-3"},
    "an audit trail for billing disputes": {"ACC-6"},
    "when the payment processor is down, degrade to cached credit counts": {"FAIL-1"},
    "log for reconciliation": {"FAIL-2"},
    "a credit check adds less than 50 ms to a request": {"LAT-1", "LAT-2"},
    "PostgreSQL with row-level locking": {"DEC-1"},
    "idempotent credit operations, so that retries do not charge twice": {"ACC-4"},
    "logs good enough to settle a billing question": {"OPS-1"},
}
"""The wish of the second example, cut into what it asks for, and the clauses that answer."""


def review(text: str, root: Path | None = None) -> Review:
    return review_spec(text.encode(), "spec.yaml", Surroundings(WorkTree(root) if root else None))


def shown_specs(pages: Mapping[str, str]) -> dict[str, str]:
    """Each whole spec in the pages: in a YAML block, or written by a command."""
    found: dict[str, str] = {}
    for name, page in pages.items():
        bodies = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
        bodies += re.findall(r"<<'END'\n(.*?)^END$", page, re.MULTILINE | re.DOTALL)
        specs = (body for body in bodies if re.search(r"^schema: agent-gate/spec/v1", body, re.MULTILINE))
        found.update({f"{name} {number}": spec for number, spec in enumerate(specs, start=1)})
    return found


def test_the_pages_show_specs(pages: Mapping[str, str]) -> None:
    assert {name.split()[0] for name in shown_specs(pages)} >= {"README.md", "docs/spec-lint.md"}


def test_every_spec_on_a_page_is_clean(pages: Mapping[str, str]) -> None:
    for name, text in shown_specs(pages).items():
        assert review(text).remarks == (), name
        assert parse_spec(text.encode(), name).clauses


@pytest.mark.parametrize("name", CLEAN)
def test_the_other_examples_are_clean(name: str) -> None:
    assert review(CLEAN[name]).remarks == ()


def test_the_demos_spec_is_clean_in_its_repository() -> None:
    assert review(CLEAN["the demo's"], ROOT / "agent_gate" / "demo" / "sample").remarks == ()


def test_a_wish_is_a_spec_and_leaves_much_open() -> None:
    said = review(WISH.read_text(encoding="utf-8"))
    assert parse_spec(WISH.read_bytes(), str(WISH)).goal == "Build me a payment system for my SaaS app"
    assert said.errors == ()
    assert len({remark.code for remark in said.questions}) >= 8
    assert not any(is_error(remark.code) for remark in said.remarks)


def test_the_readme_shows_what_is_said_of_the_wish(readme: Mapping[str, str]) -> None:
    shown = [line for line in readme["The spec"].splitlines() if line.startswith("? examples/")]
    told = agent_gate(ROOT, "spec", "check", "examples/payment-system.yaml").stdout.splitlines()
    assert len(shown) > 3
    assert not set(shown) - set(told)


def test_every_requirement_of_the_second_wish_is_a_clause_with_a_measure_and_a_verifier() -> None:
    clauses = {clause.id: clause for clause in parse_spec(CREDITS.read_bytes(), str(CREDITS)).clauses}
    wish = CREDITS.read_text(encoding="utf-8")
    for requirement, answers in REQUIREMENTS.items():
        assert requirement in wish
        assert answers <= set(clauses)
        for answer in answers:
            clause = clauses[answer]
            assert any(verifier.kind != "manual" for verifier in clause.verified_by)
            assert clause.expectations or any(v.kind == "pytest" for v in clause.verified_by)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*CLEAN, "wish"])
def test_an_example_can_be_run(name: str, tmp_path: Path) -> None:
    text = CLEAN.get(name) or WISH.read_text(encoding="utf-8")
    repository = new_repository(tmp_path / "repository", {"shop/orders.py": "", "billing/app.py": ""}).root
    (repository / "spec.yaml").write_text(text, encoding="utf-8")
    strict = agent_gate(repository, "spec", "check", "--strict", "spec.yaml")
    assert strict.returncode == (2 if name == "wish" else 0), strict.stdout
    done = agent_gate(repository, "run", "spec.yaml", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert ("open questions" in done.stderr) == (name == "wish")
    for clause in parse_spec(text.encode(), "spec.yaml").clauses:
        assert clause.id in done.stdout
        assert all(str(verifier) in done.stdout for verifier in clause.verified_by)
