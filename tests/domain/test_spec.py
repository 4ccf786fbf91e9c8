from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from values import critical_spec, spec, spec_data

from agent_gate.domain.spec import Paths, Spec
from agent_gate.domain.verifier import (
    MEASURING,
    VERIFIERS_WITH_OPTIONAL_TARGET,
    VERIFIERS_WITH_TARGET,
    Verifier,
)

CLAUSES: dict[str, dict[str, Any]] = {
    "load": {
        "id": "LOAD-1",
        "stimulus": "50 a second",
        "rate": "50/s",
        "for": "20s",
        "expect": ["error_rate <= 0.1 %"],
    },
    "latency": {"id": "LAT-1", "stimulus": "an order", "expect": ["p95 <= 50 ms"]},
    "failure_modes": {"id": "FAIL-1", "cause": "no database", "response": "503 within 1 s"},
    "security": {
        "id": "SEC-1",
        "threat": "injection",
        "response": "bound",
        "stride": ["T"],
        "cwe": ["CWE-89"],
    },
    "acceptance": {"id": "ACC-9", "statement": "stored once"},
    "operations": {"id": "OPS-1", "statement": "counted"},
    "approach": {"id": "DEC-1", "statement": "row lock"},
}


def with_clause(section: str, **changes: Any) -> dict[str, Any]:
    """The usual spec with one clause in this section, where it waived it before."""
    waived = {name: "no" for name in ("load", "latency", "failure_modes", "security") if name != section}
    clause = {"verified_by": ["manual: look"], **CLAUSES[section], **changes}
    return spec_data(**{"acceptance": [], "not_applicable": waived, section: [clause]})


@pytest.mark.parametrize("section", CLAUSES)
def test_each_section_takes_its_clauses(section: str) -> None:
    read = Spec.model_validate(with_clause(section))
    assert [clause.id for clause in read.clauses] == [CLAUSES[section]["id"]]
    assert read.clauses[0].sentence


