"""The spec and the gates in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from agent_gate.domain.clause import Clause
from agent_gate.domain.digest import canonical_json
from agent_gate.domain.gate import GateDefinition
from agent_gate.domain.spec import Spec
from agent_gate.domain.verifier import Verifier


def render_spec(spec: Spec, files: Mapping[str, bytes]) -> str:
    """The goal, where it may be reached, and every clause with what verifies it.

    `files` are the base's: the text says which of the named tests stand there already.
    """
    parts = [
        f"{spec.title} ({spec.id}, risk: {spec.risk})",
        spec.goal,
        f"You may change only: {', '.join(spec.paths.allow)}",
    ]
    if spec.paths.deny:
        parts.append(f"You must not change: {', '.join(spec.paths.deny)}")
    for name, section in spec.sections():
        if section:
            rows = (row for clause in section for row in _clause_rows(clause, files))
            parts.append("\n".join([f"## {_words(name)}", "", *rows]))
    if spec.not_applicable:
        reasons = (f"- {_words(name)}: {reason}" for name, reason in sorted(spec.not_applicable.items()))
        parts.append("\n".join(["## not applicable", "", *reasons]))
    return "\n\n".join(parts)


def render_gates(gates: Iterable[GateDefinition]) -> str:
    """The gates that the change has to pass, one a line."""
    rows = [f"- {gate.id}: {gate.title}" for gate in gates]
    return "\n".join(rows) or "- those that the clauses name"


def _clause_rows(clause: Clause, files: Mapping[str, bytes]) -> Iterator[str]:
    yield f"- {clause.id}"
    fields = clause.model_dump(
        mode="json", by_alias=True, exclude={"id", "verified_by"}, exclude_defaults=True
    )
    for name in sorted(fields, key="expect".__eq__):  # the measures come last, after what they measure
        value = fields[name]
        text = value if isinstance(value, str) else _listed(value)
        yield f"  {_words(name)}: {' '.join(text.split())}"
    for verifier in clause.verified_by:
        yield f"  verified by: {verifier}{_standing(verifier, files)}"


def _listed(value: object) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "; ".join(value)
    return canonical_json(value).decode()


def _words(name: str) -> str:
    return name.replace("_", " ")


def _standing(verifier: Verifier, files: Mapping[str, bytes]) -> str:
    """Whether a test stands on the base already, so that the model knows which ones to write."""
    if verifier.kind != "pytest":
        return ""
    path, _, inner = verifier.target.partition("::")
    function = inner.rpartition("::")[2].partition("[")[0]
    stands = path in files and (not function or f"def {function}(".encode() in files[path])
    return " (stands already: keep it)" if stands else " (does not stand yet: write it)"