@pytest.mark.parametrize("section", CLAUSES)
@pytest.mark.parametrize(
    "fault",
    [
        {"verified_by": []},
        {"verified_by": ["hope"]},
        {"verified_by": [5]},
        {"verified_by": [{"manual": "unquoted"}]},
        {"verified_by": [{"kind": "hope", "target": "x"}]},
        {"id": "lower-1"},
        {"expect": ["fast"]},
        {"unknown": 1},
    ],
)
def test_each_section_refuses_a_clause_that_says_nothing(section: str, fault: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Spec.model_validate(with_clause(section, **fault))


@pytest.mark.parametrize("section", CLAUSES)
def test_a_clause_without_a_field_that_it_needs_is_refused(section: str) -> None:
    for name in (
        "id",
        "verified_by",
        *(n for n in ("stimulus", "cause", "response", "threat", "statement") if n in CLAUSES[section]),
    ):
        data = with_clause(section)
        del data[section][0][name]
        with pytest.raises(ValidationError):
            Spec.model_validate(data)


def test_a_clause_id_stands_once_in_the_whole_spec() -> None:
    data = with_clause("security", id="ACC-9") | {
        "acceptance": [{**CLAUSES["acceptance"], "verified_by": ["load"]}]
    }
    with pytest.raises(ValidationError, match="ACC-9 is used twice"):
        Spec.model_validate(data)


@pytest.mark.parametrize("section", ["load", "latency", "failure_modes", "security"])
def test_a_section_is_answered_or_waived_with_a_reason(section: str) -> None:
    waived = {name: "no" for name in ("load", "latency", "failure_modes", "security") if name != section}
    with pytest.raises(ValidationError, match="not answered"):
        spec(not_applicable=waived)
    with pytest.raises(ValidationError):
        spec(not_applicable={**waived, section: "  "})
    with pytest.raises(ValidationError, match="cannot be not applicable"):
        Spec.model_validate(with_clause(section) | {"not_applicable": {**waived, section: "both"}})
    assert spec(not_applicable={**waived, section: "a nightly job"}).id == "orders-once"


def test_only_the_four_sections_can_be_waived() -> None:
    with pytest.raises(ValidationError, match="acceptance"):
        spec(not_applicable={**spec_data()["not_applicable"], "acceptance": "no"})


def test_a_trivial_spec_answers_no_section() -> None:
    assert spec(risk="trivial", not_applicable={}, acceptance=[]).clauses == ()


def test_a_critical_spec_answers_every_section() -> None:
    assert critical_spec().risk == "critical"
    with pytest.raises(ValidationError, match="critical"):
        spec(risk="critical")


def test_in_a_critical_spec_a_word_alone_suffices_only_for_the_approach() -> None:
    assert critical_spec(approach=("manual: the lock comes first",)).clauses[-1].id == "DEC-1"
    with pytest.raises(ValidationError, match="manual alone"):
        critical_spec("manual: it looks fine")


VERIFIERS = [
    ("pytest:tests/t.py::test_a[x:y]", "pytest", "tests/t.py::test_a[x:y]"),
    ("benchmark:tests/b.py::test_b", "benchmark", "tests/b.py::test_b"),
    ("load", "load", ""),
    ("load:LOAD-1", "load", "LOAD-1"),
    ("fault", "fault", ""),
    ("fault:FAIL-1", "fault", "FAIL-1"),
    ("schemathesis:/orders", "schemathesis", "/orders"),
    ("locust:l.py", "locust", "l.py"),
    ("ruff:S608", "ruff", "S608"),
    ("bandit:B608", "bandit", "B608"),
    ("semgrep:rules.raw", "semgrep", "rules.raw"),
    ("gate:bandit", "gate", "bandit"),
    ("manual: the lock: before", "manual", "the lock: before"),
]


@pytest.mark.parametrize(("text", "kind", "target"), VERIFIERS)
def test_a_verifier_is_read_and_written_alike(text: str, kind: str, target: str) -> None:
    verifier = Verifier.parse(text)
    assert (verifier.kind, verifier.target) == (kind, target)
    assert str(verifier) == text
    assert Verifier.parse(str(verifier)) == verifier


@pytest.mark.parametrize(
    "text", ["", "pytest", "pytest:", "manual:  ", "unittest:tests", "Pytest:tests", ":x"]
)
def test_what_is_no_verifier_is_refused_with_what_would_be(text: str) -> None:
    with pytest.raises(ValueError, match=r"needs a target, for instance|the kinds are"):
        Verifier.parse(text)


@pytest.mark.parametrize("text", [*VERIFIERS_WITH_TARGET.values(), *VERIFIERS_WITH_OPTIONAL_TARGET.values()])
def test_every_kind_has_an_example_of_its_own(text: str) -> None:
    assert str(Verifier.parse(text)) == text
    assert {**VERIFIERS_WITH_TARGET, **VERIFIERS_WITH_OPTIONAL_TARGET}[Verifier.parse(text).kind] == text


def test_what_measures_is_a_verifier() -> None:
    assert {*VERIFIERS_WITH_TARGET, *VERIFIERS_WITH_OPTIONAL_TARGET} >= MEASURING


def test_a_long_verifier_does_not_fill_the_message() -> None:
    with pytest.raises(ValueError, match="…") as caught:
        Verifier.parse("x" * 1_000_000)
    assert len(str(caught.value)) < 300


def test_deny_wins_over_allow() -> None:
    paths = Paths(allow=("shop/**",), deny=("shop/payments/**",))
    assert paths.permits("shop/orders.py")
    assert not paths.permits("shop/payments/card.py")
    assert not paths.permits("web/app.py")


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": "agent-gate/spec/v2"},
        {"id": "Orders Once"},
        {"title": "two\nlines"},
        {"title": "two\u2028lines"},
        {"title": " "},
        {"goal": ""},
        {"risk": "high"},
        {"paths": {"allow": []}},
        {"paths": {"allow": ["/etc/passwd"]}},
        {"context": ["../secret"]},
        {"services": {"db": {"port": float("nan")}}},
        {"surprise": 1},
    ],
)
def test_a_spec_that_says_something_else_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        spec(**changes)


def test_a_load_is_a_rate_or_a_number_at_once() -> None:
    with pytest.raises(ValidationError, match="not both"):
        Spec.model_validate(with_clause("load", simultaneous=50))


def test_a_spec_keeps_its_value_and_digest_through_json() -> None:
    for asked in (critical_spec(approach=("manual: look",)), Spec.model_validate(with_clause("load"))):
        again = Spec.model_validate(asked.model_dump(mode="json", by_alias=True))
        assert again == asked
        assert again.digest == asked.digest
        assert Spec.model_validate_json(asked.canonical()) == asked


def test_a_specs_digest_is_stable_across_releases() -> None:
    assert spec().digest == "sha256:4f8cfe349b1ec4b12c6eb9392d50c7f2b3c10ddab6d871ce478ef3eb5a8e9f38"


def test_any_change_gives_another_digest() -> None:
    assert (
        len(
            {
                spec().digest,
                spec(goal="another").digest,
                spec("ruff:S608").digest,
                spec(risk="trivial").digest,
            }
        )
        == 4
    )
